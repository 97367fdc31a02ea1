"""Reports that are listed, discarded and restored: what names them, who may rule on them when, and what no sum counts."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from ses_warden.application.discard_reports import EVER, all_to_rule, of_reporter, one_to_rule, rule
from ses_warden.application.dmarc_ports import KeptReports
from ses_warden.domain.dmarc_advice import advise
from ses_warden.domain.dmarc_kept import Act, Handle, Kept, Ruling, read_handle, told_by, told_twice
from ses_warden.domain.dmarc_summary import summarize
from ses_warden.errors import NothingToDo
from tests.support.dmarc_ways import DOMAIN, SES_ADDRESS, TODAY, month, through_ses, unsigned_ses

NAME = "9f3ac1d2e4" + 22 * "0"
HANDLE = Handle(datetime(2026, 11, 23, tzinfo=UTC), NAME)
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
DISCARD = Ruling(Act.DISCARD, NOW, "jane", "forged")
RESTORE = Ruling(Act.RESTORE, NOW, "joe", "it was theirs")


def kept(name: str = NAME, day: int = 23, **more: object) -> Kept:
    """A report of a day of November."""
    begin = datetime(2026, 11, day, tzinfo=UTC)
    one = Kept(DOMAIN, Handle(begin, name), "google.com", "1234", begin + timedelta(days=1), 100, NOW)
    return replace(one, **more)  # type: ignore[arg-type]  # as the caller says


@dataclass
class Rows:
    """Reports in memory."""

    reports: list[Kept] = field(default_factory=list[Kept])
    overtaken: set[Handle] = field(default_factory=set[Handle])

    def kept(self, domain: str, since: datetime, until: datetime) -> Iterator[Kept]:
        """The newest first."""
        some = [one for one in self.reports if one.domain == domain and since <= one.handle.begin < until]
        return iter(sorted(some, key=lambda one: one.handle.begin, reverse=True))

    def named(self, domain: str, handle: Handle) -> list[Kept]:
        """By the beginning of a name."""
        some = (one for one in self.reports if one.domain == domain and one.handle.begin == handle.begin)
        return [one for one in some if one.handle.name.startswith(handle.name)]

    def rule(self, report: Kept, ruling: Ruling) -> bool:
        """Somebody else may have been faster."""
        if report.handle in self.overtaken:
            return False
        self.reports[self.reports.index(report)] = replace(report, rulings=(*report.rulings, ruling))
        return True


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        (HANDLE.whole, HANDLE),
        (HANDLE.short, HANDLE._replace(name="9f3ac1d2e4")),
        (f" {HANDLE.short} ", HANDLE._replace(name="9f3ac1d2e4")),
        ("20261123T000000Z-9f3ac1d", None),
        ("20261123T000000Z-9F3AC1D2", None),
        ("20261332T000000Z-9f3ac1d2", None),
        ("20261123-9f3ac1d2", None),
        ("1234", None),
        (f"{HANDLE.whole}0", None),
        ("٢0261123T000000Z-9f3ac1d2", None),
        ("", None),
    ],
)
def test_a_handle_is_read_as_it_is_written(text: str, handle: Handle | None) -> None:
    """And nothing else is one: not the id that a forger chooses."""
    assert read_handle(text) == handle


def test_the_handle_is_that_of_the_report() -> None:
    """By its begin in UTC."""
    assert HANDLE.short == "20261123T000000Z-9f3ac1d2e4"
    early = HANDLE._replace(begin=datetime(999, 1, 1, tzinfo=UTC))
    assert read_handle(early.whole) == early


@pytest.mark.parametrize(
    ("rulings", "by"),
    [((), None), ((DISCARD,), "jane"), ((DISCARD, RESTORE), None), ((DISCARD, RESTORE, DISCARD._replace(by="joe")), "joe")],
)
def test_the_last_word_stands(rulings: tuple[Ruling, ...], by: str | None) -> None:
    """Discarded, restored, and discarded again."""
    found = kept(rulings=rulings).discarded
    assert (found.by if found else None) == by


def test_one_is_found_by_the_beginning_of_its_name() -> None:
    """Of its own domain."""
    rows: KeptReports = Rows([kept(), kept("8" + NAME[1:]), kept(domain="example.net")])
    assert one_to_rule(rows, DOMAIN, HANDLE._replace(name=NAME[:8]), Act.DISCARD) == kept()


@pytest.mark.parametrize(
    ("reports", "act", "said"),
    [
        ([], Act.DISCARD, f"there is no report 20261123T000000Z-9f3ac1d2e4 about {DOMAIN}"),
        ([kept(), kept(NAME[:-1] + "1")], Act.DISCARD, f"2 reports about {DOMAIN} have names that begin so: say {HANDLE.whole} or"),
        ([kept(rulings=(DISCARD,))], Act.DISCARD, "was discarded on 2026-11-24 by jane: forged"),
        ([kept()], Act.RESTORE, "counts: it is not discarded"),
    ],
    ids=["none", "two", "discarded before", "not discarded"],
)
def test_where_there_is_nothing_to_do_it_says_how_things_stand(reports: list[Kept], act: Act, said: str) -> None:
    """And names what is meant, so that nobody can make a report that cannot be named."""
    with pytest.raises(NothingToDo) as refused:
        one_to_rule(Rows(reports), DOMAIN, HANDLE._replace(name=NAME[:10]), act)
    assert said in str(refused.value)


FORGED = kept("1" * 32, 22, sender="evil.example")


def test_a_reporter_is_who_its_mail_came_from() -> None:
    """A forger in its name is another one, and so is who is named as the forger's domain."""
    rows = Rows([kept(), FORGED, kept("2" * 32, 21, sender="evil.example"), kept("3" * 32, reporter="evil.example")])
    since = datetime(2026, 11, 22, tzinfo=UTC)
    assert all_to_rule(rows, DOMAIN, "google.com (evil.example)", since, Act.DISCARD) == [FORGED]
    assert all_to_rule(rows, DOMAIN, " Google.com  (Evil.example) ", since, Act.DISCARD) == [FORGED]
    assert all_to_rule(rows, DOMAIN, "google.com", since, Act.DISCARD) == [kept()]
    assert [one.told_by for one in of_reporter(rows.kept(DOMAIN, since, EVER), None)] == [
        "google.com",
        "evil.example",
        "google.com (evil.example)",
    ]


