"""The daily round: audits the account's domains, and tells what changed since the last one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ses_warden.application.audit_domain import Audit, World, audit_domain
from ses_warden.application.audit_ports import Identities
from ses_warden.application.guard_ports import Alerts, NoticeKind
from ses_warden.application.watch import Memory, Topic, Watched, watch
from ses_warden.domain.dns_answers import ascii_name
from ses_warden.errors import AuditError, WardenError

TOPIC = Topic(NoticeKind.DOMAINS, "domains", "ses-warden audit {name}", "the audit of domains")
# So many are looked at in a day; where there are more, others come the next day.
MOST_DOMAINS = 50


@dataclass(frozen=True, slots=True)
class Round:
    """What a round came to. `left` is how many domains were not looked at."""

    audits: Sequence[Audit]
    left: int
    watched: Watched
    errors: Sequence[WardenError] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditServices:
    """What a round works with. `world` makes what one domain's audit asks, so that each has its own bounds.

    `named` are the domains of the settings; without any, those are audited that SES may send from, or could when they were last
    audited. `has_time` says whether there is time for another.
    """

    identities: Identities
    world: Callable[[], World]
    memory: Memory
    alerts: Alerts
    named: Sequence[str] = ()
    has_time: Callable[[], bool] = field(default=lambda: True)


def audit_domains(services: AuditServices, now: datetime) -> Round:
    """Audits, compares, tells and keeps. Raises `AuditError` where the domains cannot be listed; all else is in the round."""
    domains, errors = _domains(services)
    chosen = todays(domains, now)
    audits: list[Audit] = []
    done = 0
    for domain in chosen:
        if not services.has_time():
            break
        done += 1
        try:
            audits.append(audit_domain(domain, services.world()))
        except Exception as error:  # noqa: BLE001 - a defect that one hostile zone reveals must not hide the other domains
            errors.append(AuditError(f"{domain} could not be audited: {type(error).__name__}"))
    looks = {_subject(audit.domain): audit.findings for audit in audits}
    watched = watch(looks, TOPIC, services.memory, services.alerts, now)
    return Round(audits, len(domains) - done, watched, (*errors, *watched.errors))


def todays(domains: Sequence[str], now: datetime) -> list[str]:
    """Which domains are looked at today: all, or a window that moves on day by day.

    The first moves on with few domains too: where there is time for some only, none shall be the last each day.
    """
    if not domains:
        return []
    start = now.toordinal() * (MOST_DOMAINS if len(domains) > MOST_DOMAINS else 1) % len(domains)
    return [*domains[start:], *domains[:start]][:MOST_DOMAINS]


def _domains(services: AuditServices) -> tuple[list[str], list[WardenError]]:
    if not services.named:
        return _of_the_account(services)
    known = {name: ascii_name(name) for name in services.named}
    errors: list[WardenError] = [AuditError(f"AuditDomains: {name!r} is no domain") for name, domain in known.items() if not domain]
    return list(dict.fromkeys(domain for domain in known.values() if domain)), errors


def _of_the_account(services: AuditServices) -> tuple[list[str], list[WardenError]]:
    """Those that SES may send from, and those that lost this since they were audited: the worst that can become of a domain."""
    domains: list[str] = []
    errors: list[WardenError] = []
    for domain, sends in services.identities.domains().items():
        try:
            if sends or services.memory.last(_subject(domain)) is not None:
                domains.append(domain)
        except WardenError as error:
            errors.append(error)
    return domains, errors


def _subject(domain: str) -> str:
    return f"domain/{domain}"
