"""What speaks for a step of a DMARC policy, or should be known before it, in sentences with their numbers."""

from collections.abc import Iterator
from datetime import timedelta

from ses_warden.domain.dmarc_case import A_MONTH, Case, days_of, strength
from ses_warden.domain.dmarc_published import WHOLE
from ses_warden.domain.dmarc_sources import Kind
from ses_warden.domain.dmarc_steps import Step
from ses_warden.domain.dmarc_summary import Summary
from ses_warden.domain.outgoing import is_within
from ses_warden.domain.text import clean

# A reporter that tells of more than this has all the say.
_MOST_OF_ONE = 0.8


def reasons_of(case: Case, step: Step, *, improved: bool) -> Iterator[str]:
    """The sentences. `improved`: the record of today is worth another look because of subdomains."""
    yield from _on_time(case, step)
    yield from _on_mail(case, step)
    yield from _on_reporters(case.summary)
    yield from _on_tags(case, step)
    yield from _on_subdomains(case, step, improved=improved)
    if discarded := case.summary.discarded:
        some = "report that was discarded is" if discarded == 1 else "reports that were discarded are"
        yield f"{discarded:,} {some} not counted: `ses-warden dmarc reports` says by whom and why."


def _on_time(case: Case, step: Step) -> Iterator[str]:
    summary, published = case.summary, case.summary.published
    if published.policy:
        tested = "; t=y" if published.testing else ""
        # Where a reporter names no sp, p stands in its place.
        sp = f"; sp={published.subdomain}" if published.subdomain not in (None, published.policy) else ""
        period = days_of(_covered(summary))
        yield f"p={published.policy}{sp}{tested} has stood for {days_of(case.stood)} of the {period} of these reports."
    if published.disputed:
        yield (
            f"A report of two days before or less tells another policy ({clean(published.disputed, 40)}): it was changed then, or "
            "one of them is wrong or forged. The record in the DNS says which."
        )
    if step is Step.WAIT and not published.changed:
        yield "It stood in the first of these reports already: an earlier --since may have more."
    if case.mended:
        yield f"None of it failed in the last {days_of(A_MONTH)}: if it was mended, a later --since leaves the old mail out."


def _on_mail(case: Case, step: Step) -> Iterator[str]:
    summary, ours = case.summary, case.summary.ours
    sent = ours.mails + summary.mails(Kind.SES_UNSIGNED)
    if sent:
        yield (
            f"{_percent(ours.passed / sent)} of {sent:,} mails that you sent pass: {_percent(ours.dkim / sent)} by a signature of "
            f"yours, {ours.spf_alone:,} mails by SPF alone."
        )
    strangers = summary.kinds.get(Kind.STRANGER)
    if strangers and step is not Step.PUBLISH:
        yield f"{strangers.failed:,} mails of strangers fail: a stricter policy keeps them out, so see first that none is yours."
    passed_on = summary.kinds.get(Kind.PASSED_ON)
    if passed_on:
        yield f"{passed_on.mails:,} mails of yours were passed on by others; {passed_on.failed:,} of them fail."


def _on_reporters(summary: Summary) -> Iterator[str]:
    name, tally = next(iter(summary.reporters.items()), ("", None))
    if tally and len(summary.reporters) > 1 and summary.total.rate(tally.mails) >= _MOST_OF_ONE:
        part = _percent(summary.total.rate(tally.mails))
        yield f"{name} alone tells of {part} of the mails: what other receivers see may differ."
    if len(summary.reporters) == 1:
        yield f"{name} alone reports: what other receivers see may differ, and anybody may send reports in its name."


def _on_tags(case: Case, step: Step) -> Iterator[str]:
    published = case.summary.published
    if step is Step.QUARANTINE_TEST:
        yield (
            "With t=y, receivers that follow RFC 9989 (section 4.7) do what none says; those that follow RFC 7489 do not know t, "
            "and quarantine what fails."
        )
        if case.subdomains_under("quarantine") == "reject":
            yield "Until t=y goes again, sp=reject is quarantine to them as well."
    if published.percent is not None and published.percent < WHOLE:
        yield f"pct={published.percent} is historic: receivers that follow RFC 9989 apply the policy to all mail. Leave it out."
    if published.policy in ("quarantine", "reject") and published.testing is None and step in (Step.REJECT, Step.STAY):
        yield (
            f"No report tells whether t=y stands there, as RFC 7489 does not know it: if it does, publish p={published.policy} "
            "without it first, for a month."
        )


def _on_subdomains(case: Case, step: Step, *, improved: bool) -> Iterator[str]:
    published, summary = case.summary.published, case.summary
    if case.blockers.subdomains:
        yield f"Mail of yours from subdomains fails, so sp={case.subdomains} holds them where they are until it is mended."
    elif improved and published.policy:
        further = case.subdomains_under(published.policy)
        do = "leave sp out" if strength(further) == strength(published.policy) else f"publish sp={further} next, a step at a time"
        yield f"sp={case.subdomains} is weaker than p={published.policy}, and no mail of yours from subdomains fails: {do}."
    if step in (Step.QUARANTINE_TEST, Step.QUARANTINE, Step.REJECT) and not case.blockers.subdomains:
        below = [name for name in summary.authors if name != summary.domain and is_within(name, summary.domain)]
        own = [name for name in below if any(kind is not Kind.STRANGER for kind in summary.authors[name])]
        yield (
            f"No mail of yours from a subdomain fails ({len(own):,} of them write): np=reject takes only names that do not exist "
            "(RFC 9989 section 4.7)."
        )


def _covered(summary: Summary) -> timedelta:
    return summary.last - summary.first if summary.first and summary.last else timedelta()


def _percent(rate: float) -> str:
    """Never 100.0 % where one fails."""
    return f"{min(100 * rate, 100 if rate == 1 else 99.9):.1f} %"
