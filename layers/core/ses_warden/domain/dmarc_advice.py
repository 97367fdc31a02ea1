"""The next step for a domain's DMARC policy, with the numbers that speak for it and what has to be mended first.

The ladder is that of RFC 9989 section 7.4: `none` for at least a month, `quarantine` for as long, then perhaps `reject`; between
them `quarantine; t=y` (section 4.7), which reports as quarantine would. `pct` is historic since RFC 9989 (appendix A.6): where it
stands for less than all, it is a test as well. docs/dmarc.md tells the same to people.
"""

from dataclasses import dataclass
from typing import NamedTuple

from ses_warden.domain.dmarc_blockers import blockers_of
from ses_warden.domain.dmarc_case import A_MONTH, A_TEST, LEAST_MAILS, Case, days_of, strength
from ses_warden.domain.dmarc_reasons import reasons_of
from ses_warden.domain.dmarc_steps import Step
from ses_warden.domain.dmarc_summary import Summary
from ses_warden.domain.findings import Finding

__all__ = ["A_MONTH", "A_TEST", "KEEP", "LEAST_MAILS", "Advice", "Step", "advise"]

_LADDER = "RFC 9989 section 7.4"
KEEP = "rua=mailto:…"


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


def advise(summary: Summary, domains: frozenset[str] | None = frozenset(), latest: Summary | None = None) -> Advice:
    """The next step. `domains` are those as which SES delivered mail of ours, None where that could not be read.

    `latest` is what the last month came to: what is in the way in it is in the way, however little that is of a year.
    """
    blockers, mended = blockers_of(summary, domains or frozenset()), False
    if latest:
        later = blockers_of(latest, domains or frozenset())
        mended = blockers.unsigned and not later.unsigned and latest.ours.mails > 0
        blockers = blockers.joined(later)
    case = Case(summary, blockers, None if domains is None else bool(domains), mended)
    move = _next(case)
    record = _record(case, move.policy, testing=move.testing) if move.policy else None
    reasons = reasons_of(case, move.step, improved=_improved(case) is not None)
    return Advice(move.step, move.headline, tuple(reasons), case.blockers.findings, record)


class _Move(NamedTuple):
    """The step, its sentence, and the policy to publish, where one is, with `t=y` or without."""

    step: Step
    headline: str
    policy: str | None = None
    testing: bool = False


def _next(case: Case) -> _Move:
    policy = case.summary.published.policy
    if case.hurting:
        return _Move(Step.MEND, _mend_first(case))
    if case.seems_silent and (policy in ("none", "quarantine") or (policy == "reject" and case.is_test)):
        return _from_silence(case, policy)
    match policy:
        case "none":
            return _from_none(case)
        case "quarantine" if case.is_test:
            return _from_test(case, policy)
        case "quarantine":
            return _from_quarantine(case)
        case "reject":
            return _at_reject(case)
    place = f"_dmarc.{case.summary.domain}"
    return _Move(Step.PUBLISH, f"No report says which policy stands at {place}: see that p=none is published there.", "none")


def _mend_first(case: Case) -> str:
    if not case.summary.published.testing:
        return f"Mend first: mail of yours fails under {case.hurting}, and receivers treat it as forged."
    # RFC 9989 section 4.7: one step lower. RFC 7489 does not know it.
    whom = "receivers that do not know t=y treat it as forged"
    return f"Mend first, and leave t=y there: mail of yours fails under {case.hurting}, and {whom}."


def _from_silence(case: Case, policy: str) -> _Move:
    """M3AAWG, "Protecting Parked Domains": such a domain needs no steps; who is not sure of its silence stays where it is."""
    domain, stay = case.summary.domain, f"Stay at p={policy}: no mail of yours was reported"
    if case.is_known_to_send is None:
        return _Move(Step.WAIT, f"{stay}, but what SES delivered for you could not be read.")
    if lacking := case.uncovered(A_MONTH):
        return _Move(Step.WAIT, f"{stay}, but still to come are {lacking}.")
    if not case.has_two_reporters:
        return _Move(Step.WAIT, f"{stay}, but by one receiver alone: still to come are reports by another receiver.")
    named = ", and none of the senders below is yours" if case.blockers.asked else ""
    words = f"No mail of yours was reported in {days_of(case.stood)}: if {domain} sends none{named}, publish p=reject now."
    return _Move(Step.REJECT, words, "reject")


