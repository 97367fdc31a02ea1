"""`dmarc report` as people see it: the unknown first, the rest in a line, nothing that a terminal obeys.

``python -m tests.unit.test_dmarc_views`` writes the example of docs/dmarc.md anew.
"""

import io
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from unittest.mock import patch

import pytest

from ses_warden.application.dmarc_ports import ReportRows
from ses_warden.application.report_dmarc import DmarcReport, OutgoingSeen, report_dmarc
from ses_warden.domain.dmarc import Authenticated, Report
from ses_warden.errors import LedgerError, NothingToDo
from ses_warden_cli.dmarc.report_views import is_finding, show_report
from tests.support.dmarc_ways import (
    BY_SES,
    DOMAIN,
    FAILED_ENVELOPE,
    OTHER_ADDRESS,
    OWN_ENVELOPE,
    SES_ADDRESS,
    SES_KEY,
    TODAY,
    month,
    source,
    through_ses,
    unsigned_ses,
)
from tests.support.template import TEMPLATE

DOCUMENT = TEMPLATE.parent / "docs" / "dmarc.md"
NEWS = f"news.{DOMAIN}"
WIDTH = 128


class _Rows:
    """Reports in memory."""

    def __init__(self, reports: Iterable[Report]) -> None:
        self._reports = list(reports)

    def reports(self, domain: str, since: object, until: object) -> "Iterable[Report]":
        """All of them."""
        del since, until
        return iter([one for one in self._reports if one.domain == domain])

    def domains(self) -> list[str]:
        """Those of the reports."""
        return sorted({one.domain for one in self._reports})


class _Seen:
    """Deliveries in memory."""

    def __init__(self, known_since: date | None = date(2026, 11, 3), trouble: str = "") -> None:
        self._since, self._trouble = known_since, trouble

    def addresses(self, first: date, last: date) -> frozenset[str]:
        """One."""
        assert first < last
        if self._trouble:
            raise LedgerError(self._trouble)
        return frozenset({SES_ADDRESS} if self._since else ())

    def domains(self, domain: str, first: date, last: date) -> frozenset[str]:
        """Two."""
        assert first < last
        return frozenset({domain, f"news.{domain}"})

    def since(self) -> date | None:
        """As given."""
        return self._since


def _found(reports: Iterable[Report], seen: OutgoingSeen | None = None, domain: str = DOMAIN) -> DmarcReport:
    rows: ReportRows = _Rows(reports)  # type: ignore[assignment]  # an iterable does
    return report_dmarc(domain, TODAY - timedelta(days=30), TODAY, rows, seen or _Seen())


def _shown(found: DmarcReport, *, plot: bool = False) -> str:
    with patch("sys.stdout", io.StringIO()) as out, patch.dict("os.environ", {"COLUMNS": str(WIDTH)}):
        show_report(found, plot=plot, as_json=False)
    return out.getvalue()


def _example() -> DmarcReport:
    service = Authenticated("mail.service.example", "pass", "s1")
    google = (
        through_ses(3150),
        source("203.0.113.66", 240, signed=(service,)),
        source("203.0.113.7", 31),
        source("203.0.113.8", 12),
        source("198.51.100.9", 14, dkim=True, signed=(SES_KEY, BY_SES), envelope=(FAILED_ENVELOPE,)),
    )
    yahoo = (
        through_ses(870),
        unsigned_ses(55, ip="192.0.2.77", author=NEWS),
        source(OTHER_ADDRESS, 22, spf=True, envelope=(OWN_ENVELOPE,)),
    )
    return _found([*month(*google, reporter="google.com"), *month(*yahoo, reporter="Yahoo")])


def _example_text() -> str:
    text = "\n".join(line.rstrip() for line in _shown(_example()).splitlines())
    return f"\n```text\n{text.strip()}\n```\n"


def test_the_example_of_the_document_is_what_is_shown() -> None:
    """Word for word."""
    found = re.search("<!-- example -->\n(.*)<!-- /example -->", DOCUMENT.read_text(), re.DOTALL)
    assert found
    assert found[1] == _example_text(), "run `.venv/bin/python -m tests.unit.test_dmarc_views`"


