"""The commands about the suppression table, with the settings of the stack."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO

from ses_warden.adapters.exchange import line_of, records_of
from ses_warden.adapters.gate_reader import DynamoEntryReader
from ses_warden.adapters.ledger import DynamoLedger, Tables
from ses_warden.adapters.ses_list import SesSuppressionList
from ses_warden.adapters.suppression_rows import DynamoSuppressionRows
from ses_warden.application.ask_gate import Asking, Question, ask
from ses_warden.application.import_suppression import Taken, import_records
from ses_warden.application.operate_suppression import (
    Order,
    Released,
    block,
    known_of,
    release,
    release_entry,
    spellings_of,
    undone_by,
)
from ses_warden.application.ports import Deed
from ses_warden.application.sync_suppression import Wish
from ses_warden.bootstrap.connection import Connection
from ses_warden.domain.addresses import Address
from ses_warden.domain.entries import Entry
from ses_warden.domain.reconciliation import Listed
from ses_warden.domain.verdicts import scopes_of
from ses_warden.errors import SettingsError
from ses_warden.settings import text_from

_UNUSED = "-"
# So many questions at once; botocore keeps ten connections.
_AT_ONCE = 8


class Desk:
    """What an operator can do about who must not be mailed. Its methods raise `WardenError`."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Finds the stack; raises `SettingsError` where that fails."""
        self._connection = connection
        environment = connection.environment("SyncFunction")
        self._table = table = text_from(environment, "SUPPRESSION_TABLE")
        self._bucket = environment.get("QUARANTINE_BUCKET", "")
        self._clock = clock
        dynamodb = connection.client("dynamodb")
        self._rows = DynamoSuppressionRows(dynamodb, table)
        self._ledger = DynamoLedger(dynamodb, Tables(_UNUSED, table, _UNUSED), retention=timedelta(days=1))
        self._refusals = SesSuppressionList(connection.ses(environment), self._s3, self._bucket)

    @property
    def now(self) -> datetime:
        """The time that expiries are compared with."""
        return self._clock()

    @staticmethod
    def line(entry: Entry) -> str:
        """An entry as a line of an export."""
        return json.dumps(line_of(entry)) + "\n"

    def entries(self) -> Iterator[Entry]:
        """Every entry of the table, in no order."""
        return self._rows.all_entries()

    def known_of(self, recipient: Address, key: bytes | None) -> tuple[list[Entry], list[Deed]]:
        """See `operate_suppression.known_of`."""
        return known_of(self._rows, recipient, key)

    def refused(self, addresses: Iterable[str], scopes: Collection[str], key: bytes | None) -> Iterator[tuple[str, str]]:
        """Those that must not be mailed, as they were given, and why; with the key those forgotten too. Raises `UnknownScope`."""
        reader = DynamoEntryReader(self._connection.client("dynamodb"), self._table, consistent=True)
        asking = Asking(reader, "raise", _AT_ONCE, self._clock)
        for verdict in ask(asking, Question(scopes_of(scopes), key), addresses):
            if not verdict.allowed:
                yield verdict.recipient, verdict.explanation

    def listed(self, recipient: Address, held: Sequence[Entry]) -> list[Listed]:
        """How the address stands on SES's own list."""
        return self._refusals.find(spellings_of(recipient, held))

    def block(self, recipient: Address, scope: str, *, by: str, note: str) -> Entry:
        """See `operate_suppression.block`."""
        return block(recipient, scope, Order(by, note, self.now), self._ledger)

    def release(self, recipient: Address, scope: str | None, *, by: str, note: str, at_ses: bool, key: bytes | None) -> Released:
        """See `operate_suppression.release`."""
        refusals = self._refusals if at_ses else None
        order = Order(by, note, self.now)
        return release(recipient, scope, order, self._ledger, rows=self._rows, refusals=refusals, key=key)

    def undone(self, domain: str, since: datetime) -> Iterator[Entry]:
        """See `operate_suppression.undone_by`."""
        return undone_by(self._rows, domain, since, self.now)

    def release_all(
        self, entries: Sequence[Entry], since: datetime, *, by: str, note: str, at_ses: bool, done: Callable[[int], None]
    ) -> Released:
        """Takes all spellings of the entries off SES's list, then releases them in the table; what was released, and the spellings.

        In this order, so that the same again after a failure finds what is left to do.
        """
        order = Order(by, note, self.now)
        spellings = sorted({one for entry in entries for one in (entry.address, *entry.spellings)}) if at_ses else []
        self._refusals.change([Wish(one, None) for one in spellings], lambda _: None)
        released: list[Entry] = []
        for number, entry in enumerate(entries, 1):
            after = release_entry(entry, since, order, self._ledger)
            released += [after] if after else []
            done(number)
        return Released(released, spellings)

    def take_in(self, file: TextIO, form: str, progress: Callable[[Taken], None]) -> Taken:
        """See `import_records`; `form` is csv or jsonl."""
        return import_records(records_of(file, form, self.now), self._ledger, progress)

    def caller(self) -> str:
        """The ARN of whoever asks."""
        return self._connection.caller()

    def _s3(self) -> Any:
        if not self._bucket:
            raise SettingsError("so many changes need an import job and its file: name a bucket too (--use QUARANTINE_BUCKET=…)")
        return self._connection.client("s3")
