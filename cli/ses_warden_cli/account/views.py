"""The account and the request for production access, for people and for scripts."""

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import typer
from rich.table import Table

from ses_warden.application.look_at_account import AccountLook
from ses_warden.bootstrap.account import AccountDesk
from ses_warden.domain.account import Account, Details
from ses_warden.domain.findings import is_bad, worst
from ses_warden.domain.production import WANTED, AccessRequest
from ses_warden_cli import findings, show
from ses_warden_cli.account import shapes

if TYPE_CHECKING:
    from ses_warden.bootstrap.connection import Connection

_LONGEST_TEXT = 5000


def show_account(connection: "Connection", *, as_json: bool) -> bool:
    """Looks at the account and shows it; whether somebody should."""
    desk = AccountDesk(connection)
    found = desk.look()
    if as_json:
        show.as_json(_stood(found, desk))
    else:
        _print_account(found, desk)
    return any(map(is_bad, found.findings))


def _print_account(found: AccountLook, desk: AccountDesk) -> None:
    screen = show.console()
    screen.print(show.plain(f"SES account in {desk.region}", "bold"))
    facts = _grid()
    for name, text in _facts(found.account):
        facts.add_row(show.plain(name), show.plain(text))
    screen.print(facts)
    table = _grid()
    for one in found.findings:
        table.add_row(findings.standing(one), findings.words(one))
    screen.print(table)
    if desk.no_stack:
        show.note(f"No stack told its SuppressionAuthority: {desk.no_stack}")


def _facts(account: Account) -> Iterable[tuple[str, str]]:
    """What is no finding: how the account is set."""
    second = account.quota.second
    extras = {"engagement": account.vdm_engagement, "optimized shared delivery": account.vdm_shared_delivery}
    yield "quota a second", "not known" if second is None else f"{second:,.15g}"
    yield "Virtual Deliverability Manager", _words(account.vdm, extras)
    yield "address validation", _words(account.validation)
    yield "warm-up of dedicated addresses", {True: "on", False: "off", None: "not known"}[account.ip_warmup]
    change = f", {account.next_plan} from the next month on" if account.next_plan and account.next_plan != account.plan else ""
    yield "plan", f"{account.plan or 'not known'}{change}"


def _words(value: str | None, extras: Mapping[str, str | None] | None = None) -> str:
    rest = ", ".join(f"{name} {word.lower()}" for name, word in (extras or {}).items() if word)
    return (value or "not known").lower() + (f" ({rest})" if rest else "")


def _grid() -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    return table


def request_production(connection: "Connection", request: AccessRequest, *, plan: bool, yes: bool, as_json: bool) -> bool:
    """Shows the request, asks, and files it; whether it was not wanted in the end."""
    if not (plan or yes or sys.stdin.isatty()):
        raise typer.BadParameter("nobody can be asked here: --yes sends it without asking, --plan only shows it")
    desk = AccountDesk(connection)
    before = desk.before_request()
    if not as_json:
        _print_request(before, request, desk.region)
    if not (plan or yes) and not typer.confirm(f"Send this to AWS for {desk.region}?"):
        show.note("Nothing was sent.")
        return True
    after = None if plan else desk.request_production(request)
    if as_json:
        show.as_json(_asked(desk.region, before, request, after, plan=plan))
    elif plan:
        show.note("Nothing was sent: this was only shown.")
    else:
        _print_filed(after)
    return False


