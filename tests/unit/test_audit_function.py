"""The daily round and its function: which domains, one fault apart from another, metrics, and what is carried by whom."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from ses_warden.adapters.audit_metrics import AUDIT_METRICS, emit_audit
from ses_warden.adapters.checkdmarc_view import CheckdmarcRecords
from ses_warden.adapters.dns_view import DnsNames
from ses_warden.application.audit_domain import World
from ses_warden.application.audit_domains import MOST_DOMAINS, AuditServices, Round, audit_domains, todays
from ses_warden.application.watch import Watched
from ses_warden.application.watch_account import AccountWatched
from ses_warden.audit_settings import AuditSettings
from ses_warden.bootstrap import auditing
from ses_warden.domain.identities import IdentityView, MailFrom, Silence
from ses_warden.errors import AuditError, LedgerError, SettingsError
from tests.audit_zones import BOUNCES, MAIL_FROM, REGION, good_identity, good_zone
from tests.guard_fakes import FakeAlerts
from tests.support.dns_server import DnsServer, txt
from tests.support.functions import context_of
from tests.support.template import TEMPLATE, app_of
from tests.unit.test_watch import FakeMemory

NOW = datetime(2026, 11, 24, 6, tzinfo=UTC)
ENVIRONMENT = {
    "REPUTATION_TABLE": "reputation",
    "ALERT_TOPIC_ARN": "arn:aws:sns:eu-west-1:111122223333:alerts",
    "POWERTOOLS_SERVICE_NAME": "ses-warden",
    "AUDIT_DOMAINS": " example.com ,,shop.example",
}


@dataclass
class AccountIdentities:
    """The `Identities` port: an account with these domains. Asking about `hostile` reveals a defect."""

    names: Sequence[str] = ("example.com",)
    hostile: str = ""
    fault: AuditError | None = None
    silence: Silence | None = None
    unverified: Sequence[str] = ()
    mail_from: MailFrom | None = MAIL_FROM

    def view(self, domain: str) -> IdentityView:
        """See the port."""
        if domain == self.hostile:
            raise KeyError(domain)
        if self.silence:
            return IdentityView(REGION, silence=self.silence)
        if domain != "example.com":
            return IdentityView(REGION, None)
        return IdentityView(REGION, good_identity(verified=domain not in self.unverified, mail_from=self.mail_from))

    def domains(self) -> Mapping[str, bool]:
        """See the port."""
        if self.fault:
            raise self.fault
        return {name: name not in self.unverified for name in self.names}


@dataclass
class Account:
    """All that a round works with, on a DNS server of ours."""

    server: DnsServer
    identities: AccountIdentities = field(default_factory=AccountIdentities)
    memory: FakeMemory = field(default_factory=FakeMemory)
    alerts: FakeAlerts = field(default_factory=FakeAlerts)
    named: Sequence[str] = ()
    has_time: Callable[[], bool] = lambda: True

    def round(self) -> Round:
        """One round."""
        return audit_domains(
            AuditServices(
                identities=self.identities,
                world=self._world,
                memory=self.memory,
                alerts=self.alerts,
                named=self.named,
                has_time=self.has_time,
            ),
            NOW,
        )

    def _world(self) -> World:
        names = DnsNames([self.server.address], lifetime=self.server.patience)
        return World(self.identities, names, CheckdmarcRecords(names))


def test_a_round_tells_once_what_became_bad_and_once_that_it_was_mended() -> None:
    """Day by day; a well domain is never spoken of."""
    zone = good_zone()
    with DnsServer(zone) as server:
        account = Account(server)
        account.round()
        assert account.alerts.sent == []
        server.zone[BOUNCES] = {"TXT": [txt("v=spf1 include:amazonses.com ~all")]}
        account.round()
        account.round()
        server.zone[BOUNCES] = zone[BOUNCES]
        account.round()
    first, second = account.alerts.sent
    assert (first.scope, first.status) == ("domain/example.com", "broken")
    assert "broken: mailfrom.mx (bounce.example.com)" in first.reason
    assert (second.status, "no longer so: mailfrom.mx (bounce.example.com)" in second.reason) == ("ok", True)


def test_a_dns_that_answers_nothing_raises_no_alert() -> None:
    """Neither when it goes nor when it comes back."""
    with DnsServer(good_zone()) as server:
        account = Account(server)
        account.round()
    account.round()
    with DnsServer(good_zone()) as server:
        account.server = server
        account.round()
    assert account.alerts.sent == []


def test_a_ses_that_does_not_answer_raises_no_alert() -> None:
    """What was bad by its view is neither mended nor worse; only the view itself is open."""
    zone = good_zone() | {BOUNCES: {"TXT": [txt("v=spf1 -all")]}}
    with DnsServer(zone) as server:
        account = Account(server)
        account.round()
        told = len(account.alerts.sent)
        for silence in (Silence.DENIED, Silence.NO_ANSWER):
            account.identities.silence = silence
            account.round()
        account.identities.silence = None
        account.round()
    assert (told, len(account.alerts.sent)) == (1, 1)


def test_what_was_bad_by_sess_view_stays_so_while_it_is_silent() -> None:
    """What was bad by SES's view stays so, as nobody can say otherwise."""
    with DnsServer(good_zone()) as server:
        account = Account(server, AccountIdentities(mail_from=None))
        account.round()
        account.identities.silence = Silence.NO_ANSWER
        account.round()
        account.identities.silence = None
        account.round()
    assert len(account.alerts.sent) == 1
    assert "warn: mailfrom.custom" in account.alerts.sent[0].reason


