"""The server: HTTP 1.1 on the loopback interface, bounded in everything that a request could make large."""

import ipaddress
import socket
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import BoundedSemaphore, Thread
from typing import Any, Final, Self
from urllib.parse import urlsplit

from ses_warden_simulator.errors import ApiError, SetupError
from ses_warden_simulator.exchange import Answer, Caller, Request, refusal
from ses_warden_simulator.service import Service

# SES takes messages of up to 40 MB (https://docs.aws.amazon.com/ses/latest/dg/quotas.html), here in base64 and JSON.
LARGEST_BODY: Final = 54 * 1024 * 1024
MOST_CONNECTIONS: Final = 128
IDLE_SECONDS: Final = 30


def check_host(host: str) -> str:
    """The address to listen on, if it is this machine's alone; raises `SetupError`."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError:
        address = None
    if address is None or not address.is_loopback:
        raise SetupError(
            f"The simulator listens on the loopback interface only (127.0.0.1, ::1 or localhost), not on {host!r}: "
            "whoever reaches it may do anything"
        )
    return str(address)


class Server(ThreadingHTTPServer):
    """Serves a `Service` for as long as the `with` block runs; port 0 takes a free one."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, service: Service, port: int, host: str = "127.0.0.1") -> None:
        self.service = service
        self._room = BoundedSemaphore(MOST_CONNECTIONS)
        checked = check_host(host)
        if ":" in checked:
            self.address_family = socket.AF_INET6
        super().__init__((checked, port), Handler)

    @property
    def url(self) -> str:
        """Where it answers."""
        host, port = self.server_address[:2]
        return f"http://[{host!s}]:{port}" if ":" in str(host) else f"http://{host!s}:{port}"

    def __enter__(self) -> Self:
        """Starts to serve."""
        self.service.schedule.start()
        self._thread = Thread(target=self.serve_forever, name="server", kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends."""
        self.shutdown()
        self._thread.join()
        self.server_close()
        self.service.schedule.stop()

    def server_bind(self) -> None:
        """Binds without asking a name server who we are, as the base class does."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Hangs up where there is no room, so that no number of connections becomes as many threads."""
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Makes room again."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the library's signature
        """Names the fault only: a traceback could hold addresses. Clients that hang up are no fault."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError):
            sys.stderr.write(f"A connection ended with {type(error).__name__}\n")


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "ses-warden-simulator", ""
    timeout = IDLE_SECONDS
    # Small answers go at once: with Nagle's algorithm each would wait for the client's acknowledgement.
    disable_nagle_algorithm = True
    wbufsize = -1

    @property
    def _service(self) -> Service:
        server = self.server
        assert isinstance(server, Server)  # noqa: S101 -- the library's type is wider than what it is
        return server.service

    def _do(self) -> None:
        try:
            answered = self._service.handle(self._request())
        except ApiError as error:
            # The rest of the request was not read, so that nothing more can be understood.
            self.close_connection = True
            answered = refusal(error)
        except (ConnectionError, TimeoutError):
            raise
        except Exception as error:  # noqa: BLE001 -- the last line: whatever it is, the server goes on and the client is told
            sys.stderr.write(f"A request failed with {type(error).__name__}\n")
            self.close_connection = True
            answered = self._service.unwell()
        self._answer(answered)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = _do  # noqa: N815 - the library's names

    def _request(self) -> Request:
        _check_name("//" + self.headers.get("Host", "localhost"))
        _check_name(self.headers.get("Origin", "//localhost"))
        if "Transfer-Encoding" in self.headers:
            raise ApiError("The body must come with its length.", "BadRequestException", HTTPStatus.LENGTH_REQUIRED)
        length = self.headers.get("Content-Length", "0")
        if not (length.isascii() and length.isdigit()) or len(length) > len(str(LARGEST_BODY)) or int(length) > LARGEST_BODY:
            message = f"The body must have {LARGEST_BODY} bytes at most."
            raise ApiError(message, "BadRequestException", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ApiError("The body is shorter than its length.", "BadRequestException")
        caller = Caller.of(self.headers.get("Authorization", ""), self._service.options.region, str(self.client_address[0]))
        return Request(self.command, self.path, dict(self.headers.items()), body, caller)

    def _answer(self, answered: Answer) -> None:
        self.send_response(answered.status)
        for name, value in answered.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answered.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answered.body)
        self.wfile.flush()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Says nothing: paths hold addresses."""


def _check_name(url: str) -> None:
    """Refuses what a browser sends for a foreign page, also where that gave its own name this machine's address."""
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:  # brackets that do not close
        name = ""
    try:
        loopback = ipaddress.ip_address(name).is_loopback
    except ValueError:
        loopback = name == "localhost" or name.endswith(".localhost")
    if not loopback:
        message = "The simulator answers to the names of the loopback interface only."
        raise ApiError(message, "AccessDeniedException", HTTPStatus.FORBIDDEN)
