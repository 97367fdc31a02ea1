"""Publishes a campaign to the two topics, as SES does, and waits until the stack has taken all of it in."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import batched

from demo.campaign import Message, live_mail
from demo.expected import Expected
from demo.runs import Runs
from demo.stories import ACTIVITY, FEEDBACK, SORTS, Event, Mail
from tests.support.samples import wrap_sqs
from tests.support.stack import Stack

type Show = Callable[[int], None]

# https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
BATCH = 10
# How long anything may take that takes less than a second on an idle machine.
PATIENCE_SECONDS = 60.0
GLANCE_SECONDS, GLANCE_MARGIN_MS = 2.0, 5_000
QUEUES = ("ActivityQueue", "FeedbackRetryQueue")


class Disturbed(RuntimeError):
    """The stack did not take in what was published; the message says what it did not do."""


def _silent(_: int) -> None:
    """Shows nothing."""


@dataclass
class Lanes:
    """The two lanes of a stack, and what was published to them.

    `queued` messages went through the activity lane's queue, `handed_over` batches past it, `fed` messages to the feedback
    function. `rows_seconds` and `entries_seconds` are how long live mails waited for their rows and suppressions.
    """

    stack: Stack
    expected: Expected
    feedback: Runs
    activity: Runs
    queued: int = 0
    fed: int = 0
    handed_over: int = 0
    rows_seconds: list[float] = field(default_factory=list)
    entries_seconds: list[float] = field(default_factory=list)
    _next_glance: float = 0.0

    @classmethod
    def of(cls, stack: Stack) -> "Lanes":
        """The lanes of a stack from now on."""
        return cls(stack, Expected(), Runs(stack, "FeedbackFunction"), Runs(stack, "ActivityFunction"))

    def publish_activity(self, messages: Sequence[Message], show: Show = _silent, show_recorded: Show = _silent) -> None:
        """Publishes ten at a time; SQS keeps what the function has not taken yet. `show` hears how many are published."""
        for some in batched(messages, BATCH, strict=False):
            self.expected.see_all(some)
            answer = self.stack.sns.publish_batch(
                TopicArn=self.stack.resources[ACTIVITY],
                PublishBatchRequestEntries=[{"Id": str(n), "Message": message.text()} for n, message in enumerate(some)],
            )
            if answer["Failed"]:
                raise Disturbed(f"{ACTIVITY} refused {len(answer['Failed'])} messages")
            self.queued += len(some)
            show(self.queued)
            self._glance(show_recorded)

    def publish_feedback(self, messages: Sequence[Message], show: Show = _silent, show_recorded: Show = _silent) -> None:
        """Publishes one event after another, each when the run before has ended, while the queue is worked off.

        The emulator would start a process for each event that overlaps with another.
        """
        for number, message in enumerate(messages, 1):
            self._publish_and_wait(message)
            show(number)
            self._glance(show_recorded)

    def drain(self, show: Show = _silent) -> None:
        """Waits until the queues are empty, as long as they get emptier. `show` hears how many events they have given."""
        left, since = self._waiting(), time.monotonic()
        while left:
            time.sleep(0.1)
            self._glance(show)
            now = self._waiting()
            if now < left:
                left, since = now, time.monotonic()
            elif time.monotonic() > since + PATIENCE_SECONDS:
                raise Disturbed(f"{left} messages still wait after {PATIENCE_SECONDS:g} s in which none was taken")
        self.activity.poll(GLANCE_MARGIN_MS)
        show(self.queued)

    def hand_over(self, messages: Sequence[Message]) -> None:
        """Gives messages to the activity function as one batch, as AWS does; the emulator's own batches have ten at the most."""
        self.expected.see_all(messages)
        self.handed_over += 1
        before = self.activity.poll(GLANCE_MARGIN_MS)
        answer = self.stack.invoke("ActivityFunction", wrap_sqs([message.text() for message in messages]))
        if answer != {"batchItemFailures": []}:
            raise Disturbed(f"ActivityFunction failed for a part of a batch: {json.dumps(answer)[:200]}")
        _wait(lambda: self.activity.poll(GLANCE_MARGIN_MS) > before, "log of a batch")

    def lags(self) -> list[float]:
        """What the functions reported of live events as the metric `Lag`, in milliseconds; all others are older."""
        return [lag for runs in (self.feedback, self.activity) for lag in runs.lags if lag < 1000 * PATIENCE_SECONDS]

    def send_live(self, mail: Mail) -> Mail:
        """Sends a live mail now; measures how long its row takes."""
        mail = live_mail(mail, datetime.now(UTC))
        message = Message(ACTIVITY, Event(SORTS["send"], mail, mail.sent_at))
        self.expected.see(message)
        self.queued += 1
        runs = self.activity.poll(GLANCE_MARGIN_MS)
        started = time.monotonic()
        self.stack.publish(ACTIVITY, message.text())
        _wait(lambda: self.stack.rows("EventsTable", message_id=mail.message_id), "row of a live mail")
        self.rows_seconds.append(time.monotonic() - started)
        _wait(lambda: self.activity.poll(GLANCE_MARGIN_MS) > runs, "end of a run of ActivityFunction")
        return mail

    def bounce_live(self, mail: Mail) -> None:
        """A live mail bounces now; measures how long the suppression of its recipient takes."""
        message = Message(FEEDBACK, Event(SORTS["hard bounce"], mail, datetime.now(UTC)))
        self.expected.see(message)
        self.fed += 1
        runs = self.feedback.poll()
        started = time.monotonic()
        self.stack.publish(FEEDBACK, message.text())
        _wait(lambda: self.stack.rows("SuppressionTable", address=mail.key), "suppression of a live mail's recipient")
        self.entries_seconds.append(time.monotonic() - started)
        _wait(lambda: self.feedback.poll() > runs, "end of a run of FeedbackFunction")

    def _publish_and_wait(self, message: Message) -> None:
        before = self.feedback.poll()
        self.expected.see(message)
        self.fed += 1
        self.stack.publish(FEEDBACK, message.text())
        _wait(lambda: self.feedback.poll() > before, "end of a run of FeedbackFunction")

    def _glance(self, show: Show) -> None:
        """Now and then: read the log, tell how far the queue is."""
        if time.monotonic() >= self._next_glance:
            self.activity.poll(GLANCE_MARGIN_MS)
            show(self.queued - self.stack.waiting("ActivityQueue"))
            self._next_glance = time.monotonic() + GLANCE_SECONDS

    def _waiting(self) -> int:
        return sum(self.stack.waiting(queue) for queue in QUEUES)


def _wait(look: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not look():
        if time.monotonic() > deadline:
            raise Disturbed(f"no {what} within {PATIENCE_SECONDS:g} s")
        time.sleep(0.005)
