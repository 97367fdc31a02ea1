"""What the demo prints: at most 100 columns, nothing that a stranger could make a terminal do."""

import io
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from rich.console import Console

from demo import report
from demo.bills import Bill
from demo.campaign import make_campaign
from demo.expected import Expected
from demo.found import Found, compare
from demo.second_act import Check, Played
from ses_warden.domain.entries import Entry
from ses_warden.domain.recorded import RecordedEvent
from ses_warden.domain.signals import ACCOUNT, Signal, SignalKind
from ses_warden.domain.suppression import decide
from ses_warden.domain.timeline import timelines

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOSTILE = "\x1b]0;title\x07\x1b[31m[/red] [203.0.113.17]\x1b[0m\n" + "long " * 60


def printed(show: Callable[[Console], None]) -> str:
    """What is shown without a terminal."""
    file = io.StringIO()
    show(report.console(file))
    return file.getvalue()


def expected() -> Expected:
    """What a campaign leaves."""
    seen = Expected()
    campaign = make_campaign(100, 1, NOON)
    seen.see_all(campaign.activity + campaign.feedback)
    return seen


def found() -> Found:
    """A stack that holds exactly that."""
    wanted = expected()
    rows, quarantine = Counter(wanted.rows), Counter(wanted.quarantine)
    return Found(rows, Counter(wanted.counters), wanted.verdicts(), quarantine, Counter(wanted.metrics), {"ActivityQueue": 0})


def entry(address: str) -> Entry:
    """An address that bounced, with an answer that no terminal should see."""
    signal = Signal(SignalKind.HARD_BOUNCE, address, ACCOUNT, NOON, address, "m1", "5.1.1", HOSTILE)
    bounced = decide(None, signal)
    assert bounced
    return bounced


def steps() -> list[RecordedEvent]:
    """A mail that was opened by a hostile reader."""
    opened = RecordedEvent("m1", "jane@example.com", "Open", "open", NOON, None, "set", None, None, None, {"userAgent": HOSTILE})
    return [opened._replace(type="Send", kind="sent", detail={}), opened]


SHOWN: dict[str, Callable[[Console], None]] = {
    "suppression table": lambda on: report.suppression_table(on, [entry(f"jane{n}@{'long.' * 12}example") for n in range(9)]),
    "timeline": lambda on: report.timeline(on, timelines(steps())["jane@example.com"]),
    "counts": lambda on: report.counts(on, expected(), found()),
    "comparisons": lambda on: report.comparisons(on, compare(expected(), found()), expected(), found()),
    "lag": lambda on: report.lag(on, [0.02, 0.03], [0.1], [12, 13]),
    "calls": lambda on: report.calls(on, {"TransactWriteItems": 1234567}, 5000),
    "bill": lambda on: report.bill(on, Bill(sns_publishes=1e6), Bill(write_units=1e6)),
}


@pytest.mark.parametrize("show", SHOWN.values(), ids=SHOWN)
def test_everything_fits_100_columns_and_is_printable(show: Callable[[Console], None]) -> None:
    """Also what recipients and their servers wrote."""
    lines = printed(show).splitlines()

    assert lines
    assert max(map(len, lines)) <= 100
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("name", ["suppression table", "timeline"])
def test_brackets_in_what_strangers_wrote_are_shown(name: str) -> None:
    """They are no markup: servers write addresses in them."""
    assert "[/red] [203.0.113.17]" in printed(SHOWN[name]).replace("\n", " ")


def test_of_each_reason_some_entries_are_shown_and_all_are_counted() -> None:
    """Nine addresses bounced, two of them are shown."""
    text = printed(lambda on: report.suppression_table(on, [entry(f"jane{number}@example.com") for number in range(9)]))

    assert "9 hard bounce" in text
    assert text.count("@example.com") == 2


def test_a_difference_is_marked_and_told() -> None:
    """In the table of what was compared, and below it what exactly differs."""
    less = replace(found(), quarantine=Counter())

    text = printed(lambda on: report.comparisons(on, compare(expected(), less), expected(), less))

    assert text.count("DIFFERS") == 1
    assert "payloads in quarantine: " in text
    assert "DIFFERS" not in printed(SHOWN["comparisons"])


def test_progress_is_told_in_lines_where_there_is_no_terminal() -> None:
    """One for each quarter that is done."""

    def work(on: Console) -> None:
        with report.bars(on) as bars:
            bars.add("feedback recorded", 40)
            for done in range(1, 41):
                bars.show("feedback recorded", done)

    assert printed(work).split("\n")[:-1] == [f"  feedback recorded: {done} of 40" for done in (10, 20, 30, 40)]


def test_the_second_act_says_what_was_spared_and_what_is_not_so() -> None:
    """Numbers of the whole list, each check with its answer; a hostile reason commands nothing."""
    checks = [Check("the set was paused", holds=True), Check("its next mail was refused", holds=False, seen=HOSTILE)]
    played = Played(20, 400, 75, 3000, 556, HOSTILE, 48.2, checks)

    text = printed(lambda on: report.second_act(on, played))

    words = [line.split() for line in text.splitlines()]
    assert ["spared", "2,600", "481"] in words
    assert ["the", "set", "was", "paused", "yes"] in words
    assert "its next mail was refused  NO" in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= report.WIDTH
    assert "NOT SO: its next mail was refused (9 s)" in printed(lambda on: report.verdict(on, [], checks, 9))
    assert "the guard did what it should (9 s)" in printed(lambda on: report.verdict(on, [], checks[:1], 9))