def test_an_unknown_reporter_is_answered_with_those_that_there_are() -> None:
    """As they are named, bounded."""
    rows = Rows([kept(f"{number:032x}", reporter=f"r{number}") for number in range(9)])
    with pytest.raises(NothingToDo) as refused:
        all_to_rule(rows, DOMAIN, "google", datetime(2026, 11, 1, tzinfo=UTC), Act.DISCARD)
    said = (
        f"no report about {DOMAIN} by google that counts begins on 2026-11-01 or later; there are some by r0, r1, r2, r3, r4 and 4"
    )
    assert str(refused.value) == f"{said} more"
    with pytest.raises(NothingToDo, match=r"that was discarded begins on 2026-11-01 or later$"):
        all_to_rule(rows, DOMAIN, "r1", datetime(2026, 11, 1, tzinfo=UTC), Act.RESTORE)


def test_what_was_discarded_before_is_left_as_it_is() -> None:
    """Also what somebody else ruled on meanwhile."""
    before = kept("4" * 32, rulings=(DISCARD._replace(by="joe"),))
    rows = Rows([kept(), FORGED, before], overtaken={FORGED.handle})
    rows.reports[1] = replace(FORGED, sender="")
    found = all_to_rule(rows, DOMAIN, "google.com", datetime(2026, 11, 1, tzinfo=UTC), Act.DISCARD)
    told: list[int] = []
    assert rule(rows, found, DISCARD, told.append) == [kept(rulings=(DISCARD,))]
    assert told == [1, 2]
    assert before in rows.reports


def test_a_report_of_a_day_to_come_can_be_discarded_too() -> None:
    """Whoever forges one chooses its time: it would count when that comes."""
    ahead = Kept(DOMAIN, Handle(NOW + timedelta(days=300), NAME), "a", "1", NOW + timedelta(days=301), 1, NOW)
    assert all_to_rule(Rows([ahead]), DOMAIN, "a", NOW - timedelta(days=30), Act.DISCARD) == [ahead]


def test_one_id_of_one_time_told_twice_is_shown() -> None:
    """RFC 7489 section 7.2.1.1: an id names a report; under one of before, about another time, many reporters send the next one."""
    twin = kept("5" * 32, mails=10**9, reporter="Google.com", sender="evil.example")
    others = [kept("6" * 32, day=22), kept("7" * 32, report_id="1235"), kept("8" * 32, reporter="yahoo")]
    assert told_twice([kept(), twin, *others]) == {HANDLE, twin.handle}
    assert told_twice([kept(), replace(twin, rulings=(DISCARD,)), *others]) == frozenset()


def test_discarded_reports_are_counted_in_no_sum_and_hold_nothing_back() -> None:
    """The sums and the advice are those without them; how many there are is told."""
    true, forged = month(through_ses(100), reporter="yahoo"), month(unsigned_ses(10**6), reporter="forger")
    without = summarize(DOMAIN, true, {SES_ADDRESS})
    found = summarize(DOMAIN, [*true, *(replace(one, discarded=True) for one in forged)], {SES_ADDRESS})
    assert found == replace(without, discarded=30)
    advice = advise(found)
    assert advice.step is advise(without).step
    assert advice.reasons[-1] == "30 reports that were discarded are not counted: `ses-warden dmarc reports` says by whom and why."
    assert "discarded" not in " ".join(advise(without).reasons)
    assert (found.first, found.last) == (TODAY - timedelta(days=30), TODAY)


def test_the_name_of_a_reporter_is_bounded_and_plain() -> None:
    """As it comes from strangers."""
    assert told_by("A\x1b[31mB" * 100, "evil.example").endswith("… (evil.example)")
    assert "\x1b" not in told_by("\x1b]0;x\x07", "\x1b[2J")
