"""`domain list` and `domain records`, shown."""

import sys
from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from ses_warden.application.look_at_identities import Look, VdmSeen
from ses_warden.application.print_records import Needed, Records, RecordsWish
from ses_warden.domain.dmarc_record import DmarcWish, Policy
from ses_warden.domain.dns_records import TTL_SECONDS, bind_zone, quoted, txt_strings
from ses_warden.domain.findings import Finding, Standing, is_bad
from ses_warden.domain.sending_identities import Seen, elsewhere
from ses_warden_cli import show
from ses_warden_cli.domain import shapes
from ses_warden_cli.findings import STYLES, shapes_of

_LONGEST_LINE = 1_000
_UNKNOWN = "?"
_PLACES = 3


def show_look(look: Look, *, as_json: bool) -> bool:
    """Prints what was seen; whether there is a finding."""
    if as_json:
        show.as_json(_look_shape(look))
    else:
        _print_look(look)
    return any(map(is_bad, look.findings))


def wish_of(
    domain: str,
    mail_from: str | None,
    policy: str | None,
    reports: Sequence[str],
    *,
    testing: bool,
    subdomains: str | None,
    nonexistent: str | None,
) -> RecordsWish:
    """What was asked for."""
    if policy is None:
        return RecordsWish(domain=domain, mail_from=mail_from)
    dmarc = DmarcWish(
        policy=Policy(policy),
        subdomains=Policy(subdomains) if subdomains else None,
        nonexistent=Policy(nonexistent) if nonexistent else None,
        testing=testing,
        reports=tuple(reports),
    )
    return RecordsWish(domain=domain, mail_from=mail_from, dmarc=dmarc)


def show_records(found: Records, form: str) -> bool:
    """Prints the records; whether SES does not see one of them."""
    match form:
        case "json":
            show.as_json(_records_shape(found))
        case "bind":
            sys.stdout.write(bind_zone(needed.record for needed in found.records))
            for note in found.notes:
                show.note(note)
        case _:
            _print_records(found)
    return any(needed.seen is False for needed in found.records)


def _print_records(found: Records) -> None:
    table = _table("type", "name", "value", "SES sees it")
    for needed in found.records:
        record = needed.record
        value = quoted(record.value) if record.kind == "TXT" else record.value
        table.add_row(*(show.plain(text, limit=_LONGEST_LINE) for text in (record.kind, record.name, value)), _sight(needed))
    screen = show.console()
    screen.print(table)
    for note in found.notes:
        screen.print(show.plain(f"- {note}", limit=_LONGEST_LINE), soft_wrap=True)


def _sight(needed: Needed) -> Text:
    match needed.seen:
        case None:
            return Text("does not look")
        case True:
            return Text("yes", "green")
    return Text("no", "yellow")


def _records_shape(found: Records) -> shapes.DomainRecords:
    return shapes.DomainRecords(
        domain=found.domain,
        region=found.region,
        records=[
            shapes.DomainRecord(
                name=needed.record.name,
                type=needed.record.kind,
                ttl=TTL_SECONDS,
                value=needed.record.value,
                strings=txt_strings(needed.record.value) if needed.record.kind == "TXT" else [],
                purpose=needed.record.purpose.value,
                seen=needed.seen,
            )
            for needed in found.records
        ],
        notes=list(found.notes),
    )


def _print_look(look: Look) -> None:
    own_topic = look.own.feedback_topic
    screen = show.console()
    if look.identities:
        table = _table("identity", "verified", "DKIM", "MAIL FROM", "default set", "recorded", "forwarded", "own topics")
        for seen in look.identities:
            table.add_row(*(show.plain(text) for text in _row(seen, own_topic)))
        screen.print(table)
    else:
        screen.print("SES has no identity in this Region. docs/domain.md begins there.")
    if look.not_looked_at:
        screen.print(show.plain(f"{look.not_looked_at:,} more were not looked at; raise --limit.", "yellow"))
    _print_findings(look.findings)
    screen.print()
    for line in _vdm_lines(look.vdm):
        screen.print(show.plain(line, limit=_LONGEST_LINE))


def _row(seen: Seen, own_topic: str) -> tuple[str, ...]:
    topics = _UNKNOWN if seen.topics is None else _topics(seen, own_topic)
    identity = seen.identity
    if identity is None:
        return seen.name, *[_UNKNOWN] * 6, topics
    dkim = f"{identity.dkim.status} {identity.dkim.bits or ''}".strip() if identity.is_domain else ""
    return (
        seen.name,
        _word(identity.verified),
        dkim,
        identity.mail_from.domain if identity.mail_from else "",
        identity.configuration_set or "none",
        _word(seen.recorded),
        _word(identity.forwards),
        topics,
    )


