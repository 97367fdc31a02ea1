"""The mails that are assumed wherever a number depends on them, and the events that they cause."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count, islice
from math import floor
from typing import Final
from zlib import crc32

from ses_warden_cli.samples.doors import compact
from tests.support.samples import make_event, ses_id

# Events of each kind for one mail to one recipient. A bounce here is a hard one.
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

# The samples that stand for the others, in turns.
_OTHERS: Final = ("bounce-transient-general", "complaint-abuse", "bounce-transient-mailboxfull", "complaint-not-spam")
_DOMAINS = 100
_BETWEEN_MAILS = timedelta(milliseconds=13)
_UNTIL_EVENT = timedelta(seconds=4)


def activity(seed: str, sent_at: datetime, kinds: Sequence[str] = ACTIVITY) -> Iterator[str]:
    """The texts of activity events in the assumed proportions: one recipient each, no two alike, without end."""
    for number in count():
        for kind in kinds:
            if _comes(number, PER_MAIL[kind]):
                yield event_text(kind, f"{seed}-{number}", sent_at + number * _BETWEEN_MAILS)


def batch(seed: str, sent_at: datetime, size: int = BATCH, kinds: Sequence[str] = ACTIVITY) -> list[str]:
    """The first of these events."""
    return list(islice(activity(seed, sent_at, kinds), size))


def feedback(seed: str, sent_at: datetime, mails: int) -> list[str]:
    """The texts of the feedback events that so many mails cause: hard bounces, then the others."""
    bounces = [number for number in range(mails) if _comes(number, PER_MAIL["Bounce"])]
    others = [number for number in range(mails) if _comes(number, PER_MAIL["Other"])]
    kinds = ["Bounce"] * len(bounces) + [_OTHERS[turn % len(_OTHERS)] for turn in range(len(others))]
    numbers = [*bounces, *(number + mails for number in others)]
    return [
        event_text(kind, f"{seed}-{number}", sent_at + number * _BETWEEN_MAILS) for kind, number in zip(kinds, numbers, strict=True)
    ]


def event_text(
    kind: str, mail: str, sent_at: datetime, *, recipient: str | None = None, configuration_set: str = "marketing"
) -> str:
    """One event as SES sends it, some seconds after its mail; recipients are spread over many domains unless one is given."""
    event = make_event(
        kind,
        message_id=ses_id(sent_at, mail),
        recipients=[recipient or f"{mail}@host-{crc32(mail.encode()) % _DOMAINS}.example.net"],
        at=sent_at + _UNTIL_EVENT,
        sent_at=sent_at,
        configuration_set=configuration_set,
    )
    return compact(event) + "\n"


def _comes(number: int, share: float) -> bool:
    """Whether this mail is among that share of all: evenly, and the same ones in each run."""
    # A share of 0.35 is a little less in binary.
    return floor((number + 1) * share + 1e-9) > floor(number * share + 1e-9)
