"""The DNS as the audit sees it: what is absent, what nobody answered for, and how much may be asked."""

from collections.abc import Iterator
from itertools import count

import dns.resolver
import pytest
from checkdmarc.utils import DNS_CACHE

from ses_warden.adapters import dns_view
from ses_warden.adapters.checkdmarc_view import CheckdmarcRecords
from ses_warden.adapters.dns_view import DnsNames, nameserver_of
from ses_warden.domain.dns_answers import Absence, Failure
from ses_warden.errors import AuditError
from tests.support.dns_server import DnsServer, Fault, Zone, txt

LONG = "a" * 3_000
ZONE: Zone = {
    "example.com": {"TXT": ['"one " "two"', txt("v=spf1 -all")], "MX": ["10 Mail.Example.COM.", "0 ."], "A": ["192.0.2.1"]},
    "alias.example.com": {"CNAME": ["second.example.com."]},
    "second.example.com": {"CNAME": ["end.example.net."]},
    "end.example.net": {"TXT": [txt("at the end")]},
    "lost.example.com": {"CNAME": ["gone.example.net."]},
    "loop.example.com": {"CNAME": ["loop.example.com."]},
    "bytes.example.com": {"TXT": ['"\\255\\254 caf\\195\\169"']},
    "servfail.example.com": Fault.SERVFAIL,
    "refused.example.com": Fault.REFUSED,
    "silent.example.com": Fault.SILENT,
    "garbage.example.com": Fault.GARBAGE,
    "long.example.com": {"TXT": [txt(LONG)]},
    "huge.example.com": {"TXT": [txt("a" * 20_000)]},
    "crowded.example.com": {"A": [f"192.0.2.{number}" for number in range(150)]},
}


@pytest.fixture(scope="module")
def server() -> Iterator[DnsServer]:
    """A server with the zone above."""
    with DnsServer(ZONE) as server:
        yield server


@pytest.fixture
def names(server: DnsServer) -> DnsNames:
    """The DNS of one audit, which does not wait for long."""
    return DnsNames([server.address], lifetime=2.0)


@pytest.mark.parametrize(
    ("name", "kind", "records"),
    [
        ("example.com", "TXT", ("one two", "v=spf1 -all")),
        ("EXAMPLE.com.", "MX", ("0 .", "10 mail.example.com")),
        ("example.com", "A", ("192.0.2.1",)),
        ("alias.example.com", "TXT", ("at the end",)),
        ("alias.example.com", "CNAME", ("second.example.com",)),
        ("bytes.example.com", "TXT", ("\\xff\\xfe café",)),
        ("long.example.com", "TXT", (LONG,)),
    ],
)
def test_records_are_read(names: DnsNames, name: str, kind: str, records: tuple[str, ...]) -> None:
    """Strings are joined, CNAMEs followed, unless they are what was asked for."""
    answer = names.ask(name, kind)
    assert (answer.records, answer.absence, answer.failure) == (records, None, None)


def test_aliases_are_named(names: DnsNames) -> None:
    """In their order."""
    assert names.ask("alias.example.com", "TXT").aliases == ("second.example.com", "end.example.net")


@pytest.mark.parametrize(
    ("name", "kind", "absence"),
    [
        ("nobody.example.com", "TXT", Absence.NXDOMAIN),
        ("example.com", "AAAA", Absence.NODATA),
        ("example.net", "TXT", Absence.NODATA),
        ("lost.example.com", "TXT", Absence.NXDOMAIN),
    ],
)
def test_what_is_absent_is_said_to_be(names: DnsNames, name: str, kind: str, absence: Absence) -> None:
    """A name that is not there, and one without such a record."""
    answer = names.ask(name, kind)
    assert (answer.absence, answer.failure, answer.records) == (absence, None, ())


@pytest.mark.parametrize(
    ("name", "failure"),
    [
        ("servfail.example.com", Failure.REFUSED),
        ("refused.example.com", Failure.REFUSED),
        ("silent.example.com", Failure.TIMEOUT),
        ("garbage.example.com", Failure.TIMEOUT),
        ("loop.example.com", Failure.REFUSED),
        ("huge.example.com", Failure.TOO_LARGE),
        ("a..example.com", Failure.BAD_NAME),
        (f"{'a' * 64}.example.com", Failure.BAD_NAME),
        (".".join(["label"] * 60), Failure.BAD_NAME),
        ("\\999.example.com", Failure.BAD_NAME),
    ],
)
def test_what_nobody_answered_is_a_failure_and_no_absence(names: DnsNames, name: str, failure: Failure) -> None:
    """Nothing follows from it about the domain."""
    answer = names.ask(name, "TXT")
    assert (answer.absence, answer.records) == (None, ())
    assert answer.failure is failure


def test_an_answer_with_too_many_records_is_not_read(names: DnsNames) -> None:
    """However small each is."""
    assert names.ask("crowded.example.com", "A").failure is Failure.TOO_LARGE


