"""The command that reads DMARC reports from files, with the settings of the stack."""

from collections.abc import Iterator
from datetime import datetime

from ses_warden.adapters.dmarc_opening import Limits
from ses_warden.adapters.dmarc_parsing import ReportReader
from ses_warden.adapters.stored import Bucket, FileTree
from ses_warden.application.dmarc_ports import ReportStore
from ses_warden.application.ingest_reports import Ingested, ingest
from ses_warden.application.replay_events import Stored
from ses_warden.bootstrap.connection import Connection
from ses_warden.bootstrap.dmarc_store import reports_of
from ses_warden.domain.dmarc import Report
from ses_warden.domain.dmarc_kept import Way
from ses_warden.errors import SettingsError


class _Nowhere:
    """Keeps nothing but the names of reports, for a plan."""

    def __init__(self) -> None:
        self._seen: set[tuple[str, datetime, str]] = set()

    def keep(self, report: Report, way: Way) -> bool:
        del way
        name = (report.domain, report.begin, report.name)
        is_new = name not in self._seen
        self._seen.add(name)
        return is_new


class Ingesting:
    """Reads files into the stack's table. Its methods raise `WardenError`."""

    def __init__(self, connection: Connection, *, plan: bool) -> None:
        """Finds the stack, unless it is a plan. Raises `SettingsError`, also where parsedmarc is not installed."""
        self._reader = ReportReader()
        self._connection = connection
        self._store: ReportStore = _Nowhere() if plan else reports_of(connection)
        self._most = Limits().file

    def files(self, source: str) -> Iterator[Stored]:
        """The files at a path, below a folder, at `-`, or at `s3://bucket/key-or-prefix`."""
        if not source.startswith("s3://"):
            yield from FileTree(source).all()
            return
        bucket, _, prefix = source.removeprefix("s3://").partition("/")
        if not bucket:
            raise SettingsError(f"{source} names no bucket: it is s3://bucket/key-or-prefix")
        yield from Bucket(self._connection.client("s3"), bucket, prefix).all()

    def ingest(self, file: Stored) -> Ingested:
        """See `ingest`; of a file that is too large, no more is read than shows that."""
        content = bytearray()
        for chunk in file.read():
            content += chunk
            if len(content) > self._most:
                break
        return ingest(bytes(content), self._reader, self._store, Way.CLI)
