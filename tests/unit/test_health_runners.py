"""What works events off, judged: functions and what feeds them, rules, queues, the quarantine, alarms."""

from datetime import UTC, datetime, timedelta

import pytest

from ses_warden.domain.findings import Finding, Standing
from ses_warden.domain.health import Alarm, Function, Heap, Queue, Source
from ses_warden.domain.health_runners import (
    Wanted,
    judge_age,
    judge_alarms,
    judge_dead_letters,
    judge_function,
    judge_quarantine,
    judge_rule,
    judge_sources,
    spell,
)

OK, UNKNOWN, WARN, BROKEN = Standing.OK, Standing.UNKNOWN, Standing.WARN, Standing.BROKEN
NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
QUEUE = "arn:aws:sqs:eu-west-1:111122223333:retry"
FUNCTION = "arn:aws:lambda:eu-west-1:111122223333:function:feedback"
WELL = Function(FUNCTION, "Active", "", "Successful", None)


def check(finding: Finding, standing: Standing, words: str) -> None:
    """Whether it stands so and says so; what is not well says how to mend it."""
    assert (finding.standing, words in f"{finding.what} | {finding.mend}") == (standing, True), finding
    assert (finding.standing is OK) == (not finding.mend), finding


@pytest.mark.parametrize(
    ("seen", "standing", "words"),
    [
        (WELL, OK, "it is active"),
        (WELL._replace(state="Inactive"), OK, "it is inactive"),
        (WELL._replace(state="Pending", last_update="InProgress"), OK, "it is pending"),
        (WELL._replace(reserved=50), OK, "it is active"),
        (WELL._replace(state="Failed", reason="no \x1b[31maccess\nto the role"), BROKEN, "it is Failed: no access to the role"),
        (WELL._replace(last_update="Failed"), WARN, "it runs what was deployed before"),
        (WELL._replace(reserved=0), BROKEN, "switched off"),
        (None, BROKEN, "no such function"),
    ],
)
def test_a_function_can_run(seen: Function | None, standing: Standing, words: str) -> None:
    """As it was deployed last; an idle one wakes up by itself."""
    [finding] = judge_function("FeedbackFunction", seen)
    check(finding, standing, words)


@pytest.mark.parametrize(
    ("seen", "standing", "words"),
    [
        ([Source(QUEUE, "Enabled", "No records processed")], OK, "it is fed from retry"),
        ([Source(QUEUE, "Updating", "OK")], OK, "(Updating)"),
        ([Source(QUEUE, "Disabled", "", "u-1")], BROKEN, "update-event-source-mapping --uuid u-1 --enabled"),
        ([Source(QUEUE, "Deleting", "")], BROKEN, "the mapping is Deleting"),
        ([Source(QUEUE, "Disabled", "")], BROKEN, "no longer fed from retry: the mapping is Disabled"),
        ([Source(QUEUE, "Disabled", ""), Source(QUEUE, "Enabled", "OK")], OK, "it is fed from retry"),
        ([Source(QUEUE + "-2", "Enabled", "OK")], BROKEN, "nothing feeds it from retry"),
        ([], BROKEN, "nothing feeds it"),
        ([Source(QUEUE, "Enabled", "PROBLEM: Function call failed")], BROKEN, "PROBLEM: Function call failed"),
    ],
)
def test_a_function_is_fed(seen: list[Source], standing: Standing, words: str) -> None:
    """From the queue that waits for it."""
    [finding] = judge_sources("FeedbackFunction", seen, [QUEUE])
    check(finding, standing, words)


def test_a_stream_goes_by_the_name_of_its_table() -> None:
    """Not by the time at which it was made."""
    stream = "arn:aws:dynamodb:eu-west-1:111122223333:table/suppression/stream/2026-11-24T00:00:00.000"
    [finding] = judge_sources("PublisherFunction", [Source(stream, "Enabled", "OK")], [stream])
    check(finding, OK, "it is fed from suppression")


