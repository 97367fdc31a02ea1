"""The look at identities, and the records of one, with SES in memory: what cannot be asked is unknown, and nothing else."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from ses_warden.application.look_at_account import SendMetric
from ses_warden.application.look_at_identities import Identities, Listed, Look, Own, look_at_identities
from ses_warden.application.print_records import OneIdentity, RecordsWish, records_of
from ses_warden.domain.dmarc_record import DmarcWish, Policy
from ses_warden.domain.findings import Standing
from ses_warden.domain.identities import Dkim, Identity, MailFrom
from ses_warden.domain.sending_identities import Topics
from ses_warden.domain.vdm import SetVdm, Vdm
from ses_warden.errors import MetricsError, NoIdentity, RecordError, RightMissing

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
OURS = "arn:aws:sns:eu-west-1:111122223333:ses-warden-FeedbackTopic"
OWN = Own(OURS, "ses-warden")
DKIM = Dkim(signs=True, status="SUCCESS", key="RSA_2048_BIT", origin="AWS_SES", tokens=("a", "b", "c"))


def identity(name: str, **changes: object) -> Identity:
    """An identity that is in order."""
    usual = Identity(
        name=name, is_domain=True, verified=True, status="SUCCESS", dkim=DKIM, configuration_set="ses-warden", forwards=False
    )
    return replace(usual, **changes)  # type: ignore[arg-type] # of its own fields


@dataclass
class FakeIdentities:
    """The port `Identities` in memory; what is named in `denied` may not be asked. `asked` says what was."""

    known: dict[str, Identity] = field(default_factory=dict)
    own_topics: dict[str, Topics] = field(default_factory=dict)
    sets: dict[str, frozenset[str]] = field(default_factory=lambda: {"ses-warden": frozenset({OURS})})
    denied: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def listed(self) -> Iterator[Listed]:
        self._may("listed")
        return (Listed(one.name, one.is_domain) for one in self.known.values())

    def identity(self, name: str) -> Identity:
        self._may(f"identity {name}")
        if name not in self.known:
            raise NoIdentity("SES has no such thing")
        return self.known[name]

    def topics(self, names: Sequence[str]) -> Mapping[str, Topics]:
        self._may("topics")
        return {name: self.own_topics[name] for name in names if name in self.own_topics}

    def feedback_topics(self, configuration_set: str) -> frozenset[str]:
        self._may(f"set {configuration_set}")
        if configuration_set not in self.sets:
            raise NoIdentity("SES has no such thing")
        return self.sets[configuration_set]

    def vdm(self) -> Vdm:
        self._may("vdm")
        return Vdm(True, True, False, "NONE")

    def set_vdm(self, configuration_set: str) -> SetVdm:
        self._may(f"vdm of {configuration_set}")
        return SetVdm(configuration_set, False, None)

    def _may(self, what: str) -> None:
        self.asked.append(what)
        if what in self.denied:
            raise RightMissing(f"the right for {what} is missing")


@dataclass
class FakeMetric:
    """The port `SendMetric` in memory."""

    mails: Mapping[datetime, float] | None = field(default_factory=lambda: {NOW - timedelta(days=2): 999_990, NOW: 10})
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)

    def sent(self, since: datetime, until: datetime) -> Mapping[datetime, float]:
        self.asked.append((since, until))
        if self.mails is None:
            raise MetricsError("CloudWatch did not answer")
        return self.mails


type Take = Callable[..., Look]


@pytest.fixture
def ses() -> FakeIdentities:
    """Three identities: one in order, one in no set, one whose set is gone."""
    names = {"a.example": "ses-warden", "b.example": "", "c.example": "gone"}
    return FakeIdentities({name: identity(name, configuration_set=chosen) for name, chosen in names.items()})


@pytest.fixture
def take(ses: FakeIdentities) -> Take:
    """Takes a look."""

    def _take(
        *, own: Own = OWN, limit: int = 10, metric: SendMetric | None = None, done: list[tuple[int, int]] | None = None
    ) -> Look:
        seen: list[tuple[int, int]] = [] if done is None else done
        port: Identities = ses
        return look_at_identities(
            port, metric or FakeMetric(), own, NOW, limit=limit, progress=lambda number, of: seen.append((number, of))
        )

    return _take


def standings(look: Look, code: str) -> dict[str, Standing]:
    """How things stand by where."""
    return {finding.where: finding.standing for finding in look.findings if finding.code == code}


def test_each_identity_is_looked_at_and_each_set_once(take: Take, ses: FakeIdentities) -> None:
    """Progress is told after each."""
    ses.known["d.example"] = identity("d.example")
    done: list[tuple[int, int]] = []
    look = take(done=done)
    assert standings(look, "identity.feedback") == {
        "a.example": Standing.OK,
        "b.example": Standing.WARN,
        "c.example": Standing.BROKEN,
        "d.example": Standing.OK,
    }
    assert [seen.recorded for seen in look.identities] == [True, False, False, True]
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert ses.asked.count("set ses-warden") == 1


def test_beyond_the_limit_nothing_is_asked(take: Take, ses: FakeIdentities) -> None:
    """How many were not looked at is said."""
    look = take(limit=1)
    assert [seen.name for seen in look.identities] == ["a.example"]
    assert look.not_looked_at == 2
    assert [what for what in ses.asked if what.startswith("identity")] == ["identity a.example"]


def test_an_account_without_identities_is_no_fault(take: Take, ses: FakeIdentities) -> None:
    """Nothing to say, and SES is not asked for the topics of nobody."""
    ses.known.clear()
    look = take()
    assert (look.identities, look.findings) == ((), ())
    assert "topics" not in ses.asked


@pytest.mark.parametrize(
    ("denied", "unknown"),
    [
        ("identity a.example", {("identity.asked", "a.example")}),
        (
            "topics",
            {(code, f"{name}.example") for name in "ab" for code in ("identity.asked", "identity.feedback")}
            | {("identity.asked", "c.example")},
        ),
        ("set ses-warden", {("identity.asked", "a.example"), ("identity.feedback", "a.example")}),
        ("vdm", {("vdm.asked", "account")}),
        ("vdm of ses-warden", {("vdm.asked", "ses-warden")}),
    ],
)
def test_a_right_that_is_missing_makes_unknown_what_needs_it(
    take: Take, ses: FakeIdentities, denied: str, unknown: set[tuple[str, str]]
) -> None:
    """And nothing besides: the rest is as it would be."""
    before = {finding.key: finding.standing for finding in take().findings}
    ses.denied = {denied}
    look = take()
    found = {finding.key for finding in look.findings if finding.standing is Standing.UNKNOWN}
    assert found == unknown
    assert all("right for" in one.what for one in look.findings if one.code.endswith(".asked"))
    assert {finding.key: finding.standing for finding in look.findings if finding.key not in unknown}.items() <= before.items()


@pytest.mark.parametrize(("denied", "asked"), [("abc", 3), ("ab", 6), ("bcd", 6)])
def test_a_right_that_nobody_gave_is_not_asked_for_again_and_again(
    take: Take, ses: FakeIdentities, denied: str, asked: int
) -> None:
    """Where the first three identities are refused, the others are unknown for the same reason; else each is asked."""
    ses.known = {f"{name}.example": identity(f"{name}.example") for name in "abcdef"}
    ses.denied = {f"identity {name}.example" for name in denied}
    look = take()
    assert len([what for what in ses.asked if what.startswith("identity")]) == asked
    assert len([seen for seen in look.identities if seen.identity is None]) == (6 if asked == 3 else len(denied))


def test_a_list_that_may_not_be_read_ends_the_look(take: Take, ses: FakeIdentities) -> None:
    """There is nothing else to look at."""
    ses.denied = {"listed"}
    with pytest.raises(RightMissing):
        take()


def test_without_the_stack_it_is_unknown_what_comes_here(take: Take, ses: FakeIdentities) -> None:
    """That is said once, and no set is asked in vain."""
    look = take(own=Own(unknown="There is no stack."))
    assert {seen.recorded for seen in look.identities} == {None}
    assert standings(look, "stack.found") == {"stack": Standing.UNKNOWN}
    assert not [what for what in ses.asked if what.startswith("set ")]
    assert look.vdm.own_set is None


def test_vdm_is_seen_with_the_volume_of_thirty_days(take: Take) -> None:
    """The account's switches, the set's own, and both bills."""
    metric = FakeMetric()
    vdm = take(metric=metric).vdm
    assert metric.asked == [(NOW - timedelta(days=30), NOW)]
    assert vdm.account == Vdm(True, True, False, "NONE")
    assert vdm.own_set == SetVdm("ses-warden", False, None)
    assert vdm.bill is not None
    assert vdm.bill.mails == 1_000_000
    assert vdm.bill.vdm == pytest.approx(70)


def test_without_the_volume_there_is_no_bill(take: Take) -> None:
    """CloudWatch's silence is unknown too."""
    look = take(metric=FakeMetric(None))
    assert look.vdm.bill is None
    assert standings(look, "vdm.asked") == {"account": Standing.UNKNOWN}


