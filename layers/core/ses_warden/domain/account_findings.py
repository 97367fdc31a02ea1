"""What is to be said of an account: the rules, each with AWS's page that it rests on."""

import math
from collections.abc import Iterator

from ses_warden.domain.account import Account, Quota
from ses_warden.domain.authority import Authority
from ses_warden.domain.findings import Finding, Standing
from ses_warden.domain.quota_use import HOURS, Course

QUOTA, PROJECTION = "account.quota", "account.quota-projection"
NEAR = 0.8
REASONS = ("BOUNCE", "COMPLAINT")

_GUIDE = "https://docs.aws.amazon.com/ses/latest/dg/"
_LEAVE = f"{_GUIDE}request-production-access.html"
_RAISE = f"{_GUIDE}manage-sending-quotas-request-increase.html"
_STATUS = f"{_GUIDE}reputationdashboardmessages.html"
_LIST = f"{_GUIDE}sending-email-suppression-list.html"
_REVIEW = "https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_ReviewDetails.html"
_PAUSE = f"{_GUIDE}monitoring-sender-reputation-pausing.html"
_OK, _UNKNOWN, _WARN, _BROKEN = Standing.OK, Standing.UNKNOWN, Standing.WARN, Standing.BROKEN


def findings_of(account: Account, where: str, authority: Authority | None = None) -> list[Finding]:
    """How the account stands, but for the course of its quota. `where` names it; `authority` is the stack's, if there is one."""
    return [
        _access(account, where),
        *_review(account, where),
        _enforcement(account, where),
        _sending(account, where),
        _suppression(account, where, authority),
    ]


def _access(account: Account, where: str) -> Finding:
    code = "account.access"
    if account.production is None:
        return Finding(code, _UNKNOWN, where, "SES does not say whether the account is in the sandbox.", source=_LEAVE)
    if account.production:
        return Finding(code, _OK, where, "The account has production access.", source=_LEAVE)
    asked = account.review is not None and account.review.status == "PENDING"
    return Finding(
        code,
        _WARN,
        where,
        "The account is in the sandbox: mail goes to verified addresses and SES's mailbox simulator only, and SES's suppression "
        "list cannot be managed.",
        "Wait for AWS's answer; it was asked." if asked else "Ask for production access: `ses-warden account request-production`.",
        _LEAVE,
    )


def _review(account: Account, where: str) -> Iterator[Finding]:
    if account.review is None:
        return
    status, case = account.review.status, account.review.case
    answer = f"Answer in the Support Center, case {case}" if case else "Look for AWS's mail and its case in the Support Center"
    known = {
        "PENDING": (
            _OK,
            "AWS is reviewing the account's details; the first answer takes about 24 hours.",
            f"{answer}, if AWS asks.",
        ),
        "GRANTED": (_OK, "AWS has reviewed the account's details and granted what was asked for.", ""),
        "DENIED": (
            _WARN,
            "AWS has reviewed the account's details and denied what was asked for.",
            f"{answer}: say what was changed, how recipients opt in, and how bounces, complaints and unsubscriptions are handled.",
        ),
        "FAILED": (
            _WARN,
            "The request did not reach AWS's reviewers, by an error on AWS's side.",
            "Send it again: `ses-warden account request-production`.",
        ),
    }
    strange = (_UNKNOWN, f"SES calls the review {status}, which is not known here.", f"{answer}.")
    standing, what, mend = known.get(status, strange)
    yield Finding("account.review", standing, where, what, mend, _REVIEW)


def _enforcement(account: Account, where: str) -> Finding:
    status = account.enforcement
    known = {
        "HEALTHY": (_OK, "AWS has nothing against the account.", ""),
        "PROBATION": (
            _WARN,
            "AWS has put the account under review; it still sends.",
            "Find and mend the cause, then answer AWS's mail with what was done.",
        ),
        "SHUTDOWN": (
            _BROKEN,
            "AWS has stopped the account: it sends nothing.",
            "Only AWS lifts that: find and mend the cause, then answer in the Support Center.",
        ),
    }
    if not status:
        standing, what, mend = _UNKNOWN, "SES does not say what AWS thinks of the account.", ""
    else:
        # A word that SES did not have when this was written is hardly a better one than HEALTHY.
        strange = (_WARN, f"SES calls the account {status}, which is not known here.", "See its reputation page in the console.")
        standing, what, mend = known.get(status, strange)
    return Finding("account.enforcement", standing, where, what, mend, _STATUS)


