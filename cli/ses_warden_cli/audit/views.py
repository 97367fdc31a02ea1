"""An audit, shown."""

from collections.abc import Sequence

from rich.table import Table

from ses_warden.application.audit_domain import Audit
from ses_warden.domain.bulk_sender_rules import Check, Mark, Seen, check_rules
from ses_warden.domain.findings import Standing, is_bad, worst
from ses_warden_cli import findings, show
from ses_warden_cli.audit.shapes import AuditCheck, Audited

_GROUPS = {
    "identity": "SES's view",
    "dkim": "DKIM",
    "mailfrom": "MAIL FROM",
    "spf": "SPF",
    "dmarc": "DMARC",
    "mx": "Replies",
}
_MARKS = {Mark.PASS: "green", Mark.UNKNOWN: "yellow", Mark.FAIL: "red"}


def show_audit(found: Audit, seen: Seen, *, as_json: bool) -> None:
    """Prints the findings, group by group, and the checklist."""
    checks = check_rules(found.findings, seen)
    if as_json:
        show.as_json(_shape(found, checks))
        return
    _print(found)
    _print_checks(checks)
    bad = [finding for finding in found.findings if is_bad(finding)]
    unknown = sum(finding.standing is Standing.UNKNOWN for finding in found.findings)
    show.console().print(
        show.plain(f"{found.domain}: {len(found.findings)} looked at, {len(bad)} to mend, {unknown} could not be asked")
    )


def _print(found: Audit) -> None:
    console = show.console()
    for group, title in _GROUPS.items():
        chosen = [finding for finding in found.findings if finding.code.partition(".")[0] == group]
        if not chosen:
            continue
        console.print(show.plain(title, "bold"))
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold", ratio=1)
        for finding in chosen:
            table.add_row(findings.standing(finding), show.plain(finding.code), findings.words(finding, placed=True))
        console.print(table)


def _print_checks(checks: Sequence[Check]) -> None:
    console = show.console()
    providers = list(dict.fromkeys(check.provider for check in checks))
    console.print(show.plain("Rules for bulk senders", "bold"))
    table = Table(box=None, pad_edge=False)
    for name in providers:
        table.add_column(name, no_wrap=True)
    table.add_column("rule", max_width=44)
    table.add_column("why", overflow="fold", ratio=1)
    by_rule: dict[str, list[Check]] = {}
    for check in checks:
        by_rule.setdefault(check.rule, []).append(check)
    for rule, some in by_rule.items():
        marks = [show.plain(check.mark.value, _MARKS[check.mark]) for check in some]
        table.add_row(*marks, show.plain(rule), show.plain(_why(some), limit=1_500))
    console.print(table)
    for provider in providers:
        page = next(check for check in checks if check.provider == provider)
        console.print(show.plain(f"{provider}: {page.source} (read {page.read})", "dim"))


def _why(checks: Sequence[Check]) -> str:
    """The reason once, if it is the same for all providers."""
    if len({check.why for check in checks}) == 1:
        return checks[0].why
    return " ".join(f"{check.provider}: {check.why}" for check in checks)


def _shape(found: Audit, checks: Sequence[Check]) -> Audited:
    identity = found.view.identity
    return Audited(
        domain=found.domain,
        region=found.view.region or None,
        identity=identity.name if identity else None,
        standing=worst(found.findings).value,
        findings=findings.shapes_of(found.findings),
        checklist=[
            AuditCheck(provider=one.provider, rule=one.rule, mark=one.mark.value, why=one.why, source=one.source, read=one.read)
            for one in checks
        ],
    )