def of(one: Identity, **wish: object) -> tuple[list[tuple[str, str, bool | None]], str]:
    """Name, type and sight of the records of this identity; and the notes."""
    port: OneIdentity = FakeIdentities({one.name: one})
    found = records_of(port, RecordsWish(**{"domain": one.name, **wish}), "eu-west-1")  # type: ignore[arg-type] # its fields
    return [(each.record.name, each.record.kind, each.seen) for each in found.records], "\n".join(found.notes)


def test_the_records_of_a_domain_with_what_ses_sees() -> None:
    """DKIM and MX as SES says; at SPF and DMARC it does not look."""
    known = identity("example.com", mail_from=MailFrom("mail.example.com", "PENDING", rejects=False))
    records, notes = of(known, dmarc=DmarcWish(policy=Policy.NONE, reports=("d@example.com",)))
    assert records == [
        ("a._domainkey.example.com", "CNAME", True),
        ("b._domainkey.example.com", "CNAME", True),
        ("c._domainkey.example.com", "CNAME", True),
        ("mail.example.com", "MX", False),
        ("mail.example.com", "TXT", None),
        ("_dmarc.example.com", "TXT", None),
    ]
    assert "put-email-identity-mail-from-attributes" not in notes
    assert "add no second one" in notes


@pytest.mark.parametrize(
    ("known", "label", "name", "seen", "note"),
    [
        (None, None, "bounce.example.com", False, "SES has no MAIL FROM domain for it yet"),
        (None, "mail", "mail.example.com", False, "--mail-from-domain mail.example.com"),
        (None, "Mail.example.com.", "mail.example.com", False, "--mail-from-domain mail.example.com"),
        (MailFrom("mail.example.com", "SUCCESS", rejects=False), None, "mail.example.com", True, "no other"),
        (MailFrom("mail.example.com", "SUCCESS", rejects=False), "b", "b.example.com", False, "SES has mail.example.com as its"),
    ],
)
def test_mail_from_is_what_ses_has_unless_told_otherwise(
    known: MailFrom | None, label: str | None, name: str, seen: bool, note: str
) -> None:
    """What SES does not have is said, with the command that tells it."""
    records, notes = of(identity("example.com", mail_from=known), mail_from=label)
    assert records[3] == (name, "MX", seen)
    assert note in notes


