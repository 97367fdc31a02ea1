"""Stands between the functions and the emulator, and counts what the functions ask of AWS: each call, and what it would be charged.

The functions are deployed with the meter's address as their endpoint, so nothing that they do over the network is missed.
"""

import json
import threading
from collections import Counter
from collections.abc import Mapping
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

KILOBYTE = 1024
# Headers that concern one connection alone, and those that each side writes for itself: RFC 9110 section 7.6.1
_OWN_HEADERS = frozenset({"connection", "content-length", "date", "expect", "keep-alive", "server", "transfer-encoding"})
_INDEXED_BY = {"recipient": "by_recipient", "day": "by_day", "active_hour": "by_activity"}


class Meter:
    """Counts while the `with` block runs: `calls` by operation, `units` by what AWS charges for."""

    def __init__(self, host: str, port: int) -> None:
        """Prepare to pass everything on to that address."""
        self.calls: Counter[str] = Counter()
        self.units: Counter[str] = Counter()
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"meter": self, "target": (host, port)})
        self._server = _Server((host, 0), handler)
        self.endpoint = f"http://{host}:{self._server.server_port}"

    def __enter__(self) -> Self:
        """Begin to listen."""
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def count(self, operation: str, body: bytes, refused: bool) -> None:
        """A call was answered."""
        request = json.loads(body) if operation in _UNITS else {}
        units = _UNITS[operation](request, refused) if operation in _UNITS else Counter({operation: 1})
        with self._lock:
            self.calls[operation] += 1
            self.units.update(units)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    meter: Meter
    target: tuple[str, int]

    def setup(self) -> None:
        super().setup()
        self.upstream = HTTPConnection(*self.target, timeout=60)

    def finish(self) -> None:
        self.upstream.close()
        super().finish()

    def log_message(self, *_: Any) -> None:
        """Nothing: what matters is counted."""

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name: value for name, value in self.headers.items() if name.lower() not in _OWN_HEADERS}
        try:
            self.upstream.request(self.command, self.path, body, headers)
            response = self.upstream.getresponse()
            answer = response.read()
        except (OSError, HTTPException) as error:
            self.upstream.close()
            self.send_error(HTTPStatus.BAD_GATEWAY, type(error).__name__)
            return
        self.meter.count(self._operation(), body, response.status >= HTTPStatus.BAD_REQUEST)
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            if name.lower() not in _OWN_HEADERS:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    def _operation(self) -> str:
        """`DynamoDB TransactWriteItems`, or for S3, whose operations have no names on the wire, `S3 PUT`."""
        service, _, operation = self.headers.get("X-Amz-Target", "").partition(".")
        return f"{service.partition('_')[0]} {operation}" if operation else f"S3 {self.command}"

    do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = _pass_on


# What DynamoDB charges: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html


def _transaction(request: Mapping[str, Any], refused: bool) -> Counter[str]:
    """Two write units for each kilobyte of an item, also when the transaction is cancelled; indexes follow it at one unit each."""
    units: Counter[str] = Counter()
    for action in request["TransactItems"]:
        [(kind, parameters)] = action.items()
        item = parameters["Item"] if kind == "Put" else _updated(parameters)
        units["write units"] += 2 * _kilobytes(item)
        if not refused:
            units["index write units"] += _index_writes(item)
    return units


def _batch_write(request: Mapping[str, Any], refused: bool) -> Counter[str]:
    units: Counter[str] = Counter()
    for write in () if refused else (write for writes in request["RequestItems"].values() for write in writes):
        item = write["PutRequest"]["Item"]
        units["write units"] += _kilobytes(item)
        units["index write units"] += _index_writes(item)
    return units


def _batch_get(request: Mapping[str, Any], refused: bool) -> Counter[str]:
    """One read unit for an item of up to 4 KB, also if it is missing; half of it where a stale answer will do."""
    if refused:
        return Counter()
    tables = request["RequestItems"].values()
    halves = sum(len(table["Keys"]) * (2 if table.get("ConsistentRead") else 1) for table in tables)
    return Counter({"half read units": halves})


def _query(_: Mapping[str, Any], refused: bool) -> Counter[str]:
    """Answers here are far below 4 KB."""
    return Counter() if refused else Counter({"half read units": 1})


_UNITS = {
    "DynamoDB TransactWriteItems": _transaction,
    "DynamoDB BatchWriteItem": _batch_write,
    "DynamoDB BatchGetItem": _batch_get,
    "DynamoDB Query": _query,
}


def _updated(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What an update writes, its key included: of our rows it is nearly all that they are."""
    names, values = parameters.get("ExpressionAttributeNames", {}), parameters.get("ExpressionAttributeValues", {})
    set_ = {name: values[placeholder.replace("#", ":")] for placeholder, name in names.items()}
    return {**parameters["Key"], **set_}


def _index_writes(item: Mapping[str, Any]) -> int:
    return sum(attribute in item for attribute in _INDEXED_BY)


def _kilobytes(item: Mapping[str, Any]) -> int:
    """The size of an item, rounded up: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""
    size = sum(len(name.encode()) + _size(value) for name, value in item.items())
    return -(-size // KILOBYTE)


def _size(value: Mapping[str, Any]) -> int:
    [(kind, content)] = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return 1 + (len(content) + 1) // 2
        case "SS":
            return sum(len(text.encode()) for text in content)
        case "L":
            return 3 + sum(1 + _size(element) for element in content)
        case _:
            return len(json.dumps(content))
