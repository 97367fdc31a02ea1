"""The demo's comparison: whatever differs is named, and makes the demo fail."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from demo.campaign import make_campaign
from demo.expected import Expected, Verdict
from demo.found import Found, compare
from demo.run import AGREED, DISAGREED, exit_code
from demo.second_act import Check

CAMPAIGN = make_campaign(100, 1, datetime(2026, 11, 24, 12, tzinfo=UTC))


def expected() -> Expected:
    """What a campaign leaves."""
    seen = Expected()
    seen.see_all(CAMPAIGN.activity + CAMPAIGN.feedback)
    return seen


def perfect() -> Found:
    """A stack that holds exactly that."""
    wanted = expected()
    return Found(
        rows=Counter(wanted.rows),
        counters=Counter(wanted.counters),
        entries=wanted.verdicts(),
        quarantine=Counter(wanted.quarantine),
        metrics=Counter(wanted.metrics),
        left={"ActivityQueue": 0, "FeedbackDeadLetterQueue": 0},
    )


ROW = next(iter(expected().rows))
COHORT = next(iter(expected().counters))
ADDRESS, VERDICT = next((key, verdict) for key, verdict in expected().verdicts().items() if verdict.reason == "complaint")
FOUND = perfect()
ELSEWHERE = COHORT._replace(scope="configuration-set/other")

CASES = [
    ("a row is missing", replace(FOUND, rows=FOUND.rows - Counter([ROW])), "rows of the events table"),
    ("a row is there twice", replace(FOUND, rows=FOUND.rows + Counter([ROW])), "rows of the events table"),
    (
        "a row has no configuration set",
        replace(FOUND, rows=FOUND.rows - Counter([ROW]) + Counter([ROW._replace(configuration_set="none")])),
        "rows of the events table",
    ),
    ("a count too many", replace(FOUND, counters=FOUND.counters + Counter([COHORT])), "counters, by scope and hour"),
    (
        "a count in the wrong scope",
        replace(FOUND, counters=FOUND.counters - Counter([COHORT]) + Counter([ELSEWHERE])),
        "counters, by scope and hour",
    ),
    (
        "an address is suppressed for another reason",
        replace(FOUND, entries={**FOUND.entries, ADDRESS: VERDICT._replace(reason="hard_bounce")}),
        "suppression entries",
    ),
    (
        "an address is suppressed for a time only",
        replace(FOUND, entries={**FOUND.entries, ADDRESS: VERDICT._replace(rest=14)}),
        "suppression entries",
    ),
    (
        "an address is suppressed that must not be",
        replace(FOUND, entries={**FOUND.entries, ("a@example.com", "account"): Verdict("suppressed", "complaint", "high", None)}),
        "suppression entries",
    ),
    (
        "an entry is missing",
        replace(FOUND, entries={k: v for k, v in FOUND.entries.items() if k != ADDRESS}),
        "suppression entries",
    ),
    ("a payload was not kept", replace(FOUND, quarantine=Counter()), "payloads in quarantine"),
    ("an event was set aside", replace(FOUND, quarantine=FOUND.quarantine + Counter(["{}"])), "payloads in quarantine"),
    ("a metric nobody expects", replace(FOUND, metrics=FOUND.metrics + Counter(["UnknownFields"])), "metrics"),
    ("a message was given up", replace(FOUND, left={"FeedbackDeadLetterQueue": 1}), "messages left in queues"),
]


def test_what_agrees_lets_the_demo_succeed() -> None:
    """Every row, counter, entry, payload and metric as expected, and nothing left in a queue."""
    compared = compare(expected(), perfect())

    assert [(c.expected, c.differences) for c in compared] == [(c.found, ()) for c in compared]
    assert exit_code(compared) == AGREED


@pytest.mark.parametrize(("found", "what"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_whatever_differs_is_named_and_makes_the_demo_fail(found: Found, what: str) -> None:
    """Also where the totals agree."""
    compared = compare(expected(), found)

    assert [comparison.what for comparison in compared if comparison.differences] == [what]
    assert exit_code(compared) == DISAGREED


def test_what_the_guard_did_not_do_makes_the_demo_fail() -> None:
    """Also where every number agrees."""
    compared = compare(expected(), perfect())

    assert exit_code(compared, [Check("paused", holds=True)]) == AGREED
    assert exit_code(compared, [Check("paused", holds=True), Check("refused", holds=False)]) == DISAGREED


def test_a_difference_is_told_in_words() -> None:
    """What it is about, what was expected, what was found."""
    [difference] = compare(expected(), replace(FOUND, counters=FOUND.counters + Counter([COHORT])))[1].differences

    scope, period, counter = COHORT
    wanted = FOUND.counters[COHORT]
    assert difference == f"{scope} {period} {counter}: expected {wanted}, found {wanted + 1}"