def test_a_domain_that_ses_no_longer_sends_from_is_told_of() -> None:
    """It is still looked at; one that never was verified is not."""
    with DnsServer(good_zone()) as server:
        account = Account(server, AccountIdentities(("example.com", "never.example"), unverified=("never.example",)))
        account.round()
        account.identities.unverified = ("example.com", "never.example")
        found = account.round()
    assert [audit.domain for audit in found.audits] == ["example.com"]
    assert [alert.scope for alert in account.alerts.sent] == ["domain/example.com"]
    assert "broken: identity.verified" in account.alerts.sent[0].reason


def test_one_domains_defect_does_not_stop_the_others() -> None:
    """It is named, and the rest is told."""
    with DnsServer(good_zone()) as server:
        account = Account(server, AccountIdentities(("a.example", "example.com", "z.example"), hostile="a.example"))
        found = account.round()
    assert [audit.domain for audit in found.audits] == ["example.com", "z.example"]
    assert [str(error) for error in found.errors] == ["a.example could not be audited: KeyError"]
    assert "z.example" in account.alerts.sent[0].reason


def test_the_domains_of_the_settings_go_before_those_of_the_account() -> None:
    """In their ASCII form, once each; what is no domain is named."""
    with DnsServer(good_zone()) as server:
        account = Account(server, named=("example.com", "Example.com.", "-wrong-", "bücher.example"))
        account.identities.fault = AuditError("SES was asked")
        found = account.round()
    assert [audit.domain for audit in found.audits] == ["example.com", "xn--bcher-kva.example"]
    assert [str(error) for error in found.errors] == ["AuditDomains: '-wrong-' is no domain"]


def test_without_a_list_there_is_no_round() -> None:
    """SES did not say which domains there are."""
    with DnsServer({}) as server:
        account = Account(server, AccountIdentities(fault=AuditError("SES did not list them")))
        with pytest.raises(AuditError, match="did not list"):
            account.round()


def test_a_round_ends_before_lambda_ends_it() -> None:
    """What was seen until then is told and kept; the rest is counted."""
    left = iter([True, True, False])
    with DnsServer(good_zone()) as server:
        account = Account(server, AccountIdentities(tuple(f"{name}.example" for name in "abcde")), has_time=lambda: next(left))
        found = account.round()
    assert (len(found.audits), found.left, len(account.memory.rows), len(account.alerts.sent)) == (2, 3, 2, 1)


def test_of_many_domains_each_is_looked_at_within_days() -> None:
    """Fifty a day, others each day."""
    domains = [f"d{number:03}.example" for number in range(2 * MOST_DOMAINS + 20)]
    seen = [todays(domains, NOW + timedelta(days=day)) for day in range(6)]
    assert {len(some) for some in seen} == {MOST_DOMAINS}
    assert set().union(*seen) == set(domains)
    few = [todays(domains[:3], NOW + timedelta(days=day)) for day in range(3)]
    assert [sorted(some) for some in few] == [domains[:3]] * 3
    assert {some[0] for some in few} == set(domains[:3])
    assert todays([], NOW) == []


