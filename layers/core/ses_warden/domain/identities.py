"""What SES says of an identity: whether it may send, how it signs, and from where its envelopes come."""

from dataclasses import dataclass, field
from enum import StrEnum

# https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html: a domain also serves its subdomains, to the root at most.
_MOST_PARENTS = 4
EASY_DKIM_ZONE = "dkim.amazonses.com"
_IN_USE = ("SUCCESS", "TEMPORARY_FAILURE")


@dataclass(frozen=True, slots=True)
class Dkim:
    """How an identity signs. `tokens` are the names of Easy DKIM's CNAMEs, or one's own selector; `key_length` in bits."""

    signs: bool = False
    status: str = "NOT_STARTED"
    origin: str = "AWS_SES"
    tokens: tuple[str, ...] = ()
    zone: str = EASY_DKIM_ZONE
    key_length: int | None = None

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
class Identity:
    """A domain identity of SES in one Region. `name` may be a parent of the domain that is audited."""

    name: str
    verified: bool
    status: str = ""
    error: str = ""
    dkim: Dkim = field(default_factory=Dkim)
    mail_from: str | None = None
    mail_from_status: str = ""
    rejects_without_mx: bool = False

    @property
    def sends_from(self) -> str | None:
        """The MAIL FROM domain that envelopes really have; in any other state than SUCCESS SES does not use one's own.

        https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_MailFromAttributes.html (BehaviorOnMxFailure)
        """
        return self.mail_from if self.mail_from_status == "SUCCESS" else None


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
