"""The next step for a domain's DMARC policy, with the numbers that speak for it and what has to be mended first.

The ladder is that of RFC 9989 section 7.4: `none` for at least a month, `quarantine` for as long, then perhaps `reject`; between
them `quarantine; t=y` (section 4.7), which reports as quarantine would. `pct` is historic since RFC 9989 (appendix A.6).
docs/dmarc.md tells the same to people.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from enum import StrEnum
from typing import NamedTuple

from ses_warden.domain.dmarc_blockers import Blockers, blockers_of
from ses_warden.domain.dmarc_sources import Kind
from ses_warden.domain.dmarc_summary import Summary
from ses_warden.domain.findings import Finding

# RFC 9989 section 7.4 says "at least a month": the shortest one, as the first and the last report of a month begin within it.
A_MONTH = timedelta(days=28)
# No RFC says how long a test lasts: two rounds of whatever goes out weekly.
A_TEST = timedelta(days=14)
# Reports of one day in three, at least: between the first and the last of them may be nothing at all.
_LEAST_DAYS = 1 / 3
# Where none of 300 fails, fewer than 1 % do with 95 % certainty (3/n, Hanley and Lippman-Hand, JAMA 1983).
LEAST_MAILS = 300
# A reporter that tells of more than this has all the say.
_MOST_OF_ONE = 0.8
_STRENGTH = {"none": 0, "quarantine": 1, "reject": 2}
_LADDER = "RFC 9989 section 7.4"
KEEP = "rua=mailto:…"


class Step(StrEnum):
    """What to do next."""

    WAIT = "wait"
    MEND = "mend"
    PUBLISH = "publish-none"
    QUARANTINE_TEST = "quarantine-test"
    QUARANTINE = "quarantine"
    REJECT = "reject"
    STAY = "stay"


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do: `headline` in a sentence, `reasons` with their numbers, what is to be mended or looked at, and the record.

    `record` is the text to publish at `_dmarc.DOMAIN`, None where nothing is to change; its `rua` (and `ruf`, `adkim`, `aspf`) is
    whatever stands there now, which reports do not tell.
    """

    step: Step
    headline: str
    reasons: tuple[str, ...]
    findings: tuple[Finding, ...]
    record: str | None = None


@dataclass(frozen=True, slots=True)
class _Case:
    """A summary, and what of it the steps ask for."""

    summary: Summary
    blockers: Blockers
    is_known_to_send: bool  # SES delivered mail of ours as the domain or one below it

    @property
    def stood(self) -> timedelta:
        """For how long reports have told the policy of today."""
        since, last = self.summary.published.since, self.summary.last
        return last - since if since and last else timedelta()

    @property
    def days(self) -> list[date]:
        """The days of which there are reports under the policy of today."""
        since = self.summary.published.since
        return [day for day in self.summary.days if since and day >= since.astimezone(UTC).date()]

    @property
    def subdomains(self) -> str:
        """The policy for subdomains."""
        return self.summary.published.subdomain or self.summary.published.policy or "none"

    def uncovered(self, period: timedelta) -> str:
        """Which reports are still missing before a step, or nothing."""
        days, least = len(self.days), int(period.days * _LEAST_DAYS)
        if self.stood < period:
            return f"reports of {_days(period)} under this policy ({_days(self.stood)} so far)"
        return f"reports of {least} different days under this policy ({days} so far)" if days < least else ""

    def lacks(self, period: timedelta) -> str:
        """What is still missing before a step, or nothing."""
        own = self.summary.ours.mails
        mails = f"{LEAST_MAILS} mails of yours in them ({own:,} so far)" if own < LEAST_MAILS else ""
        return " and ".join(filter(None, (self.uncovered(period), mails)))


def advise(summary: Summary, domains: frozenset[str] = frozenset(), latest: Summary | None = None) -> Advice:
    """The next step. `domains` are those as which SES delivered mail of ours; `latest` is what the last month came to.

    What is in the way in the last month is in the way, however little that is of a year.
    """
    blockers = blockers_of(summary, domains)
    if latest:
        blockers = blockers.joined(blockers_of(latest, domains))
    case = _Case(summary, blockers, bool(domains))
    move = _next(case)
    record = _record(case, move.policy, testing=move.testing) if move.policy else None
    return Advice(move.step, move.headline, tuple(_reasons(case, move.step)), case.blockers.findings, record)