@pytest.mark.parametrize(
    ("dkim", "count", "note"),
    [
        (replace(DKIM, origin="EXTERNAL", tokens=("selector",)), 0, "BYODKIM"),
        (replace(DKIM, tokens=()), 0, "put-email-identity-dkim-signing-attributes"),
        (replace(DKIM, signs=False), 3, "Signing is off"),
        (replace(DKIM, origin="AWS_SES_EU_CENTRAL_1"), 3, "no other"),
    ],
)
def test_dkim_records_are_printed_where_ses_has_them(dkim: Dkim, count: int, note: str) -> None:
    """A key of the owner's is not SES's to tell; one replicated from another Region has the same records."""
    records, notes = of(identity("example.com", dkim=dkim))
    assert len([record for record in records if record[1] == "CNAME"]) == count
    assert note in notes


def test_reports_to_another_domain_need_its_consent() -> None:
    """The record that it must have is named."""
    _, notes = of(identity("example.com"), dmarc=DmarcWish(policy=Policy.NONE, reports=("d@example.net",)))
    assert "`v=DMARC1` at example.com._report._dmarc.example.net" in notes


def test_a_domain_that_ses_does_not_have_is_said_with_the_way_to_make_it() -> None:
    """By the stack, or by hand."""
    with pytest.raises(NoIdentity, match=r"SES has no identity example.com in eu-west-1.*SendingDomain.*create-email-identity"):
        records_of(FakeIdentities(), RecordsWish(domain="Example.com."), "eu-west-1")


@pytest.mark.parametrize(("domain", "words"), [("jane@example.com", "an address needs no DNS records"), ("x y", "is no domain")])
def test_records_are_for_domains(domain: str, words: str) -> None:
    """SES is not asked for others."""
    ses = FakeIdentities()
    with pytest.raises(RecordError, match=words):
        records_of(ses, RecordsWish(domain=domain), "eu-west-1")
    assert ses.asked == []