@pytest.mark.parametrize(
    ("state", "wanted", "standing", "words"),
    [
        ("ENABLED", True, OK, "the guard looks"),
        ("ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS", True, OK, "the guard looks"),
        ("DISABLED", True, BROKEN, "aws events enable-rule --name mail-Rule-1"),
        (None, True, BROKEN, "there is no rule by which the guard looks"),
        ("DISABLED", False, OK, "as GuardMode wants it"),
        ("ENABLED", False, WARN, "though GuardMode is off"),
    ],
)
def test_a_rule_is_as_the_stack_wants_it(state: str | None, *, wanted: bool, standing: Standing, words: str) -> None:
    """On, unless the guard is switched off."""
    check(judge_rule("Rule", "mail-Rule-1", state, Wanted("the guard looks", wanted, "GuardMode")), standing, words)


def queue(visible: int = 0, in_flight: int = 0) -> Queue:
    """A queue with so many messages."""
    return Queue(QUEUE, visible, in_flight, "", "arn:dlq")


@pytest.mark.parametrize(
    ("seen", "oldest", "standing", "words"),
    [
        (queue(), None, OK, "nothing waits"),
        (queue(), 9000.0, OK, "nothing waits"),  # CloudWatch is minutes late
        (queue(3, 2), None, OK, "5 wait or are being recorded"),
        (queue(1), None, OK, "1 waits or is being recorded"),
        (queue(3), 599.0, OK, "the oldest for 9 min 59 s"),
        (queue(1500, 1), 600.0, WARN, "1,501 wait or are being recorded, the oldest for 10 min"),
    ],
)
def test_events_do_not_wait_for_longer_than_the_alarm_allows(
    seen: Queue, oldest: float | None, standing: Standing, words: str
) -> None:
    """By CloudWatch's age of the oldest message."""
    check(judge_age("ActivityQueue", seen, oldest, 600), standing, words)


def test_what_was_given_up_is_broken() -> None:
    """Also while somebody looks at it."""
    check(judge_dead_letters("DeadLetters", queue(), "redrive"), OK, "nothing was given up")
    check(judge_dead_letters("DeadLetters", queue(1, 2), "redrive"), BROKEN, "3 messages were given up")


@pytest.mark.parametrize(
    ("heap", "standing", "words"),
    [
        (Heap(0, False, 0, None), OK, "it is empty"),
        (Heap(10_000, True, 0, NOW - timedelta(days=3)), UNKNOWN, "replay --quarantine --plan` looks at them all"),
        (Heap(7, False, 0, NOW - timedelta(days=3)), OK, "7 payloads from before, none of the last day"),
        (
            Heap(1000, True, 12, NOW - timedelta(minutes=5)),
            WARN,
            "1,000 or more payloads that cannot be read, 12 of the last day, the last 5 min",
        ),
    ],
)
def test_the_quarantine_does_not_grow(heap: Heap, standing: Standing, words: str) -> None:
    """What lies there for longer was seen before."""
    check(judge_quarantine("QuarantineBucket", heap, NOW), standing, words)


def test_alarms_that_speak_or_are_mute_have_a_line_each() -> None:
    """Those that are well have one together."""
    quiet, loud, mute = Alarm("Silence", False, True), Alarm("GuardNotRunning", True, True), Alarm("PolicyRefusals", False, False)
    [finding] = judge_alarms([quiet])
    check(finding, OK, "none of 1 is in alarm")
    first, second = judge_alarms([quiet, loud, mute])
    check(first, WARN, "it is in alarm")
    assert first.where == "GuardNotRunning"
    check(second, WARN, "nobody is told when these speak: PolicyRefusals")
    [finding] = judge_alarms([])
    check(finding, WARN, "none of the stack's alarms")


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59.6, "1 min"), (61, "1 min 1 s"), (3600, "1 h"), (5400, "1 h 30 min"), (90000, "1 d 1 h"), (-5, "0 s")],
)
def test_lengths_of_time_are_words(seconds: float, words: str) -> None:
    """With the next smaller unit."""
    assert spell(seconds) == words
