"""SES's list and the table's rows in memory, type-checked against their ports."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ses_warden.application.sync_suppression import AccountRows, SesList, Wish
from ses_warden.domain.entries import Entry
from ses_warden.domain.reconciliation import Listed
from ses_warden.domain.signals import ACCOUNT
from tests.fakes import MemoryLedger


@dataclass
class MemorySesList:
    """SES's list, by exact spelling."""

    now: datetime
    rows: dict[str, Listed] = field(default_factory=dict)
    wishes: list[Wish] = field(default_factory=list)

    def listed(self) -> Iterator[Listed]:
        """As it is."""
        yield from list(self.rows.values())

    def change(self, wishes: Sequence[Wish], done: Callable[[int], None]) -> None:
        """As SES does it."""
        for number, wish in enumerate(wishes, 1):
            self.wishes.append(wish)
            if wish.reason:
                self.rows[wish.address] = Listed(wish.address, wish.reason, self.now)
            else:
                self.rows.pop(wish.address, None)
            done(number)


@dataclass
class MemoryRows:
    """The rows of a ledger in memory."""

    ledger: MemoryLedger

    def account_entries(self) -> Iterator[Entry]:
        """As they are."""
        yield from [entry for key, entry in self.ledger.entries_.items() if key.scope == ACCOUNT]


def _checked(ses: MemorySesList, rows: MemoryRows) -> tuple[SesList, AccountRows]:
    return ses, rows