def test_the_settings_are_read_and_checked() -> None:
    """A missing variable is named."""
    assert AuditSettings.read(ENVIRONMENT).domains == ("example.com", "shop.example")
    for name in ENVIRONMENT.keys() - {"AUDIT_DOMAINS"}:
        with pytest.raises(SettingsError, match=name):
            AuditSettings.read(ENVIRONMENT | {name: ""})


# The function


@pytest.fixture
def app(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The handler's module."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "ses-warden")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "SesWarden")
    module = app_of("audit")
    # tests/unit/test_account_function.py
    monkeypatch.setattr(module, "watch_todays_account", AccountWatched)
    return module


def test_the_function_answers_counts_and_logs(
    app: ModuleType, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """How many were audited, how many changes were told; the log names what is bad."""
    with DnsServer(good_zone()) as server:
        account = Account(server, AccountIdentities(("example.com", "gone.example")))
        monkeypatch.setattr(app, "daily_round", lambda _: account.round())
        assert app.lambda_handler({}, context_of("audit")) == {"audited": 2, "left": 0, "told": 1, "account_told": 0}
    bad = {record.__dict__["domain"]: record.__dict__["bad"] for record in caplog.records if record.message == "audited"}
    assert bad["example.com"] == []
    assert "broken dmarc.record _dmarc.gone.example" in bad["gone.example"]


def test_the_function_fails_where_something_is_left_undone(app: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda tries again, and an alarm says so."""
    left = Round((), 3, Watched({}), (LedgerError("the row of domain/a.example"),))
    monkeypatch.setattr(app, "daily_round", lambda _: left)
    with pytest.raises(AuditError, match=r"the row of domain/a\.example"):
        app.lambda_handler({}, context_of("audit"))


def test_the_function_stops_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two minutes before Lambda would, as the last domain may take one."""
    with DnsServer(good_zone()) as server:
        account = Account(server)
        services = AuditServices(identities=account.identities, world=account._world, memory=account.memory, alerts=account.alerts)
        monkeypatch.setattr(auditing, "_services", lambda: services)
        assert len(auditing.daily_round(lambda: 121.0).audits) == 1
        assert auditing.daily_round(lambda: 120.0).left == 1


def test_metrics_are_few_whatever_the_number_of_domains(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By standing, without a name."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", "ses-warden")
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "SesWarden")
    with DnsServer(good_zone()) as server:
        found = Account(server, AccountIdentities(("example.com", "gone.example"))).round()
    emit_audit(replace(found, left=7))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    counts = {line["standing"]: line["AuditFindings"][0] for line in lines if "standing" in line}
    assert counts.keys() == {"ok", "unknown", "warn", "broken"}
    assert counts["broken"] == 2
    assert (lines[-1]["AuditedDomains"], lines[-1]["UnauditedDomains"]) == ([2.0], [7.0])
    assert {name for line in lines for name in AUDIT_METRICS if name in line} == set(AUDIT_METRICS)
    assert "gone.example" not in json.dumps(lines)


# What carries checkdmarc and dnspython

ALONE = ("checkdmarc", "dns", "parsedmarc")


@pytest.mark.parametrize("module", ["recording", "guarding", "publishing"])
def test_no_other_function_loads_the_audits_libraries(module: str) -> None:
    """Their start is as it was."""
    program = f"import sys, ses_warden.bootstrap.{module}; print([name for name in {ALONE!r} if name in sys.modules])"
    environment = {"AWS_DEFAULT_REGION": "eu-west-1", "POWERTOOLS_SERVICE_NAME": "x"}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)  # noqa: S603
    assert run.stdout.strip() == "[]"


def test_no_other_function_nor_the_layer_carries_them() -> None:
    """Only two functions have requirements of their own, and the layer has none of these."""
    files = sorted(path.relative_to(TEMPLATE.parent) for path in TEMPLATE.parent.glob("functions/*/requirements.txt"))
    assert files == [Path("functions/audit/requirements.txt"), Path("functions/dmarc_reports/requirements.txt")]
    assert carried("functions/audit/requirements.txt") >= {"checkdmarc", "dnspython"}
    assert carried("layers/core/requirements.txt") & {"checkdmarc", "dnspython", "parsedmarc"} == set()


def carried(file: str) -> set[str]:
    """The packages of a requirements file."""
    lines = (TEMPLATE.parent / file).read_text().splitlines()
    return {line.partition("==")[0] for line in lines if "==" in line and not line.startswith((" ", "#"))}
