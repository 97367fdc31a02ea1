"""The policy of a domain as reports tell it, and since when."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ses_warden.domain.dmarc import Report

_A_DAY = timedelta(days=1)
# Reports are about a day (RFC 9990 section 3.5.1), some about a week: who claims to tell of more does not cover more.
_LONGEST = timedelta(days=8)
WHOLE = 100


@dataclass(frozen=True, slots=True)
class Published:
    """The policy as the newest report tells it, and since when all reports tell the same.

    `policy` is None where reports do not say, `testing` (`t=y`) where the reporters follow RFC 7489, which does not know it;
    `percent` is the historic `pct`. `changed`: earlier ones among these reports tell of another policy, `disputed` what
    one tells that is about the same days: the policy was changed then, or somebody errs or forges.
    """

    policy: str | None = None
    subdomain: str | None = None
    nonexistent: str | None = None
    testing: bool | None = None
    percent: int | None = None
    since: datetime | None = None
    changed: bool = field(default=False, compare=False)
    disputed: str = field(default="", compare=False)

    @property
    def sp(self) -> str | None:
        """The policy for subdomains. Some reporters name it where it is that of the domain, others do not."""
        return self.subdomain or self.policy

    @property
    def part(self) -> int | None:
        """For what part of the mail the policy is, where that is not all of it."""
        asks = {self.policy, self.sp} - {None, "none"}
        return self.percent if asks and self.percent is not None and self.percent < WHOLE else None


@dataclass(frozen=True, slots=True)
class Told:
    """What a report tells of the policy, and about which time."""

    begin: datetime
    end: datetime
    published: Published

    @property
    def sure(self) -> datetime:
        """Since when the policy stood for sure: a report has one policy, which in a longer one may be that of its last day."""
        return max(self.begin, self.end - _A_DAY)


def told_of(report: Report) -> Told:
    """What it tells of the policy."""
    policy = Published(report.policy, report.subdomain_policy, report.nonexistent_policy, report.testing, report.percent)
    return Told(report.begin, end_of(report), policy)


def current(told: Iterable[Told]) -> Published:
    """The newest report's policy, since the first of the reports that have told the same without a break.

    Reporters differ in what they repeat (RFC 7489 knows neither `np` nor `t`): what one does not tell, another one may.
    """
    newest = sorted((one for one in told if one.published.policy is not None), key=lambda one: (one.end, one.begin), reverse=True)
    if not newest:
        return Published()
    since, now, changed, disputed = newest[0].sure, newest[0].published, False, ""
    for one in newest:
        if changed := not _is_same(one.published, now):
            # Receivers look a record up at times of their own, and keep what they found for a day.
            disputed = f"p={one.published.policy}" if newest[0].end - one.end <= 2 * _A_DAY else ""
            break
        since = min(since, one.sure)
        now = replace(
            now,
            nonexistent=one.published.nonexistent if now.nonexistent is None else now.nonexistent,
            testing=one.published.testing if now.testing is None else now.testing,
            percent=one.published.percent if now.percent is None else now.percent,
        )
    return replace(now, since=since, changed=changed, disputed=disputed)


def _is_same(one: Published, other: Published) -> bool:
    if (one.policy, one.sp) != (other.policy, other.sp):
        return False
    if None not in (one.testing, other.testing) and one.testing != other.testing:
        return False
    return None in (one.percent, other.percent) or one.part == other.part


def end_of(report: Report) -> datetime:
    """The end of the time that it tells of."""
    return report.begin + max(timedelta(), min(report.end - report.begin, _LONGEST))