def _from_none(case: Case) -> _Move:
    domain = case.summary.domain
    if lacking := case.lacks(A_MONTH):
        return _Move(Step.WAIT, f"Stay at p=none: still to come are {lacking}.")
    if case.blockers.apex:
        return _Move(Step.MEND, "Mend first, and stay at p=none until then: mail of yours fails.")
    words = "Publish p=quarantine with t=y: your mail passes."
    if case.blockers.subdomains:
        words = f"Publish p=quarantine with t=y for {domain} alone: its mail passes, while mail of subdomains fails."
    return _Move(Step.QUARANTINE_TEST, words, "quarantine", testing=True)


def _from_test(case: Case, policy: str) -> _Move:
    if lacking := case.lacks(A_TEST):
        return _Move(Step.WAIT, f"Wait with p={policy}; {case.test}: still to come are {lacking}.")
    step = Step.REJECT if policy == "reject" else Step.QUARANTINE
    whose = f"of {case.summary.domain} itself" if case.blockers.subdomains else "of yours"
    return _Move(step, f"Publish p={policy} without {case.test}: the test has shown no mail {whose} that fails.", policy)


def _from_quarantine(case: Case) -> _Move:
    domain = case.summary.domain
    if lacking := case.lacks(A_MONTH):
        return _Move(Step.WAIT, f"Stay at p=quarantine: still to come are {lacking}.")
    if case.blockers.spf_alone:
        return _Move(Step.MEND, "Stay at p=quarantine until your mail is signed: at p=reject SPF alone must not carry it.")
    if case.blockers.passed_on:
        words = "Stay at p=quarantine, for good perhaps: mail of yours comes by way of mailing lists, which p=reject would lose."
        return _Move(Step.STAY, words, _improved(case))
    alone = f" for {domain} alone" if case.blockers.subdomains else ""
    words = f"Publish p=reject{alone}, unless people write from {domain}: those should stay at quarantine ({_LADDER})."
    return _Move(Step.REJECT, words, "reject")


def _at_reject(case: Case) -> _Move:
    domain = case.summary.domain
    if case.blockers.spf_alone:
        words = "Sign your mail, or go back to p=quarantine until then: at p=reject SPF alone must not carry it."
        return _Move(Step.MEND, words, "quarantine")
    if case.blockers.passed_on:
        # A forger who knows a selector looks like a mailing list: so no policy is weakened on that alone.
        words = f"Mail as {domain} comes by way of mailing lists, and p=reject loses it: if it is yours, go back to p=quarantine."
        return _Move(Step.STAY, words)
    if case.is_test:
        return _from_test(case, "reject")
    if case.blockers.subdomains:
        return _Move(Step.STAY, f"Stay at p=reject, and at sp={case.subdomains} until mail of subdomains is mended.")
    return _Move(Step.STAY, "Stay at p=reject: your mail passes.", _improved(case))


def _improved(case: Case) -> str | None:
    """The policy of today, where the record is worth another look because of subdomains."""
    policy = case.summary.published.policy
    weak = policy is not None and strength(case.subdomains) < strength(policy)
    return policy if weak and not case.blockers.subdomains and not case.uncovered(A_MONTH) else None


def _record(case: Case, policy: str, *, testing: bool) -> str:
    """The text of the record."""
    published, below = case.summary.published, case.subdomains_under(policy)
    tags = [f"p={policy}"]
    if below != policy:
        tags.append(f"sp={below}")
    if published.nonexistent == "reject" or (policy != "none" and not case.blockers.subdomains):
        tags.append("np=reject")
    elif published.nonexistent in ("none", "quarantine"):
        tags.append(f"np={published.nonexistent}")
    if testing:
        tags.append("t=y")
    return "; ".join(["v=DMARC1", *tags, KEEP])