def _print_request(before: Account, request: AccessRequest, region: str) -> None:
    screen = show.console()
    screen.print(show.plain(f"The request for production access in {region}:", "bold"))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("", *(["now"] if before.details else []), "to be sent"):
        table.add_column(name, overflow="fold")
    new, old = _fields(_described_request(request)), _fields(_described(before.details or Details()))
    for name in new:
        cells = [*([old[name]] if before.details else []), new[name]]
        table.add_row(show.plain(name), *(show.plain(text, limit=_LONGEST_TEXT) for text in cells))
    screen.print(table)
    if before.details:
        _print_text("use case now:", before.details.use_case or "(none)")
    _print_text("use case to be sent:", request.use_case)
    if before.details:
        screen.print(show.plain("What is sent replaces what SES has now."))
    if before.review and before.review.status == "DENIED":
        case = f", case {before.review.case}" if before.review.case else ""
        show.note(f"AWS denied the last request: an answer in the Support Center{case} may do more than another one.")
    screen.print(show.plain("Reviewers want to read:", "dim"))
    for line in WANTED:
        screen.print(show.plain(f"- {line}", "dim", indent=2))


def _print_text(name: str, text: str) -> None:
    screen = show.console()
    screen.print(show.plain(name))
    for line in text.splitlines():
        screen.print(show.plain(line, limit=_LONGEST_TEXT, indent=2))


def _print_filed(after: Account | None) -> None:
    screen = show.console()
    screen.print(show.plain("AWS has the request. The first answer comes by mail, within about 24 hours.", "green"))
    if after is None:
        show.note("SES did not tell what it made of it; `ses-warden account` asks again.")
    elif after.review:
        case = f", case {after.review.case}" if after.review.case else ""
        screen.print(show.plain(f"Review: {after.review.status}{case}."))
    elif after.production:
        screen.print(show.plain("The account has production access."))


def _fields(one: shapes.Described) -> dict[str, str]:
    return {
        "mail type": one["mail_type"] or "",
        "website": one["website"] or "",
        "language": one["language"] or "",
        "additional contacts": ", ".join(one["contacts"]),
    }


# For scripts


def _stood(found: AccountLook, desk: AccountDesk) -> shapes.AccountShown:
    account = found.account
    return shapes.AccountShown(
        region=desk.region,
        standing=worst(found.findings).value,
        production=account.production,
        review=_reviewed(account),
        enforcement=account.enforcement,
        sending=account.sending,
        quota=_quota(found),
        suppressed_reasons=None if account.suppressed_reasons is None else list(account.suppressed_reasons),
        validation=account.validation,
        vdm=account.vdm,
        vdm_engagement=account.vdm_engagement,
        vdm_shared_delivery=account.vdm_shared_delivery,
        ip_warmup=account.ip_warmup,
        plan=account.plan,
        next_plan=account.next_plan,
        findings=findings.shapes_of(found.findings),
        no_stack=desk.no_stack,
    )


def _quota(found: AccountLook) -> shapes.QuotaUse:
    quota, course = found.account.quota, found.course

    def part(use: float | None) -> float | None:
        return use / quota.day if use is not None and quota.day else None

    return shapes.QuotaUse(
        day=quota.day,
        second=quota.second,
        sent=quota.sent,
        use=quota.use,
        peak=part(course.peak) if course else None,
        projected=part(course.expected) if course else None,
        projected_low=part(course.low) if course else None,
        projected_high=part(course.high) if course else None,
        full_at=show.iso(course.full_at) if course else None,
    )


def _reviewed(account: Account | None) -> shapes.Reviewed | None:
    review = account.review if account else None
    return shapes.Reviewed(status=review.status, case=review.case) if review else None


def _asked(region: str, before: Account, request: AccessRequest, after: Account | None, *, plan: bool) -> shapes.AccessAsked:
    return shapes.AccessAsked(
        region=region,
        planned=plan,
        present=_described(before.details) if before.details else None,
        request=_described_request(request),
        review=_reviewed(after),
    )


def _described(details: Details) -> shapes.Described:
    return shapes.Described(
        mail_type=details.mail_type,
        website=details.website,
        language=details.language,
        use_case=details.use_case,
        contacts=list(details.contacts),
    )


def _described_request(request: AccessRequest) -> shapes.Described:
    return _described(Details(request.mail_type, request.website, request.language, request.use_case, request.contacts))
