"""The sums over DMARC reports: nothing is counted twice or lost, however it is cut."""

from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_warden.domain import dmarc_summary
from ses_warden.domain.dmarc import Report, Source
from ses_warden.domain.dmarc_published import Published
from ses_warden.domain.dmarc_sources import Kind
from ses_warden.domain.dmarc_summary import REST, Tally, summarize
from tests.support.dmarc_ways import (
    DOMAIN,
    OTHER_ADDRESS,
    OWN_ENVELOPE,
    SES_ADDRESS,
    STRANGE_ADDRESS,
    TODAY,
    report,
    source,
    through_ses,
    unsigned_ses,
)

KNOWN = {SES_ADDRESS}


def test_the_sums_are_those_of_the_reports() -> None:
    """By kind, source, reporter, day and author; the unknown first, the greatest of a kind first."""
    own = source(OTHER_ADDRESS, 5, spf=True, envelope=(OWN_ENVELOPE,), author=f"shop.{DOMAIN}")
    reports = [
        report(2, through_ses(100), own, source(count=7, disposition="quarantine")),
        report(1, through_ses(50), unsigned_ses(3), source(count=2, disposition="reject"), source("203.0.113.1", 90)),
        report(1, through_ses(10, disposition="pass"), reporter="Yahoo"),
    ]
    found = summarize(DOMAIN, reports, KNOWN)
    assert (found.total.mails, found.total.passed, found.total.failed, found.reports) == (267, 165, 102, 3)
    assert dict(found.total.dispositions) == {"none": 258, "quarantine": 7, "reject": 2}
    assert {kind: tally.mails for kind, tally in found.kinds.items()} == {
        Kind.STRANGER: 99,
        Kind.SES_UNSIGNED: 3,
        Kind.OURS_OTHER: 5,
        Kind.OURS_SES: 160,
    }
    assert [(one.kind, one.address, one.tally.mails) for one in found.sources] == [
        (Kind.STRANGER, "203.0.113.1", 90),
        (Kind.STRANGER, STRANGE_ADDRESS, 9),
        (Kind.SES_UNSIGNED, SES_ADDRESS, 3),
        (Kind.OURS_OTHER, OTHER_ADDRESS, 5),
        (Kind.OURS_SES, SES_ADDRESS, 160),
    ]
    assert {name: tally.mails for name, tally in found.reporters.items()} == {"google.com": 257, "yahoo": 10}
    assert {day: tally.mails for day, tally in found.days.items()} == {date(2026, 11, 22): 112, date(2026, 11, 23): 155}
    assert {name: sum(tally.mails for tally in kinds.values()) for name, kinds in found.authors.items()} == {
        DOMAIN: 262,
        f"shop.{DOMAIN}": 5,
    }
    assert found.ours == Tally(
        165, 165, 160, 165, 5, found.kinds[Kind.OURS_OTHER].dispositions + found.kinds[Kind.OURS_SES].dispositions
    )
    assert (found.first, found.last) == (TODAY - timedelta(days=2), TODAY)


SOURCES = st.builds(
    source,
    st.sampled_from([SES_ADDRESS, OTHER_ADDRESS, STRANGE_ADDRESS, "no address", ""]),
    st.integers(0, 10**9),
    dkim=st.booleans(),
    spf=st.booleans(),
    disposition=st.sampled_from(["none", "pass", "quarantine", "reject", "whatever"]),
    author=st.sampled_from([DOMAIN, f"a.{DOMAIN}", "", "\x1b[2J"]),
)


@given(st.lists(st.lists(SOURCES, max_size=5), max_size=5))
def test_every_division_adds_up_to_the_total(lists: list[list[Source]]) -> None:
    """Whatever reports tell."""
    found = summarize(DOMAIN, [report(day + 1, *some) for day, some in enumerate(lists)], KNOWN)
    told = sum(one.count for some in lists for one in some)
    assert found.total.mails == told == sum(found.total.dispositions.values())
    by_author = [tally for kinds in found.authors.values() for tally in kinds.values()]
    for tallies in (
        found.kinds.values(),
        found.reporters.values(),
        found.days.values(),
        by_author,
        [one.tally for one in found.sources],
    ):
        tallies = list(tallies)
        for name in ("mails", "passed", "dkim", "spf", "spf_alone"):
            assert sum(getattr(tally, name) for tally in tallies) == getattr(found.total, name)
    assert found.total.passed == sum(one.count for some in lists for one in some if one.passes)


