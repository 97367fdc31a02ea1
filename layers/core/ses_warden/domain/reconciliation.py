"""What sets our suppression table and SES's account-level list apart, and what to do about each address.

Only the table's scope `account` is compared: configuration sets, tenants and contact lists are no matter of the account's list.
SES manages its list by exact spelling and heeds it whatever the case, so one of our keys may stand there several times:
https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from ses_warden.domain.addresses import is_simulator, normalize
from ses_warden.domain.authority import Authority
from ses_warden.domain.entries import Entry, Reason, State, blocks
from ses_warden.domain.pseudonyms import pseudonym
from ses_warden.domain.signals import ACCOUNT, Confidence, Signal, SignalKind
from ses_warden.domain.suppression import decide

type SesReason = Literal["BOUNCE", "COMPLAINT"]


class Listed(NamedTuple):
    """An address as it stands on SES's list; `at` is SES's LastUpdateTime."""

    address: str
    reason: SesReason
    at: datetime


class Side(StrEnum):
    """Where an address is refused: only by our table, only by SES's list, by both, or by both for different reasons."""

    HERE = "only-here"
    THERE = "only-there"
    DIFFERS = "differs"
    SAME = "same"


class Action(StrEnum):
    """What to do; `ask` is a difference that an operator must settle, `leave` is none that matters."""

    ADD_THERE = "add-there"
    TAKE_IN = "take-in"
    REMOVE_THERE = "remove-there"
    ASK = "ask"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True)
class Step:
    """What becomes of one address. `spellings`: those on SES's list; `reason`: for what is added there; `entry`: what comes in.

    `ordered`: an operator's release asks for it. `unclear`: this may be somebody who was forgotten; then it is no drift.
    """

    address: str
    side: Side
    action: Action
    why: str
    spellings: tuple[str, ...] = ()
    reason: SesReason | None = None
    entry: Entry | None = None
    ordered: bool = False
    unclear: bool = False

    @property
    def is_drift(self) -> bool:
        """Whether both do not agree, and should."""
        return self.action is not Action.LEAVE


# "BOUNCE" for a manual entry: it stays until somebody removes it, where SES removes a COMPLAINT when the recipient says "not spam".
_REASONS: dict[Reason, SesReason] = {Reason.HARD_BOUNCE: "BOUNCE", Reason.COMPLAINT: "COMPLAINT", Reason.MANUAL: "BOUNCE"}


def reconcile(address: str, entry: Entry | None, listed: Sequence[Listed], authority: Authority, now: datetime) -> Step | None:
    """The step for an address key, from its entry in the scope `account` and all its spellings on SES's list; None if on neither.

    `authority` is whose list is the truth, as in `decide`. A step that was done makes another look find nothing to do.
    """
    holds = blocks(entry, now)
    spellings = tuple(sorted(one.address for one in listed))
    if not listed:
        return _only_here(address, entry, authority) if entry and holds else None
    if entry and holds:
        ours = _REASONS.get(entry.reason) if entry.reason and entry.reason is not Reason.MANUAL else None
        differs = ours is not None and all(one.reason != ours for one in listed)
        why = "both refuse it, for different reasons" if differs else "both refuse it"
        return Step(address, Side.DIFFERS if differs else Side.SAME, Action.LEAVE, why, spellings)
    if entry and entry.released and entry.released.at >= max(_second(one.at) for one in listed):
        why = "an operator released it after SES had listed it"
        return Step(address, Side.THERE, Action.REMOVE_THERE, why, spellings, ordered=True)
    if authority == "warden":
        why = f"the table decides, and {_why_open(entry)}"
        return Step(address, Side.THERE, Action.REMOVE_THERE, why, spellings)
    taken = _taken_in(address, entry, listed, now)
    if taken:
        why = f"SES refuses it, and {_why_open(entry)}"
        return Step(address, Side.THERE, Action.TAKE_IN, why, spellings, entry=taken)
    released = entry is not None and entry.released is not None
    why = (
        "SES listed it again after an operator had released it: release it once more, or block it"
        if released
        else f"SES refuses it, though {_why_open(entry)}: release it, or block it"
    )
    return Step(address, Side.THERE, Action.ASK, why, spellings)


