"""`dmarc reports` and `dmarc discard`, with the stack's table of reports."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from ses_warden.application.discard_reports import EVER, all_to_rule, of_reporter, one_to_rule, rule
from ses_warden.bootstrap.connection import Connection
from ses_warden.bootstrap.dmarc_store import kept_of
from ses_warden.domain.dmarc_kept import Act, Handle, Kept, Ruling


class DmarcShelf:
    """The reports that are kept. Its methods raise `WardenError`."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Finds the stack; raises `SettingsError` where that fails, or where it keeps no reports."""
        self._connection = connection
        self._rows = kept_of(connection)
        self._clock = clock

    def listed(self, domain: str, since: datetime, reporter: str | None) -> Iterator[Kept]:
        """Those about a domain that begin then or later, the newest first."""
        return of_reporter(self._rows.kept(domain, since, EVER), reporter)

    def one(self, domain: str, handle: Handle, act: Act) -> Kept:
        """See `one_to_rule`."""
        return one_to_rule(self._rows, domain, handle, act)

    def all_of(self, domain: str, reporter: str, since: datetime, act: Act) -> list[Kept]:
        """See `all_to_rule`."""
        return all_to_rule(self._rows, domain, reporter, since, act)

    def rule(self, reports: Sequence[Kept], act: Act, *, by: str, reason: str, done: Callable[[int], None]) -> list[Kept]:
        """See `rule`."""
        return rule(self._rows, reports, Ruling(act, self._clock(), by, reason), done)

    def caller(self) -> str:
        """The ARN of whoever asks."""
        return self._connection.caller()
