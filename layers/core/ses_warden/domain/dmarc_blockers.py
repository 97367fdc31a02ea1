"""What stands in the way of a stricter DMARC policy: mail of ours that fails or would, and senders that somebody should know."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ses_warden.domain.dmarc_sources import UNREADABLE, Evidence, Kind
from ses_warden.domain.dmarc_summary import REST, SourceSum, Summary, Tally
from ses_warden.domain.findings import Finding, Standing
from ses_warden.domain.outgoing import is_within

# A signature fails now and then by itself (a key that could not be looked up): so much of our mail may.
TOLERATED = 0.01
# A sender that comes back on so many days is no single forgery; one without a name, of whom botnets have many, in so much of them.
_REGULAR_DAYS = 3
_REGULAR_PART = 1 / 3
# One or two mails are an accident, however many others there are.
_LEAST_MAILS = 3
_MOST_LISTED, _MOST_NAMED = 5, 3
_SOMEBODY, _NOBODY = "dmarc.somebody", "dmarc.nobody"
_QUESTIONS = frozenset({_SOMEBODY, _NOBODY})
_VERIFIED = "https://docs.aws.amazon.com/ses/latest/dg/verify-addresses-and-domains.html"
_EASY_DKIM = "https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html"


@dataclass(frozen=True, slots=True)
class Blockers:
    """What is in the way, and of what.

    `unsigned`: more of our mail fails than is tolerated, so that no stricter policy may come; in the domain itself (`apex`) or in
    subdomains. `spf_alone` and `passed_on` are in the way of `reject` alone.
    """

    apex: bool
    subdomains: bool
    spf_alone: bool
    passed_on: bool
    findings: tuple[Finding, ...]

    @property
    def asked(self) -> bool:
        """Whether there are senders of whom nobody but the owner knows whether they are ours."""
        return any(one.code in _QUESTIONS for one in self.findings)

    @property
    def unsigned(self) -> bool:
        """Whether mail of ours fails."""
        return self.apex or self.subdomains

    def joined(self, other: "Blockers") -> "Blockers":
        """Both together; the findings are those of the one in which more is in the way."""
        return Blockers(
            apex=self.apex or other.apex,
            subdomains=self.subdomains or other.subdomains,
            spf_alone=self.spf_alone or other.spf_alone,
            passed_on=self.passed_on or other.passed_on,
            findings=other.findings if other.weight > self.weight else self.findings,
        )

    @property
    def weight(self) -> int:
        """How much is in the way."""
        return self.apex + self.subdomains + self.spf_alone + self.passed_on


def blockers_of(summary: Summary, domains: frozenset[str] = frozenset()) -> Blockers:
    """What is in the way. `domains` are those as which SES delivered mail of ours."""
    # A record about another domain's mail has no place in a report, and holds nothing back.
    own = {author: kinds for author, kinds in summary.authors.items() if is_within(author, summary.domain)}
    failing = {author: kinds[Kind.SES_UNSIGNED].mails for author, kinds in own.items() if Kind.SES_UNSIGNED in kinds}
    # Of its own mail: a subdomain that fails altogether may be little beside the rest, and is lost all the same.
    blocking = {author for author, mails in failing.items() if _is_much(mails, _ours(own[author]))}
    hanging = {author for author, kinds in own.items() if _hangs_on_spf(kinds)}
    passed_on = summary.kinds.get(Kind.PASSED_ON)
    return Blockers(
        apex=summary.domain in blocking,
        subdomains=bool(blocking - {summary.domain}),
        spf_alone=_is_habit(summary.ours.spf_alone, summary.ours.mails - summary.ours.spf_alone) or bool(hanging),
        passed_on=bool(passed_on and _is_habit(passed_on.failed, summary.ours.mails)),
        findings=(
            *_unsigned(summary, failing, blocking, domains),
            *_spf_alone(summary, hanging),
            *_passed_on(summary),
            *_somebody(summary),
            *_nobody(summary),
        ),
    )


def _ours(kinds: Mapping[Kind, Tally]) -> int:
    return sum(tally.mails for kind, tally in kinds.items() if kind.is_ours)


def _hangs_on_spf(kinds: Mapping[Kind, Tally]) -> bool:
    alone = sum(tally.spf_alone for kind, tally in kinds.items() if kind.is_ours)
    return _is_habit(alone, _ours(kinds) - alone)


def _is_much(mails: int, others: int) -> bool:
    return mails > TOLERATED * (mails + others)


def _is_habit(mails: int, others: int) -> bool:
    return mails >= _LEAST_MAILS and _is_much(mails, others)


def _unsigned(summary: Summary, failing: dict[str, int], blocking: set[str], domains: frozenset[str]) -> Iterator[Finding]:
    """SES sends only as verified identities: who has no signature of ours has verified an address, or sits in another account."""
    for author, mails in sorted(failing.items(), key=lambda item: (-item[1], item[0]))[:_MOST_LISTED]:
        sources = [one for one in summary.sources if one.kind is Kind.SES_UNSIGNED and author in one.authors]
        here = author in domains
        known = any(Evidence.KNOWN_ADDRESS in one.evidence for one in sources)
        whose = "This account sends as it" if here else "No delivery of this account as it is known"
        if 2 * sum(one.evidence[Evidence.BROKEN_SIGNATURE] for one in sources) > _mails(sources):
            yield _broken(author, mails, sources, is_much=author in blocking)
            continue
        yield Finding(
            "dmarc.ses-unsigned",
            Standing.BROKEN if author in blocking else Standing.WARN,
            author,
            f"{mails:,} mails as {author} left SES without a signature of yours and fail, from {_addresses(sources)}"
            f"{', from where your other mail goes out too' if known else ''}.",
            f"{whose}. SES sends only as verified identities: verify {author} itself with Easy DKIM and a MAIL FROM domain "
            f"{'here' if here else 'in whichever account and Region has verified an address of it'}.",
            _EASY_DKIM if here else _VERIFIED,
        )


def _broken(author: str, mails: int, sources: Sequence[SourceSum], *, is_much: bool) -> Finding:
    return Finding(
        "dmarc.ses-broken",
        Standing.BROKEN if is_much else Standing.WARN,
        author,
        f"{mails:,} mails as {author} left SES with a signature of yours that did not verify, and fail, "
        f"from {_addresses(sources)}.",
        f"See whether its key is in the DNS, and the one that SES signs with: ses-warden audit {author}",
        _EASY_DKIM,
    )


def _spf_alone(summary: Summary, hanging: set[str]) -> Iterator[Finding]:
    sources = [one for one in summary.sources if one.kind.is_ours and one.tally.spf_alone]
    for kind in (Kind.OURS_SES, Kind.OURS_OTHER):
        some = sorted((one for one in sources if one.kind is kind), key=lambda one: -one.tally.spf_alone)
        mails = sum(one.tally.spf_alone for one in some)
        if not some:
            continue
        names = sorted({author for one in some for author in one.unsigned}, key=lambda name: (name not in hanging, name))
        named = ", ".join(names[:_MOST_NAMED])
        much = _is_habit(mails, summary.ours.mails - mails) or not hanging.isdisjoint(names)
        yield Finding(
            f"dmarc.spf-alone.{'ses' if kind is Kind.OURS_SES else 'other'}",
            Standing.WARN if much else Standing.OK,
            summary.domain,
            f"{mails:,} mails {'through SES' if kind is Kind.OURS_SES else 'from elsewhere'} pass by SPF alone, from "
            f"{_addresses(some)}: whoever forwards one makes it fail.",
            f"Switch Easy DKIM on for {named}." if kind is Kind.OURS_SES else f"Let that host sign as {summary.domain}.",
            "RFC 9989 section 7.4",
        )


def _passed_on(summary: Summary) -> Iterator[Finding]:
    tally = summary.kinds.get(Kind.PASSED_ON)
    if tally and tally.failed:
        yield Finding(
            "dmarc.passed-on",
            Standing.WARN if _is_habit(tally.failed, summary.ours.mails) else Standing.OK,
            summary.domain,
            f"{tally.failed:,} mails of yours fail because a mailing list or forwarder changed them.",
            "People who post to mailing lists had better write from a domain that stays at p=quarantine.",
            "RFC 9989 section 7.4, RFC 7960",
        )


def _somebody(summary: Summary) -> Iterator[Finding]:
    """Strangers that authenticate as somebody: a service of ours that was never set up looks so, and so may a forger."""
    found: dict[str, list[SourceSum]] = {}
    for one in summary.sources:
        if one.kind is Kind.STRANGER and one.somebody:
            found.setdefault(one.somebody.most_common(1)[0][0], []).append(one)
    regular = [(name, some) for name, some in found.items() if len(set().union(*(one.days for one in some))) >= _REGULAR_DAYS]
    for name, some in sorted(regular, key=lambda item: (-_mails(item[1]), item[0]))[:_MOST_LISTED]:
        days = len(set().union(*(one.days for one in some)))
        yield Finding(
            _SOMEBODY,
            Standing.UNKNOWN,
            name,
            f"{_mails(some):,} mails on {days:,} days authenticate as {name} and fail for you, from {_addresses(some)}.",
            f"If that is a service of yours, let it sign as {summary.domain} before the policy grows stricter; if not, it forges.",
            "RFC 9989 section 5.1.6",
        )


def _nobody(summary: Summary) -> Iterator[Finding]:
    """A host of ours that neither signs nor is in an SPF record looks so."""
    least = max(_REGULAR_DAYS, _REGULAR_PART * len(summary.days))
    some = [one for one in summary.sources if one.kind is Kind.STRANGER and not one.somebody and len(one.days) >= least]
    some = [one for one in some if one.address not in (REST, UNREADABLE)]
    if some:
        yield Finding(
            _NOBODY,
            Standing.UNKNOWN,
            summary.domain,
            f"{_mails(some):,} mails come from {_addresses(some)}, on one day in three or more, and authenticate as nobody.",
            f"If one is a host of yours, let it sign as {summary.domain} before the policy grows stricter; if not, it forges.",
            "RFC 9989 section 5.1.6",
        )


def _mails(sources: Sequence[SourceSum]) -> int:
    return sum(one.tally.mails for one in sources)


def _addresses(sources: Sequence[SourceSum]) -> str:
    names = ", ".join(one.address for one in sources[:_MOST_NAMED])
    more = len(sources) - _MOST_NAMED
    return f"{names} and {more:,} more" if more > 0 else names