def of_stranger(step: Step, address: str, forgotten: Mapping[str, bool], key: bytes | None) -> Step:
    """The step for an address that only SES's list has, where people were forgotten: by their hashes, whether they were released.

    Who was forgotten stays on SES's list, and does not come back into the table. Without the key nobody knows who that is.
    """
    if not forgotten:
        return step
    if key is None:
        why = "somebody was forgotten, and this may be they: give --key-file"
        return replace(step, action=Action.ASK, why=why, entry=None, unclear=True)
    released = forgotten.get(pseudonym(key, address))
    if released:
        why = "forgotten, and released here by the hash: `suppression remove --key-file` takes it off"
        return replace(step, action=Action.ASK, why=why, entry=None)
    if released is not None:
        return replace(step, side=Side.SAME, action=Action.LEAVE, why="forgotten, and held by a hash here", entry=None)
    return step


def of_late(step: Step, entry: Entry | None, listed: Sequence[Listed], since: datetime) -> Step:
    """The step, put off where either side has changed since then: the event about it may be on its way still."""
    times = [one.at for one in listed] + ([entry.since] if entry and entry.since else [])
    if step.is_drift and max(times, default=since) > since:
        return replace(step, action=Action.LEAVE, why="too new: one side has yet to hear of it", entry=None)
    return step


def taken_in(address: str, entry: Entry | None, listed: Sequence[Listed]) -> Entry | None:
    """The entry that has heard of each spelling on SES's list: an address that SES's list stopped (`LIST_HIT`)."""
    for one in listed:
        hit = Signal(SignalKind.LIST_HIT, address, ACCOUNT, one.at, normalize(one.address).original)
        entry = decide(entry, hit, authority="ses")
    return entry


def _taken_in(address: str, entry: Entry | None, listed: Sequence[Listed], now: datetime) -> Entry | None:
    """Heard of when SES listed it; or where our evidence has run out since, as refused now. None if it is open after that too."""
    for at in (None, now):
        after = taken_in(address, entry, [one._replace(at=at or one.at) for one in listed])
        if blocks(after, now):
            return after
    return None


def _only_here(address: str, entry: Entry, authority: Authority) -> Step:
    def step(action: Action, why: str, reason: SesReason | None = None) -> Step:
        return Step(address, Side.HERE, action, why, reason=reason)

    reason = _REASONS.get(entry.reason) if entry.reason else None
    if authority == "warden":
        return step(Action.LEAVE, "the table decides, and SES's list need not have it")
    if entry.reason is Reason.SES_LIST:
        return step(Action.ASK, "it is held only since SES had listed it, and SES does so no longer: release it, or block it")
    if entry.reason is Reason.UNSUBSCRIBE:
        return step(Action.LEAVE, "unsubscribed, which SES's list has no word for")
    if entry.expires_at or reason is None:
        return step(Action.LEAVE, "held for a while only, where SES's list would hold it for good")
    if entry.confidence is not Confidence.HIGH:
        return step(Action.LEAVE, "not sure enough for a list that holds for good")
    if is_simulator(address) or not _is_mailable(address):
        return step(Action.LEAVE, "no address that SES could mail")
    return step(Action.ADD_THERE, f"held for good here ({entry.reason}), and SES would mail it", reason)


def _is_mailable(address: str) -> bool:
    known = normalize(address)
    return known.valid and known.key == address


def _why_open(entry: Entry | None) -> str:
    if entry is None:
        return "it is not in the table"
    if entry.state is State.SUPPRESSED:
        return "its time in the table is over"
    return "it is only under watch here" if entry.state is State.WATCHING else "the table lets it through"


def _second(moment: datetime) -> datetime:
    """As entries keep times: in whole seconds of UTC."""
    return moment.astimezone(UTC).replace(microsecond=0)
