"""A table of N rows that answers `Scan` alone, each page in the same time, over HTTP.

The emulator sorts all keys for each page and gives all rows to every segment of a parallel scan, so that a million rows would take
it hours. What is measured with this is the process that scans, never the table.
"""

import json
import re
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from typing import Any, Self

# DynamoDB's pages have a megabyte of rows at most; a row has about 700 bytes.
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Scan.html
PAGE = 1_500


class ScanServer:
    """For as long as the `with` block runs. `row_of(n)` makes the nth row, from 0; its `address` holds `.<n>@`."""

    def __init__(self, row_of: Any, number: int) -> None:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                assert self.headers["X-Amz-Target"].endswith(".Scan"), "it answers Scan alone"
                body = json.dumps(server.page(request)).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the base
                """Says nothing."""

        self._row_of = row_of
        self._number = number
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def page(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """One answer. Segments are runs of rows; a filter is not applied, as all rows are such as are asked for."""
        segment, segments = request.get("Segment", 0), request.get("TotalSegments", 1)
        begin, end = (self._number * part // segments for part in (segment, segment + 1))
        if last := request.get("ExclusiveStartKey"):
            found = re.search(r"\.(\d+)@", last["address"]["S"])
            assert found
            begin = int(found[1]) + 1
        rows = list(map(self._row_of, islice(range(begin, end), PAGE)))
        wanted = _projection(request)
        answer: dict[str, Any] = {
            "Items": [{name: row[name] for name in wanted if name in row} for row in rows] if wanted else rows,
            "Count": len(rows),
            "ScannedCount": len(rows),
        }
        if begin + PAGE < end:
            answer["LastEvaluatedKey"] = {name: rows[-1][name] for name in ("address", "scope")}
        return answer


def _projection(request: Mapping[str, Any]) -> list[str]:
    names = request.get("ExpressionAttributeNames", {})
    return [names.get(name, name) for name in request.get("ProjectionExpression", "").split(", ") if name]
