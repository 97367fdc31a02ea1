"""What the steps for a DMARC policy ask of a summary: how long and how well it was watched, and what is in the way."""

from dataclasses import dataclass
from datetime import UTC, date, timedelta

from ses_warden.domain.dmarc_blockers import Blockers
from ses_warden.domain.dmarc_sources import Kind
from ses_warden.domain.dmarc_summary import Summary

# RFC 9989 section 7.4 says "at least a month": the shortest one, as the first and the last report of a month begin within it.
A_MONTH = timedelta(days=28)
# No RFC says how long a test lasts: two rounds of whatever goes out weekly.
A_TEST = timedelta(days=14)
# Reports of one day in three, at least: between the first and the last of them may be nothing at all.
_LEAST_DAYS = 1 / 3
_A_WEEK = 7
# Reports end a second before midnight, or have an hour more or less where clocks are set.
_SLACK = timedelta(hours=2)
# Where none of 300 fails, fewer than 1 % do with 95 % certainty (3/n, Hanley and Lippman-Hand, JAMA 1983).
LEAST_MAILS = 300
# Of one receiver's word alone nobody concludes that a domain sends nothing.
_LEAST_REPORTERS = 2
_LADDER = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class Case:
    """A summary, and what of it the steps ask for.

    `is_known_to_send`: SES delivered mail of ours as the domain or one below it; None where that could not be read. `mended`: what
    fails is older than a month.
    """

    summary: Summary
    blockers: Blockers
    is_known_to_send: bool | None
    mended: bool = False

    @property
    def stood(self) -> timedelta:
        """For how long reports have told the policy of today."""
        since, last = self.summary.published.since, self.summary.last
        return max(last - since, timedelta()) if since and last else timedelta()

    @property
    def days(self) -> list[date]:
        """The days of which there are reports under the policy of today."""
        since = self.summary.published.since
        return sorted(day for day in self.summary.covered if since and day >= since.astimezone(UTC).date())

    @property
    def weeks(self) -> int:
        """In how many weeks since then these lie."""
        since = self.summary.published.since
        return len({(day - since.astimezone(UTC).date()).days // _A_WEEK for day in self.days}) if since else 0

    @property
    def own(self) -> int:
        """The mails of ours in them."""
        since = self.summary.published.since
        return sum(mails for day, mails in self.summary.own_days.items() if since and day >= since.astimezone(UTC).date())

    @property
    def subdomains(self) -> str:
        """The policy for subdomains."""
        return self.summary.published.sp or "none"

    @property
    def is_test(self) -> bool:
        """Whether the policy is not yet for all mail: `t=y`, or RFC 7489's `pct`, by which receivers let the rest through."""
        published = self.summary.published
        return bool(published.testing) or published.part is not None

    @property
    def test(self) -> str:
        """What makes it a test, as the record has it."""
        published = self.summary.published
        return "t=y" if published.testing else f"pct={published.part}"

    @property
    def hurting(self) -> str:
        """The policy that mail of ours fails under, as the record has it, or nothing: `sp=none` lets that of subdomains through."""
        policy = self.summary.published.policy or "none"
        if self.blockers.apex and strength(policy):
            return f"p={policy}"
        return f"sp={self.subdomains}" if self.blockers.subdomains and strength(self.subdomains) else ""

    @property
    def seems_silent(self) -> bool:
        """Whether no mail of ours was reported. Who passes with our key by way of others is ours too."""
        summary = self.summary
        passed_on = summary.kinds.get(Kind.PASSED_ON)
        return not (summary.ours.mails or self.blockers.unsigned or self.is_known_to_send or (passed_on and passed_on.passed))

    @property
    def has_two_reporters(self) -> bool:
        """Whether more than one receiver tells of it."""
        return len(self.summary.reporters) >= _LEAST_REPORTERS

    def uncovered(self, period: timedelta) -> str:
        """Which reports are still missing before a step, or nothing."""
        days, least, weeks = len(self.days), int(period.days * _LEAST_DAYS), period.days // _A_WEEK
        stood = timedelta(days=(self.stood + _SLACK).days)
        if stood < period:
            return f"reports of {days_of(period)} under this policy ({days_of(stood)} so far)"
        if days < least:
            return f"reports of {least} different days under this policy ({days} so far)"
        # What goes out weekly, or is watched in a burst of days alone, is not seen between them.
        return f"reports of {weeks} different weeks under this policy ({self.weeks} so far)" if self.weeks < weeks else ""

    def lacks(self, period: timedelta) -> str:
        """What is still missing before a step, or nothing."""
        mails = f"{LEAST_MAILS} mails of yours in them ({self.own:,} so far)" if self.own < LEAST_MAILS else ""
        return " and ".join(filter(None, (self.uncovered(period), mails)))

    def subdomains_under(self, policy: str) -> str:
        """The policy for subdomains beside one for the domain: held while mail of theirs fails, else a step further at most.

        Where no `sp` of its own stands there, they go along with the domain.
        """
        published = self.summary.published
        now, most = strength(self.subdomains), strength(policy)
        if self.blockers.subdomains and now < most:
            return self.subdomains
        if published.subdomain in (None, published.policy) or now == most:
            return policy
        return _LADDER[now + 1] if now < most else self.subdomains


def strength(policy: str) -> int:
    """How strict it is."""
    return _LADDER.index(policy) if policy in _LADDER else 0


def days_of(period: timedelta) -> str:
    """So many days, in words."""
    days = round(period / timedelta(days=1))
    return f"{days:,} day{'' if days == 1 else 's'}"
