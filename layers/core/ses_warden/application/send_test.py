"""Sends mail to SES's mailbox simulator, and to nobody else, and waits until its events are recorded.

The simulator counts in no rate of SES or of ours, and puts nobody on a list; its mails cost what a mail costs:
https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html#send-email-simulator
"""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol

from ses_warden.domain.findings import Finding
from ses_warden.domain.health import broken, unknown, warn, well
from ses_warden.domain.recorded import RecordedEvent
from ses_warden.errors import NotSent, Unseen

_POLL_SECONDS = 1.0
_FEEDBACK = frozenset({"Bounce", "Complaint"})
# What comes of a mail to each mailbox. The order of events is nobody's promise.
WANTED: Final[Mapping[str, tuple[str, ...]]] = {
    "success": ("Send", "Delivery"),
    "bounce": ("Send", "Bounce"),
    "complaint": ("Send", "Delivery", "Complaint"),
}
_SIMULATOR: Final = "https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html"


class Post(Protocol):
    """Sends a mail."""

    def send(self, sender: str, recipient: str, configuration_set: str) -> str:
        """The mail's id. Raises `NotSent`, whose message is SES's code, or `Unseen` where the right is missing."""
        ...


class Arrivals(Protocol):
    """The recorded events, as of the port `Mails`."""

    def rows(self, message_ids: Sequence[str]) -> Iterable[Sequence[RecordedEvent]]:
        """All rows of each of these mails, in the order of the ids. Raises `LedgerError`."""
        ...


@dataclass(slots=True)
class Trial:
    """A mail to a mailbox of the simulator; `seen` is after how many seconds each type of event was found."""

    mailbox: str
    message_id: str
    sent_at: float
    seen: dict[str, float] = field(default_factory=dict)

    @property
    def missing(self) -> list[str]:
        """The types that have not come."""
        return [one for one in WANTED[self.mailbox] if one not in self.seen]


class Clock(NamedTuple):
    """Time as a trial sees it, in seconds."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def send_all(post: Post, sender: str, configuration_set: str, clock: Clock) -> Iterator[Trial]:
    """A mail to each mailbox, under a label that nobody else uses. Raises what `Post` does."""
    label = f"doctor-{uuid.uuid4().hex[:12]}"
    for mailbox in WANTED:
        began = clock.now()
        yield Trial(mailbox, post.send(sender, f"{mailbox}+{label}@simulator.amazonses.com", configuration_set), began)


def wait_for_all(
    trials: Sequence[Trial], arrivals: Arrivals, timeout: float, clock: Clock, progress: Callable[[Sequence[Trial]], None]
) -> None:
    """Looks again and again until each event is there, or `timeout` seconds are over. Raises `LedgerError`."""
    until = clock.now() + timeout
    while True:
        for trial, rows in zip(trials, arrivals.rows([one.message_id for one in trials]), strict=True):
            for row in rows:
                trial.seen.setdefault(row.type, clock.now() - trial.sent_at)
        progress(trials)
        if clock.now() >= until or not any(trial.missing for trial in trials):
            return
        clock.sleep(min(_POLL_SECONDS, max(0.0, until - clock.now())))


def judge_trial(trial: Trial, timeout: float) -> Finding:
    """What came of a mail."""
    code, where = f"test.{trial.mailbox}", f"{trial.mailbox}@simulator"
    came = ", ".join(f"{kind} after {seconds:.0f} s" for kind, seconds in sorted(trial.seen.items(), key=lambda one: one[1]))
    missing = trial.missing
    if not missing:
        return well(code, where, came)
    lost = f"{' and '.join(missing)} did not arrive within {timeout:.0f} s"
    lanes = sorted({"feedback" if one in _FEEDBACK else "activity" for one in missing})
    mend = (
        f"Look at the {' and the '.join(lanes)} lane: the lines of its destination, topic, subscription, function and queue, and "
        f"the function's log. `ses-warden message show {trial.message_id}` tells what came since."
    )
    return broken(code, where, f"{lost}; {f'there is {came}' if came else 'nothing else came'}", mend)


def judge_refusal(error: NotSent | Unseen) -> Finding:
    """Why the pipe could not be tried."""
    code, where = "test.sent", "send test"
    if isinstance(error, Unseen):
        return unknown(code, where, f"could not be sent: {error}", f"Whoever asks needs the right {error.right}.")
    word = str(error)
    match word:
        case "MessageRejected" | "MailFromDomainNotVerifiedException":
            mend = (
                "Verify the address of --from or its domain in this Region, or give another one; the mailbox simulator needs none."
            )
            return warn(
                code, where, f"SES refuses to send from the address of --from ({word}): is it verified here?", mend, _SIMULATOR
            )
        case "SendingPausedException" | "AccountSuspendedException":
            mend = "`ses-warden status` says who paused what; `ses-warden resume` lets it go on."
            return broken(code, where, f"SES does not send: {word}", mend)
        case "NotFoundException":
            return broken(code, where, "SES knows no such configuration set", "See the lines about the configuration sets.")
        case _:
            return warn(code, where, f"SES did not take the mail: {word}", "Try again; SES's page on the error says why.")
