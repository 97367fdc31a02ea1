"""Entries are read: what a change was, how long a row is kept, and what the verdict is in plain words."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise

import pytest

from ses_warden.domain.bounces import BounceKind
from ses_warden.domain.entries import MEMORY, Change, blocks, change, explain, keep_until
from ses_warden.domain.signals import Signal, bounce_signal
from tests.support.signals import (
    DAY,
    JANE,
    NOW,
    bounced,
    complained,
    delivered,
    fold,
    held,
    listed,
    not_spam,
    ordered,
    some,
    struck,
    subscribed,
)


def steps(signals: Sequence[Signal]) -> list[Change | None]:
    """What each signal did, one after the other."""
    entries = [fold(signals[:count]) for count in range(len(signals) + 1)]
    return [change(before, after) for before, after in pairwise(entries)]


@pytest.mark.parametrize(
    ("signals", "changes"),
    [
        ([bounced(BounceKind.HARD, 0), bounced(BounceKind.HARD, 1)], [Change.SUPPRESSED, None]),
        ([complained(0), not_spam(1)], [Change.SUPPRESSED, Change.RELEASED]),
        ([not_spam(1), complained(0)], [None, None]),
        ([ordered(0, block=False)], [None]),
        ([bounced(BounceKind.HARD, 0), ordered(1, block=False)], [Change.SUPPRESSED, Change.RELEASED]),
        (
            [*struck(0, 7, 14, 20, 44), delivered(50)],
            [None, None, Change.SUPPRESSED, None, Change.SUPPRESSED, Change.RELEASED],
        ),
        ([delivered(0)], [None]),
    ],
)
def test_a_change_is_told_once(signals: list[Signal], changes: list[Change | None]) -> None:
    """Suppressed and Released are counted when they come about, and another rest after an expired one too."""
    assert steps(signals) == changes


@pytest.mark.parametrize(
    ("signals", "expected"),
    [
        ([bounced(BounceKind.HARD, 0)], None),
        ([bounced(BounceKind.GLOBAL_LIST, 0)], NOW + 14 * DAY + MEMORY),
        (struck(0, 3), NOW + 3 * DAY + MEMORY),
        ([*struck(0, 3), delivered(9)], NOW + 3 * DAY + MEMORY),
        ([not_spam(0)], NOW + MEMORY),
    ],
)
def test_a_row_is_kept_as_long_as_it_matters(signals: list[Signal], expected: datetime | None) -> None:
    """For good while it suppresses for good, else half a year beyond its last fact or expiry; no delivery prolongs it."""
    assert keep_until(held(signals)) == expected


def test_nothing_is_blocked_without_an_entry() -> None:
    """An unknown address may be mailed."""
    assert not blocks(None, NOW)


@pytest.mark.parametrize(
    ("signals", "text"),
    [
        (
            [
                some(
                    bounce_signal(
                        BounceKind.HARD,
                        JANE,
                        at=NOW,
                        message_id="m",
                        status="5.1.1",
                        diagnostic="550 <jane@example.com> gone",
                    )
                )
            ],
            "suppressed for good, since 2026-11-24 10:00 UTC: a hard bounce (5.1.1 550 <j***@e***.com> gone).",
        ),
        (
            [bounced(BounceKind.HARD, 0, provisional=True)],
            "suppressed until 2026-11-25 10:00 UTC, since 2026-11-24 10:00 UTC: "
            "a hard bounce (5.1.1), in a storm of them from its domain and therefore believed for a day.",
        ),
        (
            [bounced(BounceKind.GLOBAL_LIST, 0)],
            "suppressed until 2026-12-08 10:00 UTC, since 2026-11-24 10:00 UTC: "
            "SES's global list refused it, since it bounced lately, maybe for other senders.",
        ),
        (
            [bounced(BounceKind.UNKNOWN_PERMANENT, 0)],
            "suppressed until 2026-12-08 10:00 UTC, since 2026-11-24 10:00 UTC: a permanent bounce of an unknown sub-type (5.1.1).",
        ),
        ([complained(0)], "suppressed for good, since 2026-11-24 10:00 UTC: the recipient complained about a mail."),
        (
            [complained(0, candidates=2)],
            "suppressed for good, since 2026-11-24 10:00 UTC: "
            "one of several recipients of a mail complained, and the provider does not say which.",
        ),
        (
            struck(-14, -7, 0),
            "suppressed until 2026-12-24 10:00 UTC, since 2026-11-24 10:00 UTC: "
            "3 failures in a row over 14 days, nothing delivered between.",
        ),
        (
            [listed(0)],
            "suppressed for good, since 2026-11-24 10:00 UTC: it is on SES's own suppression list, not known why.",
        ),
        (
            [ordered(0, block=True, note="jane@example.com asked")],
            "suppressed for good, since 2026-11-24 10:00 UTC: an operator blocked it (j***@e***.com asked).",
        ),
        (
            [subscribed(0, unsubscribed=True)],
            "In contact-list/news: suppressed for good, since 2026-11-24 10:00 UTC: "
            "the recipient unsubscribed from the whole list.",
        ),
        (struck(0), "not suppressed, under watch: 1 failure in a row over 0 days, nothing delivered since."),
        (
            [ordered(0, block=False)],
            "not suppressed: an operator released it on 2026-11-24 10:00 UTC (asked by phone).",
        ),
        ([complained(0), not_spam(0)], "not suppressed: the recipient reported that the mail was no spam."),
        ([*struck(0), delivered(1)], "not suppressed: mail was delivered after the last failure."),
        (
            [subscribed(0, unsubscribed=False)],
            "In contact-list/news: not suppressed: subscribed on 2026-11-24 10:00 UTC.",
        ),
    ],
)
def test_a_verdict_is_told_in_plain_words(signals: list[Signal], text: str) -> None:
    """What, until when, since when and why; no address appears in it."""
    assert explain(held(signals)) == text
