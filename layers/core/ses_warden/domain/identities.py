"""What SES says of an identity: whether it may send, how it signs, and from where its envelopes come."""

from dataclasses import dataclass, field
from enum import StrEnum

# https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html: a domain also serves its subdomains, to the root at most.
_MOST_PARENTS = 4
EASY_DKIM_ZONE = "dkim.amazonses.com"
_IN_USE = ("SUCCESS", "TEMPORARY_FAILURE")


@dataclass(frozen=True, slots=True)
class Dkim:
    """SES's words about an identity's signing. `key` is empty where SES does not have the key, or does not say."""

    signs: bool = False
    status: str = "NOT_STARTED"  # or SUCCESS, PENDING, FAILED, TEMPORARY_FAILURE
    key: str = ""  # RSA_1024_BIT, RSA_2048_BIT
    origin: str = "AWS_SES"  # or EXTERNAL, or AWS_SES_ and the Region whose key it is
    tokens: tuple[str, ...] = ()  # the names of Easy DKIM's CNAMEs, or one's own selector
    zone: str = EASY_DKIM_ZONE  # where the tokens' keys are

    @property
    def bits(self) -> int | None:
        """The length of the key."""
        length = self.key.removeprefix("RSA_").removesuffix("_BIT")
        return int(length) if length.isdecimal() else None

    @property
    def is_own(self) -> bool:
        """Whether the key is the customer's own (BYODKIM)."""
        return self.origin == "EXTERNAL"

    @property
    def is_replica(self) -> bool:
        """Whether the key is that of an identity in another Region (Deterministic Easy DKIM), such as AWS_SES_EU_WEST_1."""
        return self.origin.startswith("AWS_SES_")

    @property
    def is_in_use(self) -> bool:
        """Whether mail leaves signed with it: not before SES has seen the records, nor once it has given them up."""
        return self.signs and self.status in _IN_USE


@dataclass(frozen=True, slots=True)
class MailFrom:
    """A custom MAIL FROM domain; `rejects` says that nothing is sent while SES does not find its MX record."""

    domain: str
    status: str
    rejects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """A domain or address that SES may send for, in one Region. For an audit, `name` may be a parent of the domain."""

    name: str
    is_domain: bool = True
    verified: bool
    status: str  # SES's word about its verification
    error: str = ""  # why SES could not verify it
    dkim: Dkim = field(default_factory=Dkim)
    mail_from: MailFrom | None = None
    configuration_set: str = ""
    forwards: bool = True

    @property
    def sends_from(self) -> str | None:
        """The MAIL FROM domain that envelopes really have; in any other state than SUCCESS SES does not use one's own.

        https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MailFromAttributes.html (BehaviorOnMxFailure)
        """
        return self.mail_from.domain if self.mail_from and self.mail_from.status == "SUCCESS" else None


class Silence(StrEnum):
    """Why there is no identity to look at."""

    NOT_ASKED = "SES was not asked"
    NO_IDENTITY = "neither the domain nor one of its parents is an identity of this account in this Region"
    DENIED = "the right ses:GetEmailIdentity is missing"
    NO_ANSWER = "SES did not answer"


@dataclass(frozen=True, slots=True)
class IdentityView:
    """SES's view of a domain. Without an identity, `silence` says why, and `detail` with which code."""

    region: str
    identity: Identity | None = None
    silence: Silence = Silence.NOT_ASKED
    detail: str = ""


def candidates(domain: str) -> list[str]:
    """The identities that SES would send the domain's mail by: its own first, then its parents, without the top level."""
    labels = domain.split(".")
    return [".".join(labels[number:]) for number in range(max(len(labels) - 1, 1))][: _MOST_PARENTS + 1]
