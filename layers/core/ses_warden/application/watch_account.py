"""Looks at the account each day, and tells people what changed: how it is set, what AWS thinks of it, how near the quota is."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from ses_warden.application.guard_ports import Alerts, Notice, NoticeKind
from ses_warden.application.look_at_account import AccountDesk, SendMetric, look_at_account
from ses_warden.application.watch import Memory
from ses_warden.domain.account_facts import Moved, facts_of, is_fact, moved, remembered
from ses_warden.domain.account_findings import NEAR, PROJECTION, QUOTA
from ses_warden.domain.authority import Authority
from ses_warden.domain.changes import Changes, changes
from ses_warden.domain.findings import Finding, Standing, is_bad, worst
from ses_warden.errors import WardenError

SUBJECT = "account"
# Use that swings about the limit is told of once: whoever was told hears of its end below this.
CALM = 0.7


@dataclass(frozen=True, slots=True)
class AccountWatched:
    """What changed, and what went wrong on the way."""

    moved: Sequence[Moved] = ()
    changes: Changes = field(default_factory=Changes)
    errors: Sequence[WardenError] = ()

    def __bool__(self) -> bool:
        """Whether there was something to tell."""
        return bool(self.moved or self.changes)


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountWatch:
    """What the watch needs: `where` names the account, `authority` is the stack's."""

    desk: AccountDesk
    metric: SendMetric
    memory: Memory
    alerts: Alerts
    where: str
    authority: Authority


def watch_account(watch: AccountWatch, now: datetime) -> AccountWatched:
    """Compares the account with the last look, tells what changed, and then keeps it.

    At the first look only what is bad is told. What SES does not tell stays as it was. What could not be told is not kept, so
    that the next look tells it.
    """
    try:
        before = watch.memory.last(SUBJECT) or ()
        was_near = any(one.code == QUOTA and is_bad(one) for one in before)
        look = look_at_account(watch.desk, watch.metric, now, watch.where, watch.authority, near=CALM if was_near else NEAR)
    except WardenError as error:
        return AccountWatched(errors=(error,))
    # The projection is of the hours to come; a look a day has the highest use of the last day instead.
    findings = [one for one in _as_far_as_seen(look.findings, was_near=was_near) if one.code != PROJECTION]
    facts = facts_of(look.account, watch.where)
    change, differ = changes((one for one in before if not is_fact(one)), findings), moved(before, facts)
    try:
        if change or differ:
            watch.alerts.send(notice_of_account(change, differ, watch.where, now))
        watch.memory.keep(SUBJECT, [*change.bad, *remembered(before, facts)], now)
    except WardenError as error:
        return AccountWatched(differ, change, (error,))
    return AccountWatched(differ, change)


def _as_far_as_seen(findings: Sequence[Finding], *, was_near: bool) -> Sequence[Finding]:
    """A quota that was near is not known to be well again while CloudWatch does not tell how use went since the last look."""
    blind = any(one.code == PROJECTION and one.standing is Standing.UNKNOWN for one in findings)
    if not (blind and was_near):
        return findings
    return [replace(one, standing=Standing.UNKNOWN) if one.code == QUOTA and not is_bad(one) else one for one in findings]


def notice_of_account(change: Changes, differ: Sequence[Moved], where: str, now: datetime) -> Notice:
    """The alert: each change in a line of its own, what is worse with how to mend it."""
    told = {f"account.{one.name}" for one in differ}
    lines = [f"  {one.name}: {one.before} -> {one.after}" for one in differ]
    lines += [_line(one) for one in change.worse]
    lines += [f"  no longer so: {one.code}: {one.what}" for one in change.mended if one.code not in told]
    return Notice(
        kind=NoticeKind.ACCOUNT,
        scope=SUBJECT,
        at=now,
        reason="\n".join([f"the {where} changed since the last look:", *lines]),
        done="Nothing was changed by SES Warden; it tells again only when something changes.",
        next="""See how the account stands, and how to mend it:
    ses-warden account
If nobody of yours changed a setting, CloudTrail says who did. Step by step: docs/runbook.md, "Account Changed".""",
        by="the watch of the account",
        status=worst(change.bad).value,
        episode=f"{NoticeKind.ACCOUNT.value} {now:%Y-%m-%dT%H:%M:%SZ}",
    )


def _line(finding: Finding) -> str:
    mend = f" {finding.mend}" if finding.mend else ""
    return f"  {finding.standing.value}: {finding.code}: {finding.what}{mend}"
