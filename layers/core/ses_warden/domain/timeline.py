"""What became of a mail, for each of its recipients: a fold over their events, in whatever order those came.

The status has a fixed precedence, since the order of events decides nothing: a server may accept a mail and send the bounce
hours later, and SES may retry after a bounce and deliver.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Status(StrEnum):
    """What became of a mail for one recipient; of several that apply, the first one here."""

    COMPLAINED = "complained"
    BOUNCED = "bounced"
    DELIVERED = "delivered"
    SOFT_BOUNCED = "soft-bounced"
    REJECTED = "rejected"
    RENDERING_FAILED = "rendering failed"
    DELAYED = "delayed"
    SENT = "sent"
    UNKNOWN = "unknown"


class Step(Protocol):
    """An event of a mail for one recipient (`*`: SES does not say whose): a fact, or a row of the ledger."""

    @property
    def recipient(self) -> str:
        """The recipient's key."""
        ...

    @property
    def type(self) -> str:
        """The event's type as SES names it."""
        ...

    @property
    def kind(self) -> str:
        """The type, refined by what the event means."""
        ...

    @property
    def at(self) -> datetime:
        """When it happened."""
        ...


@dataclass(frozen=True, slots=True)
class Timeline[S: Step]:
    """One recipient's part in a mail: its status, its steps by time, and how often it was opened and clicked.

    `bot_opens` and `bot_clicks` are not among `opens` and `clicks`.
    """

    recipient: str
    status: Status
    steps: tuple[S, ...]
    opens: int = 0
    bot_opens: int = 0
    clicks: int = 0
    bot_clicks: int = 0


def timelines[S: Step](steps: Iterable[S]) -> dict[str, Timeline[S]]:
    """The timelines of one mail by recipient; under `*` stand opens and clicks of a mail to several, of unknown origin."""
    by_recipient: defaultdict[str, list[S]] = defaultdict(list)
    for step in steps:
        by_recipient[step.recipient].append(step)
    return {recipient: _timeline(recipient, by_recipient[recipient]) for recipient in sorted(by_recipient)}


def status_of(steps: Iterable[Step]) -> Status:
    """What the events of one mail and recipient amount to.

    A report that the mail is no spam takes back a complaint about the same mail, whichever came first. An out-of-office reply is no
    bounce, an open or click no proof of a delivery: scanners on the way follow links too.
    """
    seen = {(step.type, step.kind) for step in steps}
    found = {status for event in seen if (status := _STATUSES.get(event))}
    if ("Complaint", "not-spam") in seen:
        found.discard(Status.COMPLAINED)
    return next((status for status in Status if status in found), Status.UNKNOWN)


def _timeline[S: Step](recipient: str, steps: list[S]) -> Timeline[S]:
    kinds = Counter(step.kind for step in steps)
    return Timeline(
        recipient=recipient,
        status=status_of(steps),
        steps=tuple(sorted(steps, key=lambda step: (step.at, _ORDER.get(step.type, len(_ORDER)), step.kind))),
        opens=kinds["open"],
        bot_opens=kinds["bot-open"],
        clicks=kinds["click"],
        bot_clicks=kinds["bot-click"],
    )


# Lists stopped a mail (SES calls it a bounce), or the server refused it for good: it was not delivered, whoever's fault that is.
_BOUNCED = ("hard-bounce", "unknown-bounce", "global-list", "list-hit", "policy-refusal")
_SOFT_BOUNCED = ("soft-bounce", "undetermined-bounce", "content-refusal")

_STATUSES: Mapping[tuple[str, str], Status] = {
    ("Complaint", "complaint"): Status.COMPLAINED,
    **{("Bounce", kind): Status.BOUNCED for kind in _BOUNCED},
    **{("Bounce", kind): Status.SOFT_BOUNCED for kind in _SOFT_BOUNCED},
    ("Delivery", "delivered"): Status.DELIVERED,
    ("Reject", "rejected"): Status.REJECTED,
    ("Rendering Failure", "rendering-failure"): Status.RENDERING_FAILED,
    ("DeliveryDelay", "delayed"): Status.DELAYED,
    ("Send", "sent"): Status.SENT,
}

# What comes first of what happened in the same millisecond: Send, Reject and Rendering Failure all have the time of the mail.
_ORDER = {name: place for place, name in enumerate(("Send", "Rendering Failure", "Reject", "DeliveryDelay", "Delivery", "Bounce"))}