class _Move(NamedTuple):
    """The step, its sentence, and the policy to publish, where one is, with `t=y` or without."""

    step: Step
    headline: str
    policy: str | None = None
    testing: bool = False


def _next(case: _Case) -> _Move:
    policy, testing = case.summary.published.policy, case.summary.published.testing
    if policy in ("quarantine", "reject") and case.blockers.unsigned:
        return _Move(Step.MEND, f"Mend first: mail of yours fails under p={policy}, and receivers treat it as forged.")
    match policy:
        case "none":
            return _from_none(case)
        case "quarantine" if testing:
            return _from_test(case, policy)
        case "quarantine":
            return _from_quarantine(case)
        case "reject":
            return _at_reject(case)
    place = f"_dmarc.{case.summary.domain}"
    return _Move(Step.PUBLISH, f"No report says which policy stands at {place}: see that p=none is published there.", "none")


def _from_none(case: _Case) -> _Move:
    domain = case.summary.domain
    silent = not case.summary.ours.mails and not case.blockers.unsigned and not case.is_known_to_send
    if silent and not case.uncovered(A_MONTH):
        # M3AAWG, "Protecting Parked Domains": such a domain needs no months.
        words = f"No mail of yours was reported in {_days(case.stood)}: if {domain} sends none, publish p=reject now."
        return _Move(Step.REJECT, words, "reject")
    if lacking := case.lacks(A_MONTH):
        return _Move(Step.WAIT, f"Stay at p=none: still to come are {lacking}.")
    if case.blockers.apex:
        return _Move(Step.MEND, "Mend first, and stay at p=none until then: mail of yours fails.")
    words = "Publish p=quarantine with t=y: your mail passes."
    if case.blockers.subdomains:
        words = f"Publish p=quarantine with t=y for {domain} alone: its mail passes, while mail of subdomains fails."
    return _Move(Step.QUARANTINE_TEST, words, "quarantine", testing=True)


def _from_test(case: _Case, policy: str) -> _Move:
    if lacking := case.lacks(A_TEST):
        return _Move(Step.WAIT, f"Wait with p={policy}; t=y: still to come are {lacking}.")
    step = Step.REJECT if policy == "reject" else Step.QUARANTINE
    return _Move(step, f"Publish p={policy} without t=y: the test has shown no mail of yours that fails.", policy)


def _from_quarantine(case: _Case) -> _Move:
    if lacking := case.lacks(A_MONTH):
        return _Move(Step.WAIT, f"Stay at p=quarantine: still to come are {lacking}.")
    if case.blockers.spf_alone:
        return _Move(Step.MEND, "Stay at p=quarantine until your mail is signed: at p=reject SPF alone must not carry it.")
    if case.blockers.passed_on:
        words = "Stay at p=quarantine, for good perhaps: mail of yours comes by way of mailing lists, which p=reject would lose."
        return _Move(Step.STAY, words, _improved(case))
    words = f"Publish p=reject, unless people write from {case.summary.domain}: those should stay at quarantine ({_LADDER})."
    return _Move(Step.REJECT, words, "reject")


def _at_reject(case: _Case) -> _Move:
    if case.blockers.spf_alone:
        words = "Sign your mail, or go back to p=quarantine until then: at p=reject SPF alone must not carry it."
        return _Move(Step.MEND, words, "quarantine")
    if case.summary.published.testing:
        return _from_test(case, "reject")
    return _Move(Step.STAY, "Stay at p=reject: your mail passes.", _improved(case))


def _improved(case: _Case) -> str | None:
    """The policy of today, where the record is worth another look because of subdomains."""
    policy = case.summary.published.policy
    weak = policy is not None and _STRENGTH.get(case.subdomains, 0) < _STRENGTH.get(policy, 0)
    return policy if weak and not case.blockers.subdomains else None


