"""Stands between the functions and the emulator, and counts what the functions ask of AWS: each call, and what it would be charged.

The functions are deployed with the meter's address as their endpoint, so nothing that they do over the network is missed.
"""

import json
import threading
from collections.abc import Mapping
from copy import deepcopy
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from benchmarks.capacity import STORED_OVERHEAD, TRANSACTION, Item, read_units, size_of, write_units
from benchmarks.dynamodb import DynamoDb, Usage

# Headers that concern one connection alone, and those that each side writes for itself: RFC 9110 section 7.6.1
_OWN_HEADERS = frozenset({"connection", "content-length", "date", "expect", "keep-alive", "server", "transfer-encoding"})


class Gauge:
    """Adds up calls; S3's operations, which have no names on the wire, go by their HTTP methods."""

    def __init__(self) -> None:
        """Begin with nothing counted."""
        self._usage = Usage()
        self._indexes = [index for table in DynamoDb().tables.values() for index in table.indexes.values()]
        self._lock = threading.Lock()

    def usage(self) -> Usage:
        """What was counted so far."""
        with self._lock:
            return deepcopy(self._usage)

    def count(self, operation: str, body: bytes, *, refused: bool) -> None:
        """A call was answered."""
        request = json.loads(body) if operation in _CHARGED else {}
        with self._lock:
            self._usage.calls[operation] += 1
            match operation:
                case "TransactWriteItems":
                    self._transaction(request, refused=refused)
                case "BatchWriteItem":
                    for write in (write for writes in request["RequestItems"].values() for write in writes):
                        self._write(write["PutRequest"]["Item"], factor=1, new=True)
                case "BatchGetItem":
                    for table in request["RequestItems"].values():
                        # Entries have less than 4 KB, and one that is missing costs as much.
                        units = read_units(0, consistent=table.get("ConsistentRead", False))
                        self._usage.read_units += units * len(table["Keys"])
                case "Query":
                    self._usage.read_units += read_units(0, consistent=False)

    def _transaction(self, request: Mapping[str, Any], *, refused: bool) -> None:
        for action in request["TransactItems"]:
            [(kind, parameters)] = action.items()
            item = parameters["Item"] if kind == "Put" else _updated(parameters)
            if refused:
                # A cancelled transaction is charged as well, but reaches no index.
                self._usage.write_units += TRANSACTION * write_units(size_of(item))
            else:
                new = "attribute_not_exists" in parameters.get("ConditionExpression", "") and kind == "Put"
                self._write(item, factor=TRANSACTION, new=new)

    def _write(self, item: Item, *, factor: int, new: bool) -> None:
        size = size_of(item)
        self._usage.write_units += factor * write_units(size)
        self._usage.stored += size + STORED_OVERHEAD if new else 0
        for index in self._indexes:
            if entry := index.entry(item):
                self._usage.index_write_units += write_units(size_of(entry))
                self._usage.index_stored += size_of(entry) + STORED_OVERHEAD if new else 0


class Meter:
    """Passes on and counts while the `with` block runs, at its `endpoint`."""

    def __init__(self, host: str, port: int) -> None:
        """Prepare to pass everything on to that address."""
        self._gauge = Gauge()
        handler = type("Handler", (_Handler,), {"gauge": self._gauge, "target": (host, port)})
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

    def usage(self) -> Usage:
        """What was counted so far."""
        return self._gauge.usage()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    gauge: Gauge
    target: tuple[str, int]

    def setup(self) -> None:
        super().setup()
        self.upstream = HTTPConnection(*self.target, timeout=60)

    def finish(self) -> None:
        self.upstream.close()
        super().finish()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the names of http.server
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
        operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2] or f"S3 {self.command}"
        self.gauge.count(operation, body, refused=response.status >= HTTPStatus.BAD_REQUEST)
        self.send_response_only(response.status)
        for name, value in response.getheaders():
            if name.lower() not in _OWN_HEADERS:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer)

    do_DELETE = do_GET = do_HEAD = do_POST = do_PUT = _pass_on  # noqa: N815 -- http.server's names


_CHARGED = frozenset({"TransactWriteItems", "BatchWriteItem", "BatchGetItem", "Query"})


def _updated(parameters: Mapping[str, Any]) -> Item:
    """What an update writes, its key included: of our rows that is nearly all of them."""
    names, values = parameters["ExpressionAttributeNames"], parameters["ExpressionAttributeValues"]
    return {**parameters["Key"], **{name: values[placeholder.replace("#", ":")] for placeholder, name in names.items()}}
