"""May this recipient be mailed? The answer, with its reason."""

from collections.abc import Iterable
from datetime import datetime
from email.utils import getaddresses
from enum import StrEnum
from typing import NamedTuple

from ses_warden.domain.addresses import Address, read_address
from ses_warden.domain.entries import Entry, Reason, explain
from ses_warden.domain.signals import ACCOUNT
from ses_warden.errors import UnknownScope

# RFC 5322 section 2.1.1: the longest line of a header.
_LONGEST_FIELD = 998
_NAMED_SCOPES = ("configuration-set/", "tenant/", "contact-list/")


class Refusal(StrEnum):
    """Why a recipient is refused: an entry holds mail back, it is no address, or the table did not say."""

    SUPPRESSED = "suppressed"
    INVALID = "invalid"
    UNKNOWN = "unknown"


class Verdict(NamedTuple):
    """Whether one recipient may be mailed.

    `recipient` is what was asked about, `key` the address in it as the table spells it. Whoever is allowed with `checked` false was
    let through unseen, since the table did not answer; `failure` says why not. Of a suppressed one there are the scope, the
    reason (None: one that this version does not know), and the time until which it holds (None: for good); `entry` is the
    whole row, None where the verdict is a snapshot's.
    """

    recipient: str
    key: str
    refusal: Refusal | None = None
    checked: bool = True
    scope: str | None = None
    reason: Reason | None = None
    expires_at: datetime | None = None
    entry: Entry | None = None
    failure: str = ""

    @property
    def allowed(self) -> bool:
        """Whether it may be mailed."""
        return self.refusal is None

    @property
    def state(self) -> str:
        """`allowed`, `unchecked` (allowed, though the table did not say), `suppressed`, `invalid` or `unknown`."""
        return self.refusal.value if self.refusal else "allowed" if self.checked else "unchecked"

    @property
    def explanation(self) -> str:
        """The verdict in plain words, fit for a log: it names no address."""
        match self.refusal:
            case Refusal.SUPPRESSED if self.entry:
                return explain(self.entry)
            case Refusal.SUPPRESSED:
                until = f"until {self.expires_at:%Y-%m-%d %H:%M} UTC" if self.expires_at else "for good"
                where = "" if self.scope == ACCOUNT else f"In {self.scope}: "
                return f"{where}suppressed {until}: {self.reason or 'reason unknown'}."
            case Refusal.INVALID:
                return "Not one address that SES could send to."
            case Refusal.UNKNOWN:
                return f"Refused unseen: {self.failure}."
            case _:
                return "Nothing holds mail back." if self.checked else f"Let through unseen: {self.failure}."


class Partition(NamedTuple):
    """Recipients in the order given, each as often as it was given: those who may be mailed, and the verdicts on the others.

    `unchecked` are those of `allowed` that the table did not answer for.
    """

    allowed: list[str]
    refused: list[Verdict]
    unchecked: list[str]


def divide(verdicts: Iterable[Verdict]) -> Partition:
    """The verdicts, sorted into who may be mailed and who not."""
    parts = Partition([], [], [])
    for verdict in verdicts:
        if not verdict.allowed:
            parts.refused.append(verdict)
            continue
        parts.allowed.append(verdict.recipient)
        if not verdict.checked:
            parts.unchecked.append(verdict.recipient)
    return parts


def recipient_address(raw: str) -> Address:
    """The address in a recipient field, not `valid` where a mail program may see another or several: only this one is looked up."""
    if len(raw) > _LONGEST_FIELD:
        return read_address(raw[:_LONGEST_FIELD])._replace(valid=False)
    address = read_address(raw)
    if raw is not address.original and address.valid and any(sign in raw for sign in ",;<("):
        same = {address.key, address.key.replace(";", ",")}
        try:
            named = {read_address(each).key for _, each in getaddresses([raw.replace(";", ",")], strict=False) if "@" in each}
        except RecursionError:  # comments within comments
            return address._replace(valid=False)
        if not named <= same:
            return address._replace(valid=False)
    return address


def scopes_of(scope: str | Iterable[str]) -> tuple[str, ...]:
    """The account and the scopes asked for, each once. Raises `UnknownScope`."""
    asked = (scope,) if isinstance(scope, str) else tuple(scope)
    for each in asked:
        if each != ACCOUNT and not any(each.startswith(kind) and len(each) > len(kind) for kind in _NAMED_SCOPES):
            raise UnknownScope(f"no scope {each!r}: account, configuration-set/NAME, tenant/NAME or contact-list/NAME")
    return tuple(dict.fromkeys((ACCOUNT, *asked)))