def _record(case: _Case, policy: str, *, testing: bool) -> str:
    """The text of the record. A weaker `sp` stays while mail of a subdomain fails, and goes when none does."""
    published = case.summary.published
    tags = [f"p={policy}"]
    if case.blockers.subdomains and _STRENGTH.get(case.subdomains, 0) < _STRENGTH[policy]:
        tags.append(f"sp={case.subdomains}")
    elif published.subdomain and _STRENGTH.get(published.subdomain, 0) > _STRENGTH[policy]:
        tags.append(f"sp={published.subdomain}")
    if published.nonexistent == "reject" or (policy != "none" and not case.blockers.subdomains):
        tags.append("np=reject")
    if testing:
        tags.append("t=y")
    return "; ".join(["v=DMARC1", *tags, KEEP])


def _reasons(case: _Case, step: Step) -> Iterator[str]:
    summary, ours, published = case.summary, case.summary.ours, case.summary.published
    if published.policy:
        tested = {True: "; t=y", False: "", None: ""}[published.testing]
        # Where a reporter names no sp, p stands in its place.
        sp = f"; sp={published.subdomain}" if published.subdomain not in (None, published.policy) else ""
        period = _days(_covered(summary))
        yield f"p={published.policy}{sp}{tested} has stood for {_days(case.stood)} of the {period} of these reports."
    sent = ours.mails + summary.mails(Kind.SES_UNSIGNED)
    if sent:
        yield (
            f"{_percent(ours.passed / sent)} of {sent:,} mails that you sent pass: {_percent(ours.dkim / sent)} by a signature of "
            f"yours, {ours.spf_alone:,} mails by SPF alone."
        )
    strangers = summary.kinds.get(Kind.STRANGER)
    if strangers and step is not Step.PUBLISH:
        yield f"{strangers.failed:,} mails of strangers fail: those are what a stricter policy keeps out."
    passed_on = summary.kinds.get(Kind.PASSED_ON)
    if passed_on:
        yield f"{passed_on.mails:,} mails of yours were passed on by others; {passed_on.failed:,} of them fail."
    name, tally = next(iter(summary.reporters.items()), ("", None))
    if tally and len(summary.reporters) > 1 and summary.total.rate(tally.mails) >= _MOST_OF_ONE:
        part = _percent(summary.total.rate(tally.mails))
        yield f"{name} alone tells of {part} of the mails: what other receivers see may differ."
    if len(summary.reporters) == 1:
        yield f"{name} alone reports: what other receivers see may differ, and anybody may send reports in its name."
    if step is Step.QUARANTINE_TEST:
        yield (
            "With t=y, receivers that follow RFC 9989 (section 4.7) do what none says; those that follow RFC 7489 do not know t, "
            "and quarantine what fails."
        )
    if published.percent is not None and published.percent < 100:  # noqa: PLR2004 - per cent
        yield f"pct={published.percent} is historic: receivers that follow RFC 9989 apply the policy to all mail. Leave it out."
    yield from _on_subdomains(case, step)
    if summary.discarded:
        some = "report that was discarded is" if summary.discarded == 1 else "reports that were discarded are"
        yield f"{summary.discarded:,} {some} not counted: `ses-warden dmarc reports` says by whom and why."


def _on_subdomains(case: _Case, step: Step) -> Iterator[str]:
    published = case.summary.published
    names = [name for name in case.summary.authors if name != case.summary.domain]
    if case.blockers.subdomains:
        yield f"Mail of yours from subdomains fails, so sp={case.subdomains} holds them where they are until it is mended."
    elif _improved(case):
        yield f"sp={case.subdomains} is weaker than p={published.policy}, and no mail of yours from subdomains fails: leave sp out."
    if step in (Step.QUARANTINE_TEST, Step.QUARANTINE, Step.REJECT) and not case.blockers.subdomains:
        yield (
            f"No mail of yours from a subdomain fails ({len(names):,} of them write): np=reject takes only names that do not exist "
            "(RFC 9989 section 4.7)."
        )


def _covered(summary: Summary) -> timedelta:
    return summary.last - summary.first if summary.first and summary.last else timedelta()


def _days(period: timedelta) -> str:
    days = round(period / timedelta(days=1))
    return f"{days:,} day{'' if days == 1 else 's'}"


def _percent(rate: float) -> str:
    """Never 100.0 % where one fails."""
    return f"{min(100 * rate, 100 if rate == 1 else 99.9):.1f} %"