def _topics(seen: Seen, own_topic: str) -> str:
    assert seen.topics is not None  # noqa: S101 - the caller looked
    ours = seen.topics.by_type.keys() - elsewhere(seen.topics, own_topic).keys()
    return ", ".join(f"{kind} {'here' if kind in ours else arn}" for kind, arn in seen.topics.by_type.items()) or "none"


def _word(known: bool | None) -> str:  # noqa: FBT001 - the one word of it
    return _UNKNOWN if known is None else "yes" if known else "no"


def _print_findings(findings: Iterable[Finding]) -> None:
    screen = show.console()
    alike: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in findings:
        # What is well, and could not be told more simply, needs no line.
        if finding.standing is not Standing.OK or finding.mend:
            alike.setdefault((finding.standing, finding.what, finding.mend), []).append(finding)
    for finding, *others in alike.values():
        screen.print(
            show.plain(
                f"{finding.standing}: {_places(finding, others)}: {finding.what}", STYLES[finding.standing], limit=_LONGEST_LINE
            ),
            soft_wrap=True,
        )
        if finding.mend:
            # Whole, so that a terminal's selection takes commands as they are.
            screen.print(show.plain(finding.mend, limit=_LONGEST_LINE, indent=4), soft_wrap=True)


def _places(finding: Finding, others: Sequence[Finding]) -> str:
    named = ", ".join(one.where for one in (finding, *others[: _PLACES - 1]))
    return named if len(others) < _PLACES else f"{named} and {len(others) - _PLACES + 1:,} more"


def _vdm_lines(vdm: VdmSeen) -> list[str]:
    account, bill = vdm.account, vdm.bill
    if account is None:
        lines = ["Virtual Deliverability Manager: not known"]
    else:
        plan = f" (plan {account.plan})" if account.plan else ""
        lines = [f"Virtual Deliverability Manager: {'on' if account.enabled else 'off'}{plan}"]
    if account and account.enabled and vdm.own_set:
        engagement, shared = _switches(vdm)
        lines[0] += f"; for {vdm.own_set.name} engagement metrics {_word(engagement)}, optimized shared delivery {_word(shared)}"
    if bill is None:
        return lines
    price = "at a price that is not known" if bill.vdm is None else f"about ${bill.vdm:,.2f} and what queries cost"
    included = " (your plan has it already)" if bill.included else ""
    lines.append(
        f"{bill.mails:,} mails in this Region in 30 days. For as many a month: VDM {price}{included}, "
        f"SES Warden about ${bill.ours:,.2f} (docs/costs.md)."
    )
    return lines


def _switches(vdm: VdmSeen) -> tuple[bool | None, bool | None]:
    """Engagement metrics and optimized shared delivery: what the set says goes before what the account says."""
    own, account = vdm.own_set, vdm.account
    sides = [side for side in (own, account) if side is not None]
    engagement = next((side.engagement for side in sides if side.engagement is not None), None)
    shared = next((side.shared_delivery for side in sides if side.shared_delivery is not None), None)
    return engagement, shared


def _look_shape(look: Look) -> shapes.Domains:
    account, bill = look.vdm.account, look.vdm.bill
    engagement, shared = _switches(look.vdm)
    return shapes.Domains(
        identities=[_identity_shape(seen, look.own.feedback_topic) for seen in look.identities],
        not_looked_at=look.not_looked_at,
        findings=shapes_of(look.findings),
        vdm=shapes.DomainVdm(
            enabled=account.enabled if account else None,
            plan=account.plan if account else None,
            engagement=engagement,
            shared_delivery=shared,
            mails=bill.mails if bill else None,
            vdm_dollars=bill.vdm if bill else None,
            our_dollars=bill.ours if bill else None,
            included=bill.included if bill else None,
        ),
    )


def _identity_shape(seen: Seen, own_topic: str) -> shapes.DomainIdentity:
    identity = seen.identity
    return shapes.DomainIdentity(
        name=seen.name,
        domain=seen.is_domain,
        verified=identity.verified if identity else None,
        dkim=identity.dkim.status if identity else None,
        dkim_key=identity.dkim.key if identity else None,
        mail_from=(identity.mail_from.domain if identity.mail_from else "") if identity else None,
        configuration_set=identity.configuration_set if identity else None,
        recorded=seen.recorded,
        forwards=identity.forwards if identity else None,
        topics=seen.topics.by_type if seen.topics is not None else None,
        topics_elsewhere=list(elsewhere(seen.topics, own_topic)) if seen.topics is not None else None,
    )


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    return table
