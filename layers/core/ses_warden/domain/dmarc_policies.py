"""DMARC records, and which of them governs a domain: the DNS tree walk of RFC 9989, section 4.10, without a Public Suffix List."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ses_warden.domain.dkim_keys import tags_of
from ses_warden.domain.dns_answers import Answer, is_within

# RFC 9989, section 4.10: never more than eight questions.
_MOST_STEPS = 8
POLICIES = ("none", "quarantine", "reject")


@dataclass(frozen=True, slots=True)
class Policy:
    """A DMARC record. `domain` is where it stands, without `_dmarc.`; the values of its tags are as published."""

    domain: str
    record: str
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def psd(self) -> str:
        """Whether it is of a public suffix (`y`), of an organization (`n`), or does not say (`u`)."""
        return self.tags.get("psd", "u").lower()

    def is_strict(self, tag: str) -> bool:
        """Whether `adkim` or `aspf` ask for the very same domain."""
        return self.tags.get(tag, "r").lower() == "s"

    def wrong_policies(self) -> list[str]:
        """Which of `p`, `sp` and `np` have no value of RFC 9989, section 4.7; `p` also where it is missing."""
        return [tag for tag in ("p", "sp", "np") if tag in ("p", *self.tags) and self.tags.get(tag, "").lower() not in POLICIES]

    def policy(self, tag: str = "p") -> str:
        """What `p`, `sp` or `np` come to. A wrong one makes all of them `none` at best: section 4.10.1."""
        if self.wrong_policies():
            return "none"
        fallbacks = {"np": ("np", "sp", "p"), "sp": ("sp", "p")}.get(tag, ("p",))
        return next((self.tags[one].lower() for one in fallbacks if one in self.tags), "none")


def steps(domain: str) -> list[str]:
    """The domains whose record is asked for, from the domain itself upwards."""
    labels = domain.split(".")
    # Of a longer name only the last seven labels follow: section 4.10, step 4.
    start = max(len(labels) - _MOST_STEPS + 1, 1)
    return [domain, *(".".join(labels[number:]) for number in range(start, len(labels)))]


def records_of(answer: Answer) -> list[str]:
    """Which TXT records at `_dmarc.` are DMARC records."""
    return [record for record in answer.records if is_dmarc(record)]


def is_dmarc(record: str) -> bool:
    """Section 4.7: it begins with the tag v, whose value is DMARC1."""
    name, _, value = record.partition(";")[0].partition("=")
    return name.rstrip().lower() == "v" and value.strip() == "DMARC1"


def policy_from(domain: str, answer: Answer) -> Policy | None:
    """The record of a domain. Several are as good as none: section 4.10, step 2."""
    records = records_of(answer)
    return Policy(domain, records[0], tags_of(records[0])) if len(records) == 1 else None


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk found, from the domain upwards; `failed` are the domains that no name server answered for."""

    domain: str
    found: tuple[Policy, ...] = ()
    failed: tuple[Answer, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether an unanswered question may hide a record."""
        return bool(self.failed)

    @property
    def is_sure(self) -> bool:
        """Whether the record that was found governs for sure: a parent's does not while the domain's own may exist unread.

        Nor does it while one may stand above it, which would be the organization's. Top levels are left out: a record of theirs
        moves the organization to just below them, and servers of some do not answer for such names.
        """
        policy = self.policy
        if policy is None or policy.domain == self.domain or policy.psd == "n":
            return True
        hiding = {answer.name.partition(".")[2] for answer in self.failed}
        return not any(name == self.domain or ("." in name and is_within(policy.domain, name)) for name in hiding)

    @property
    def organization(self) -> str:
        """The Organizational Domain: section 4.10.2."""
        for policy in self.found:
            if policy.psd == "n":
                return policy.domain
            if policy.psd == "y" and policy.domain != self.domain:
                below = self.domain.split(".")[-policy.domain.count(".") - 2 :]
                return ".".join(below)
        return self.found[-1].domain if self.found else self.domain

    @property
    def policy(self) -> Policy | None:
        """The record that governs: the domain's own, else its organization's, else its public suffix's. Section 4.10.1."""
        by_domain = {policy.domain: policy for policy in self.found}
        suffix = next((policy for policy in self.found if policy.psd == "y"), None)
        return by_domain.get(self.domain) or by_domain.get(self.organization) or suffix


def walk_from(domain: str, answers: Sequence[tuple[str, Answer]]) -> Walk:
    """The walk over answers to `_dmarc.` of the steps, which may end early."""
    found, failed = [], []
    for step, answer in answers:
        if answer.failure:
            failed.append(answer)
        elif policy := policy_from(step, answer):
            found.append(policy)
    return Walk(domain, tuple(found), tuple(failed))


def ends_walk(policy: Policy | None, domain: str) -> bool:
    """Whether no further question is asked: section 4.10, steps 2 and 7. A walk from a public suffix goes on above it."""
    return policy is not None and (policy.psd == "n" or (policy.psd == "y" and policy.domain != domain))


def destinations(policy: Policy, tag: str) -> list[str]:
    """The domains that reports go to, by `rua` or `ruf`: of its `mailto:` URIs."""
    domains = []
    for uri in policy.tags.get(tag, "").split(","):
        scheme, colon, rest = uri.strip().partition(":")
        _, at, domain = rest.partition("!")[0].partition("?")[0].rpartition("@")
        if colon and scheme.lower() == "mailto" and at and domain:
            domains.append(domain.rstrip(".").lower())
    return list(dict.fromkeys(domains))
