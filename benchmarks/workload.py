"""The mails that are assumed wherever a number depends on them, and the events that they cause."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import count, islice
from math import floor
from typing import Final

from tests.support.doors import compact
from tests.support.samples import make_event, ses_id

# Events of each kind for one mail to one recipient.
PER_MAIL: Final[Mapping[str, float]] = {
    "Send": 1.0,
    "Delivery": 1.0,
    "Open": 0.35,
    "Click": 0.05,
    "Bounce": 0.02,
    "Other": 0.01,
}
ACTIVITY: Final = ("Send", "Delivery", "Open", "Click")
BATCH: Final = 1000

# The samples that "others" stand for, in turns.
_OTHERS: Final = ("bounce-transient-general", "complaint-abuse", "bounce-transient-mailboxfull", "complaint-not-spam")


def activity(seed: str, sent_at: datetime) -> Iterator[str]:
    """The texts of activity events in the assumed proportions: one recipient each, no two alike, without end."""
    for number in count():
        for kind in ACTIVITY:
            if _comes(number, PER_MAIL[kind]):
                yield event_text(kind, f"{seed}-{number}", sent_at)


def batch(seed: str, sent_at: datetime, size: int = BATCH) -> list[str]:
    """The first of these events."""
    return list(islice(activity(seed, sent_at), size))


def feedback(seed: str, sent_at: datetime, mails: int) -> list[str]:
    """The texts of the feedback events that so many mails cause: hard bounces and others."""
    texts = [event_text("Bounce", f"{seed}-{n}", sent_at) for n in range(mails) if _comes(n, PER_MAIL["Bounce"])]
    others = [n for n in range(mails) if _comes(n, PER_MAIL["Other"])]
    return texts + [event_text(_OTHERS[turn % len(_OTHERS)], f"{seed}-other-{n}", sent_at) for turn, n in enumerate(others)]


def event_text(kind: str, mail: str, sent_at: datetime, recipient: str | None = None) -> str:
    """One event as SES sends it, four seconds after its mail; recipients are spread over a hundred domains."""
    address = recipient or f"{mail}@host-{sum(map(ord, mail)) % 100}.example.net"
    at = sent_at + timedelta(seconds=4)
    return compact(make_event(kind, message_id=ses_id(sent_at, mail), recipients=[address], at=at, sent_at=sent_at)) + "\n"


def _comes(number: int, share: float) -> bool:
    """Whether this mail is among the share of all: evenly, and the same ones in each run."""
    return floor((number + 1) * share + 1e-9) > floor(number * share + 1e-9)
