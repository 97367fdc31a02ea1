"""Entries as plain records, which leave the table and come back: nothing is lost on the way, and nothing is doubled.

A record that comes back is a bundle of signals, and an entry is a fold that does not mind one twice. So an import may be
interrupted and begun again, and may meet a table that knows more.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from ses_warden.domain.addresses import Address, read_address
from ses_warden.domain.entries import Entry, Reason
from ses_warden.domain.signals import ACCOUNT, Confidence, Signal, SignalKind, operator_signal
from ses_warden.domain.text import clean

IMPORTED = "import"
_LONGEST, _LONGEST_ADDRESS = 200, 320
_SCOPE = re.compile(r"account|(configuration-set|tenant|contact-list)/[\w.-]{1,200}", re.ASCII)
# What others call the columns: SES's own export, and files of other senders.
_ALIASES = {"email": "address", "emailaddress": "address", "email_address": "address", "lastupdatetime": "since", "date": "since"}
_SES_REASONS = {"bounce": Reason.HARD_BOUNCE, "complaint": Reason.COMPLAINT}
_KINDS = {
    Reason.HARD_BOUNCE: SignalKind.HARD_BOUNCE,
    Reason.UNKNOWN_BOUNCE: SignalKind.UNKNOWN_BOUNCE,
    Reason.GLOBAL_LIST: SignalKind.GLOBAL_LIST,
    Reason.COMPLAINT: SignalKind.COMPLAINT,
    Reason.SES_LIST: SignalKind.LIST_HIT,
    Reason.UNSUBSCRIBE: SignalKind.UNSUBSCRIBE,
}


class BadRecord(ValueError):
    """A record that cannot be taken in; the message says which field, and what it should be, without its content."""


def signals_of(entry: Entry) -> Iterator[Signal]:
    """The facts of an entry as signals: folded into nothing, they make the entry again."""
    told = _told(entry)
    for first in islice(told, 1):
        # The same fact twice is one, so it can carry all the spellings.
        for spelling in entry.spellings or ("",):
            yield replace(first, original=clean(spelling, _LONGEST_ADDRESS))
    yield from told


def _told(entry: Entry) -> Iterator[Signal]:
    def signal(kind: SignalKind, at: datetime, message_id: str = "", **more: Any) -> Signal:
        return Signal(kind, entry.address, entry.scope, at, "", clean(message_id, _LONGEST), **more)

    for fact in entry.evidence:
        told = {"status": clean(fact.status, _LONGEST), "diagnostic": clean(fact.diagnostic, _LONGEST)}
        yield signal(_KINDS[fact.reason], fact.at, fact.message_id, confidence=fact.confidence, **told)
    if entry.last_strike_at and entry.last_strike_at not in {mark.at for mark in entry.strikes}:
        # A strike that a delivery or a release has healed since.
        yield signal(SignalKind.STRIKE, entry.last_strike_at)
        yield signal(SignalKind.DELIVERED, entry.last_strike_at)
    for mark in entry.strikes:
        yield signal(SignalKind.STRIKE, mark.at, mark.message_id)
    for mark in entry.lifted:
        yield signal(SignalKind.NOT_SPAM, mark.at, mark.message_id)
    times = (
        (SignalKind.LIST_HIT, entry.listed_at),
        (SignalKind.LIST_HIT, entry.relisted_at),
        (SignalKind.UNSUBSCRIBE, entry.unsubscribed_at),
        (SignalKind.RESUBSCRIBE, entry.subscribed_at),
    )
    for kind, at in times:
        if at:
            yield signal(kind, at)
    for kind, decree in ((SignalKind.BLOCK, entry.blocked), (SignalKind.RELEASE, entry.released)):
        if decree:
            yield signal(kind, decree.at, note=clean(decree.note, _LONGEST))


def signal_from(record: Mapping[str, Any], now: datetime) -> Signal:
    """What a plain record says: `address` alone blocks it; with `reason`, `since`, `scope` and `note` it says more.

    Raises `BadRecord`.
    """
    fields = {_column(name): value for name, value in record.items()}
    recipient = _recipient(fields.get("address"))
    scope = scope_of(fields.get("scope") or ACCOUNT)
    at, reason = _moment(fields.get("since"), now), _reason(fields.get("reason"))
    if str(fields.get("state") or "suppressed") != "suppressed":
        raise BadRecord("state: only `suppressed` is taken in from a plain record; an export in JSON Lines keeps the others")
    note = str(fields.get("note") or "imported")
    if reason is Reason.MANUAL:
        return operator_signal(recipient, block=True, at=at, note=note, scope=scope)
    if reason is Reason.SOFT_BOUNCES:
        raise BadRecord("reason: soft_bounces cannot be taken in without its strikes; an export in JSON Lines has them")
    try:
        sure = Confidence(str(fields.get("confidence") or "high"))
    except ValueError as error:
        raise BadRecord("confidence: it is high or low") from error
    return Signal(_KINDS[reason], recipient.key, scope, at, recipient.original, IMPORTED, confidence=sure)


def is_dated(record: Mapping[str, Any]) -> bool:
    """Whether a plain record has a time of its own."""
    return any(value and _column(name) == "since" for name, value in record.items())


def repeats(entry: Entry | None, signal: Signal) -> bool:
    """Whether a record without a time says nothing new to the entry: it was told before, or an operator's release overrules it.

    Its time is that of reading, so that reading it again would else be a new fact.
    """
    if entry is None:
        return False
    match signal.kind:
        case _ if entry.released:
            return True
        case SignalKind.BLOCK:
            return entry.blocked is not None
        case SignalKind.UNSUBSCRIBE:
            return entry.unsubscribed_at is not None
        case SignalKind.LIST_HIT:
            return entry.listed_at is not None
        case _:
            return any(_KINDS[fact.reason] is signal.kind for fact in entry.evidence)


def names_addresses(columns: Collection[str]) -> bool:
    """Whether a header has a column of addresses, by whichever name."""
    return any(_column(name) == "address" for name in columns)


def _column(name: str) -> str:
    plain = str(name).strip().lower()
    return _ALIASES.get(plain, plain)


def scope_of(value: Any) -> str:
    """The scope in a field. Raises `BadRecord`."""
    scope = str(value).strip()
    if not _SCOPE.fullmatch(scope):
        raise BadRecord("scope: it is account, configuration-set/NAME, tenant/NAME or contact-list/NAME")
    return scope


def _recipient(value: Any) -> Address:
    # A spreadsheet's guard against formulas, which an export of ours puts there.
    text = str(value or "").strip().removeprefix("'")
    recipient = read_address(text)
    if not recipient.valid:
        raise BadRecord("address: it is missing" if not text else "address: it is no e-mail address")
    return recipient


def _moment(value: Any, now: datetime) -> datetime:
    if not value:
        return now
    try:
        moment = datetime.fromisoformat(str(value).strip())
    except ValueError as error:
        raise BadRecord("since: it is a time such as 2026-11-24T10:00:00Z") from error
    return min(moment if moment.tzinfo else moment.replace(tzinfo=UTC), now)


def _reason(value: Any) -> Reason:
    text = str(value or Reason.MANUAL).strip().lower()
    if text in _SES_REASONS:
        return _SES_REASONS[text]
    try:
        return Reason(text)
    except ValueError as error:
        raise BadRecord(f"reason: it is one of {', '.join(Reason)}, or BOUNCE or COMPLAINT as SES has it") from error
