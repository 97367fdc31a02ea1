"""What the simulator keeps of an account in one region: its switches, its suppression list, its quota. In memory only."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from threading import Lock
from typing import Any, Final

from ses_warden_simulator.errors import ApiError, BadRequest
from ses_warden_simulator.exchange import Caller

MOST_SUPPRESSED = 1_000_000
MOST_VISITS = 1_000_000
MOST_ACCOUNTS = 100
_HOURS: Final = 24

# (24 hours, second): https://docs.aws.amazon.com/ses/latest/dg/quotas.html for the sandbox; a usual one beyond it.
SANDBOX_QUOTA, QUOTA = (200.0, 1.0), (50_000.0, 14.0)


@dataclass(frozen=True, slots=True)
class Suppressed:
    """An entry of the suppression list, as SES spells it."""

    address: str
    reason: str
    at: datetime
    message_id: str | None = None
    feedback_id: str | None = None


@dataclass
class Account:
    """An account in one region. Reading and writing go through its methods, which threads may share."""

    production: bool = True
    sending: bool = True
    enforcement: str = "HEALTHY"
    suppressed_reasons: tuple[str, ...] = ("BOUNCE", "COMPLAINT")
    details: dict[str, Any] = field(default_factory=dict)
    review: str = "GRANTED"  # what AWS's reviewers come to
    asks_production: bool = False  # whether the details ask for production access, which the reviewers have not given yet
    tenants: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    _list: dict[tuple[str | None, str], Suppressed] = field(default_factory=dict)
    _folded: dict[tuple[str | None, str], dict[str, None]] = field(default_factory=dict)
    _visits: Counter[str] = field(default_factory=Counter)
    _sent: Counter[int] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def suppress(self, tenant: str | None, entry: Suppressed) -> None:
        """Puts an address on the list, as it is spelt: other spellings are other entries."""
        with self._lock:
            if len(self._list) >= MOST_SUPPRESSED:
                raise BadRequest("The simulator's suppression list is full.")
            self._list[tenant, entry.address] = entry
            self._folded.setdefault((tenant, entry.address.lower()), {})[entry.address] = None

    def suppressed(self, tenant: str | None, address: str) -> Suppressed | None:
        """The entry of exactly this spelling: what the API knows.

        https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html
        """
        return self._list.get((tenant, address))

    def blocks(self, tenant: str | None, address: str, reasons: tuple[str, ...]) -> Suppressed | None:
        """The entry that keeps a mail from the address, for one of the reasons; sending ignores case."""
        with self._lock:
            spellings = self._folded.get((tenant, address.lower()), ())
            entries = (self._list[tenant, spelling] for spelling in spellings)
            return next((entry for entry in entries if entry.reason in reasons), None)

    def release(self, tenant: str | None, address: str) -> bool:
        """Takes the entry of exactly this spelling off the list; says whether there was one."""
        with self._lock:
            if self._list.pop((tenant, address), None) is None:
                return False
            spellings = self._folded[tenant, address.lower()]
            del spellings[address]
            if not spellings:
                del self._folded[tenant, address.lower()]
            return True

    def listing(self, tenant: str | None) -> list[Suppressed]:
        """The list, in the order of the addresses."""
        with self._lock:
            return sorted((entry for (owner, _), entry in self._list.items() if owner == tenant), key=lambda entry: entry.address)

    def visit(self, address: str) -> int:
        """How many mails to this address there were before; counts one more."""
        with self._lock:
            if len(self._visits) >= MOST_VISITS:
                self._visits.clear()
            number = self._visits[address]
            self._visits[address] = number + 1
            return number

    def count_sent(self, recipients: int, at: datetime) -> None:
        """Counts recipients against the quota; SES does not count those of its mailbox simulator."""
        with self._lock:
            hour = int(at.timestamp()) // 3600
            self._sent[hour] += recipients
            for old in [other for other in self._sent if other <= hour - _HOURS]:
                del self._sent[old]

    def sent_last_day(self) -> int:
        """Recipients of the last 24 hours."""
        with self._lock:
            oldest = int(datetime.now(UTC).timestamp()) // 3600 - _HOURS
            return sum(count for hour, count in self._sent.items() if hour > oldest)

    def describe(self, details: dict[str, Any], *, production: bool | None) -> None:
        """Takes new details instead of the old ones; who asks for production access has it as soon as the reviewers grant it."""
        with self._lock:
            if self.details and self.review == "PENDING":
                raise ApiError("The account's details are under review.", "ConflictException", HTTPStatus.CONFLICT)
            self.details, self.asks_production = details, production is True
            if production is False:
                self.production = False
            self._grant()

    def reviewed(self, status: str) -> None:
        """What the reviewers come to, about these details and those to come."""
        with self._lock:
            self.review = status
            self._grant()

    def _grant(self) -> None:
        if self.asks_production and self.review == "GRANTED":
            self.production, self.asks_production = True, False

    def tenant_status(self, arn: str) -> str:
        """A tenant's switch."""
        return self.tenants.get(arn, ("ENABLED",))[0]


class Accounts:
    """The accounts of all callers."""

    def __init__(self, *, sandbox: bool = False) -> None:
        self._sandbox = sandbox
        self._accounts: dict[tuple[str, str], Account] = {}
        self._lock = Lock()

    def of(self, caller: Caller) -> Account:
        """The caller's account in the caller's region; made when it is first seen."""
        place = caller.account, caller.region
        with self._lock:
            if place not in self._accounts:
                if len(self._accounts) >= MOST_ACCOUNTS:
                    raise ApiError(f"The simulator holds {MOST_ACCOUNTS} accounts and regions at most.", "LimitExceededException")
                self._accounts[place] = Account(production=not self._sandbox)
            return self._accounts[place]

    def forget(self) -> None:
        """Empties all of them."""
        with self._lock:
            self._accounts.clear()