def _sending(account: Account, where: str) -> Finding:
    code = "account.sending"
    if account.sending is None:
        return Finding(code, _UNKNOWN, where, "SES does not say whether sending is switched on.", source=_PAUSE)
    if account.sending:
        return Finding(code, _OK, where, "Sending is switched on.", source=_PAUSE)
    if account.enforcement == "SHUTDOWN":
        what = "Sending is switched off, by AWS, which has stopped the account."
        return Finding(code, _BROKEN, where, what, "It goes on when AWS lifts its stop.", _PAUSE)
    mend = "`ses-warden status account` says whether the guard or an operator did it, `ses-warden resume account` ends it."
    return Finding(code, _BROKEN, where, "Sending is switched off: SES refuses all mail of the account.", mend, _PAUSE)


def _suppression(account: Account, where: str, authority: Authority | None) -> Finding:
    code, reasons = "account.suppression", account.suppressed_reasons
    if reasons is None:
        return Finding(code, _UNKNOWN, where, "SES does not say for which reasons it suppresses addresses.", source=_LIST)
    missing = [reason for reason in REASONS if reason not in reasons]
    listed = ", ".join(reasons) or "no reason"
    if not missing:
        return Finding(code, _OK, where, f"SES itself suppresses addresses for {listed}.", source=_LIST)
    if authority == "warden":
        what = f"SES itself suppresses addresses for {listed}; with SuppressionAuthority=warden the table decides."
        return Finding(code, _OK, where, what, source=_LIST)
    return Finding(
        code,
        _WARN,
        where,
        f"SES itself suppresses addresses for {listed}, not for {' and '.join(missing)}: configuration sets without reasons of "
        "their own mail again whom they should not.",
        "`aws sesv2 put-account-suppression-attributes --suppressed-reasons BOUNCE COMPLAINT`, unless your own list decides.",
        _LIST,
    )


def quota_findings(quota: Quota, where: str, course: Course | None, blind: str = "", *, near: float = NEAR) -> list[Finding]:
    """How the daily quota stands. `blind` says why its course is not known, `near` from which use on it warns."""
    code = QUOTA
    if quota.unlimited:
        return [Finding(code, _OK, where, "The account has no daily quota.", source=_RAISE)]
    if quota.day is None or not math.isfinite(quota.day) or quota.day < 0:
        return [Finding(code, _UNKNOWN, where, "SES does not say what the daily quota is.", source=_RAISE)]
    if quota.day == 0:
        what = "The daily quota is 0: SES takes no mail."
        return [Finding(code, _BROKEN, where, what, "Ask AWS why, in the Support Center.", _RAISE)]
    if quota.use is None:
        return [Finding(code, _UNKNOWN, where, "SES does not say how much of the daily quota is used.", source=_RAISE)]
    return [_use(quota, where, course, near), _projection(quota.day, where, course, blind)]


def _use(quota: Quota, where: str, course: Course | None, near: float) -> Finding:
    day, now = quota.day or 0.0, quota.use or 0.0
    peak = max(now, course.peak / day if course else 0.0)
    what = f"{_percent(now)} of the daily quota is used: {quota.sent:,.0f} of {day:,.0f} in the last 24 hours"
    what += f"; at most {_percent(peak)} in the last day." if course else "."
    standing = _BROKEN if now >= 1 else _WARN if peak > near else _OK
    mend = "" if standing is _OK else "Ask for a higher quota before it is reached; SES refuses what is above it."
    return Finding(QUOTA, standing, where, what, mend, _RAISE)


def _projection(day: float, where: str, course: Course | None, blind: str) -> Finding:
    code = PROJECTION
    if course is None:
        return Finding(code, _UNKNOWN, where, blind or "CloudWatch's count of the mail sent and SES's own do not agree (yet).")
    low, expected, high = (_percent(use / day) for use in (course.low, course.expected, course.high))
    what = (
        f"Until {course.until:%H:%M} UTC at most {expected} ({low} to {high}) will be used, if sending goes on as in the last "
        f"{HOURS} hours ({course.pace:,.0f} an hour, {course.slowest:,.0f} to {course.fastest:,.0f})"
    )
    if course.full_at is None:
        return Finding(code, _OK, where, f"{what}.")
    mend = "Spread what can wait, or ask for a higher quota; SES counts the last 24 hours at any moment."
    return Finding(code, _WARN, where, f"{what}: the quota is used up at about {course.full_at:%H:%M} UTC.", mend, _RAISE)


def _percent(part: float) -> str:
    return f"{100 * part:.1f} %" if part < 0.1 else f"{100 * part:.0f} %"  # noqa: PLR2004 - ten per cent