def test_a_truncated_answer_comes_again_over_tcp(names: DnsNames, server: DnsServer) -> None:
    """As RFC 7766 section 5 wants it."""
    before = server.over_tcp["long.example.com", "TXT"]
    names.ask("long.example.com", "TXT")
    assert server.over_tcp["long.example.com", "TXT"] == before + 1


def test_a_question_is_asked_once(names: DnsNames, server: DnsServer) -> None:
    """Whatever the answer, and by whoever it is asked."""
    for name in ("nobody.example.com", "end.example.net"):
        before = server.asked[name, "TXT"]
        for _ in range(3):
            names.ask(name, "TXT")
        assert server.asked[name, "TXT"] == before + 1


def test_questions_are_bounded(names: DnsNames, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was answered before stays known."""
    monkeypatch.setattr(dns_view, "MOST_QUESTIONS", 2)
    answers = [names.ask(name, "TXT") for name in ("example.com", "end.example.net", "example.net", "example.com")]
    assert [answer.failure for answer in answers] == [None, None, Failure.TOO_MANY, None]


def test_time_is_bounded(server: DnsServer) -> None:
    """Of all questions together."""
    clock = count(0, 20)
    names = DnsNames([server.address], monotonic=lambda: float(next(clock)))
    assert [names.ask(name, "TXT").failure for name in ("example.com", "example.net")] == [None, Failure.TOO_MANY]


def test_a_name_server_that_is_not_there_is_a_failure() -> None:
    """The port is closed, or nothing answers in time."""
    with DnsServer({}) as gone:
        address = gone.address
    assert DnsNames([address], lifetime=0.5).ask("example.com", "TXT").failure in (Failure.TIMEOUT, Failure.REFUSED)


def test_a_system_without_a_resolver_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a traceback."""

    def none(*_: object, **__: object) -> None:
        raise dns.resolver.NoResolverConfiguration

    monkeypatch.setattr(dns.resolver, "Resolver", none)
    with pytest.raises(AuditError, match="--nameserver"):
        DnsNames()


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("2001:db8::1", ("2001:db8::1", 53)),
        ("[2001:db8::1]", ("2001:db8::1", 53)),
        ("[2001:db8::1]:5353", ("2001:db8::1", 5353)),
    ],
)
def test_a_name_server_is_an_address(text: str, address: tuple[str, int]) -> None:
    """With a port, if it is another one."""
    assert nameserver_of(text) == address


@pytest.mark.parametrize(
    "text", ["", "dns.example.com", "192.0.2.1:", "192.0.2.1:0", "192.0.2.1:99999", "192.0.2", "https://1.1.1.1", "[::1", ":53"]
)
def test_anything_else_is_no_name_server(text: str) -> None:
    """Above all no URL, which other libraries would follow."""
    if text == "[::1":
        assert nameserver_of(text) == ("::1", 53)
        return
    with pytest.raises(AuditError, match="no address"):
        nameserver_of(text)


# checkdmarc on this DNS


def test_checkdmarc_asks_nobody_but_us(server: DnsServer) -> None:
    """Its questions are in our memory; it asks for no SPF type and no CNAMEs, and leaves nothing in a cache of its own."""
    before = sum(server.asked.values())
    names = DnsNames([server.address], lifetime=2.0)
    reading = CheckdmarcRecords(names).read_spf("v=spf1 include:end.example.net a:example.com -all", "example.com")
    asked = {key for key, number in server.asked.items() if number}
    assert reading.error
    assert "SPF" not in {kind for _, kind in asked}
    assert sum(server.asked.values()) - before <= 3
    assert not list(DNS_CACHE)


@pytest.mark.parametrize("fault", ["servfail", "silent", "garbage"])
def test_what_checkdmarc_takes_for_absent_is_open_if_nobody_answered(names: DnsNames, fault: str) -> None:
    """An include that fails is no missing record."""
    reading = CheckdmarcRecords(names).read_spf(f"v=spf1 include:{fault}.example.com -all", "example.com")
    assert reading.failures == (f"TXT {fault}.example.com",)


@pytest.mark.parametrize(
    "record",
    [
        "v=spf1 " + "include:" * 50,
        "v=spf1 " + "a " * 5_000,
        "v=spf1 %{%{%{ exists:%{ir}.%{v}._spf.%{d2} -all",
        "v=spf1 redirect=redirect=redirect=",
        "v=spf1 \udcff\x00 -all",
        "v=spf1 ip4:999.999.999.999/99 ip6:::::: -all",
        "v=spf1 exp=%{p} all all all",
        'v=spf1 "" " \\" -all',
        "v=spf1 include:" + "a." * 200 + "example -all",
    ],
)
def test_a_hostile_record_is_read_or_refused(names: DnsNames, record: str) -> None:
    """No text ends in a traceback."""
    reading = CheckdmarcRecords(names).read_spf(record, "example.com")
    assert len(reading.error) <= 300
    assert isinstance(CheckdmarcRecords(names).fault_of_dmarc(record, "example.com"), str)