def test_the_rest_of_a_kind_is_a_line() -> None:
    """Strangers are many; what is ours is seen all the same."""
    strangers = [source(f"203.0.113.{number}", number + 1) for number in range(100)]
    shown = _shown(_found(month(through_ses(10), *strangers)))
    assert re.search(r"92 more \(strangers\) +128,340 ", shown)
    assert SES_ADDRESS in shown
    assert "203.0.113.5 " not in shown


def test_many_reporters_are_cut_too() -> None:
    """The greatest first."""
    reports = [one for number in range(12) for one in month(through_ses(number + 1), days=2, reporter=f"r{number}.example")]
    shown = _shown(_found(reports))
    assert "r11.example" in shown
    assert re.search(r"4 more +20 ", shown)


def test_hostile_words_stay_words() -> None:
    """Of reporters, in names and addresses."""
    hostile = "\x1b]0;owned\x07[bold red]\u202e"
    one = source(hostile, 9, author=f"{hostile}.example", signed=(Authenticated(f"{hostile}.test", "pass"),))
    shown = _shown(_found(month(replace(one, overrides=()), reporter=hostile)), plot=True)
    assert all(character.isprintable() or character == "\n" for character in shown)
    assert "[bold red]" in shown


NOTES = {
    "nothing is known": (_Seen(None), "is not known yet: deliveries are noted from this version on"),
    "known for a part of the time": (_Seen(date(2026, 11, 3)), "is known since 2026-11-03"),
    "a right is missing": (_Seen(trouble="DynamoDB refused a request: AccessDeniedException"), "it takes dynamodb:Query"),
}


@pytest.mark.parametrize("name", NOTES)
def test_what_is_not_known_of_deliveries_is_told(name: str) -> None:
    """And the report goes on by signatures."""
    seen, words = NOTES[name]
    shown = _shown(_found(month(through_ses(100)), seen))
    assert words in " ".join(shown.split())
    assert "yours, through SES" in shown


def test_what_is_known_for_all_the_time_is_not_told() -> None:
    """No news."""
    assert "is known since" not in _shown(_found(month(through_ses(100)), _Seen(date(2026, 1, 1))))


def test_what_could_not_be_read_is_told() -> None:
    """Records of reports."""
    assert "120 records of these reports could not be read" in _shown(_found(month(through_ses(100), unread=4)))


def test_only_mail_of_ours_that_fails_is_a_finding() -> None:
    """Strangers and questions are none."""
    somebody = source(count=50, signed=(Authenticated("mail.service.example", "pass"),))
    assert not is_finding(_found(month(through_ses(100), somebody)))
    assert is_finding(_found(month(through_ses(100), unsigned_ses(5))))
    assert is_finding(_found(month(source(OTHER_ADDRESS, 9, spf=True))))


def test_a_drawing_has_a_place_for_each_day() -> None:
    """Also where nothing fails, or there is one day."""
    for days in (1, 2, 30):
        assert "mails a day that pass DMARC" in _shown(_found(month(through_ses(0), days=days)), plot=True)


def test_a_name_in_u_labels_is_found_by_its_a_labels() -> None:
    """As reports write it."""
    reports = [replace(one, domain="xn--bcher-kva.example") for one in month(through_ses(5))]
    assert _found(reports, domain="Bücher.example").summary.domain == "xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("domain", "reports", "said"),
    [
        (DOMAIN, [], "nor about any other domain: has none come in yet?"),
        (NEWS, month(through_ses(1)), f"try {DOMAIN}"),
        ("example.net", month(through_ses(1)), f"there are reports about {DOMAIN}"),
    ],
)
def test_without_reports_there_is_nothing_to_tell(domain: str, reports: list[Report], said: str) -> None:
    """But where there are some."""
    with pytest.raises(NothingToDo, match=re.escape(said)):
        _found(reports, domain=domain)


if __name__ == "__main__":
    written = DOCUMENT.read_text()
    part = re.compile("(<!-- example -->\n).*(<!-- /example -->)", re.DOTALL)
    DOCUMENT.write_text(part.sub(lambda match: match[1] + _example_text() + match[2], written))