def test_what_is_too_many_is_summed_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of addresses and names takes bounded room, and no mail is lost."""
    monkeypatch.setattr(dmarc_summary, "_MOST_TRACES", 10)
    monkeypatch.setattr(dmarc_summary, "_MOST_NAMES", 3)
    reports = [
        report(1, source(f"203.0.113.{number}", author=f"a{number}.{DOMAIN}"), reporter=f"r{number}") for number in range(50)
    ]
    found = summarize(DOMAIN, reports, ())
    assert found.cut
    assert found.total.mails == 50
    assert len(found.sources) == 11
    assert next(one for one in found.sources if one.address == REST).tally.mails == 40
    assert set(found.reporters) == {"r0", "r1", "r2", REST}
    assert len(found.authors) == 4


def test_who_sends_a_report_in_anothers_name_is_named() -> None:
    """The name in a report is anybody's, the domain of its mail is proved."""
    senders = ("", "google.com", "dmarc.google.com", "evil.example", "notgoogle.com")
    found = summarize(DOMAIN, [report(1, through_ses(), sender=sender) for sender in senders], ())
    assert {name: tally.mails for name, tally in found.reporters.items()} == {
        "google.com": 3,
        "google.com (evil.example)": 1,
        "google.com (notgoogle.com)": 1,
    }


def test_a_flood_of_forgers_takes_no_room_from_what_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """What passes is kept apart from what fails."""
    monkeypatch.setattr(dmarc_summary, "_MOST_TRACES", 10)
    flood = [source(f"203.0.113.{number}") for number in range(50)]
    found = summarize(DOMAIN, [report(2, *flood), report(1, through_ses(7))], KNOWN)
    assert found.kinds[Kind.OURS_SES].mails == 7


DAYS = {
    "the last days of all": (datetime(9999, 12, 30, tzinfo=UTC), 24, date(9999, 12, 30)),
    "UTC": (datetime(2026, 11, 22, tzinfo=UTC), 24, date(2026, 11, 22)),
    "the midnight of California": (datetime(2026, 11, 22, 8, tzinfo=UTC), 24, date(2026, 11, 22)),
    "the midnight of Tokyo": (datetime(2026, 11, 22, tzinfo=timezone(timedelta(hours=9))), 24, date(2026, 11, 22)),
    "an hour": (datetime(2026, 11, 22, 23, tzinfo=UTC), 1, date(2026, 11, 22)),
}


@pytest.mark.parametrize("name", DAYS)
def test_a_report_is_of_the_day_of_its_middle(name: str) -> None:
    """Reports begin at the midnight of anywhere."""
    begin, hours, day = DAYS[name]
    told = Report("r", "1", DOMAIN, begin, begin + timedelta(hours=hours), (source(),))
    assert list(summarize(DOMAIN, [told], ()).days) == [day]


POLICIES: dict[str, tuple[list[Report], Published]] = {
    "none tells": ([report(2, policy=None)], Published()),
    "one for all the time": ([report(day) for day in (3, 2, 1)], Published("none", since=TODAY - timedelta(days=3))),
    "a change": (
        [report(9), report(5), report(4, policy="quarantine"), report(1, policy="quarantine")],
        Published("quarantine", since=TODAY - timedelta(days=4)),
    ),
    "a change of sp": (
        [report(9), report(4, subdomain_policy="reject"), report(1, subdomain_policy="reject")],
        Published("none", "reject", since=TODAY - timedelta(days=4)),
    ),
    "sp that says what p says is no change": (
        [report(9, subdomain_policy="none"), report(1)],
        Published("none", since=TODAY - timedelta(days=9)),
    ),
    "the test ends": (
        [
            report(9, policy="quarantine", testing=True),
            report(4, policy="quarantine", testing=False),
            report(3, policy="quarantine"),
        ],
        Published("quarantine", testing=False, since=TODAY - timedelta(days=4)),
    ),
    "old reporters do not know the test": (
        [report(9, policy="quarantine"), report(5, policy="quarantine", testing=True), report(1, policy="quarantine", percent=100)],
        Published("quarantine", testing=True, percent=100, since=TODAY - timedelta(days=9)),
    ),
    "np of one who tells it": (
        [report(5, nonexistent_policy="reject"), report(1)],
        Published("none", nonexistent="reject", since=TODAY - timedelta(days=5)),
    ),
    "reports that overlap": ([report(8, days=7), report(2)], Published("none", since=TODAY - timedelta(days=2))),
}


@pytest.mark.parametrize("name", POLICIES)
def test_the_policy_is_the_newest_since_it_has_stood(name: str) -> None:
    """In whatever order the reports come."""
    reports, expected = POLICIES[name]
    for order in (reports, reports[::-1]):
        assert summarize(DOMAIN, order, ()).published == expected


def test_sources_are_ranked_within_their_kind() -> None:
    """The unknown first."""
    told = [source(f"203.0.113.{number}", number) for number in range(1, 9)] + [through_ses(5), unsigned_ses(1)]
    order = list(Kind)
    for one, following in pairwise(summarize(DOMAIN, [report(1, *told)], KNOWN).sources):
        assert (order.index(one.kind), -one.tally.mails) <= (order.index(following.kind), -following.tally.mails)
