"""What SES says of an account in one Region.

Each Region has an account of its own. What SES did not say, or said in a way that makes no sense, is None.
Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetAccount.html
"""

from dataclasses import dataclass, field

# "A value of -1 signifies an unlimited quota": https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendQuota.html
UNLIMITED = -1.0


@dataclass(frozen=True, slots=True)
class Quota:
    """How much may be sent, and was. Counted in recipients, not in messages: https://docs.aws.amazon.com/ses/latest/dg/quotas.html"""

    day: float | None = None  # in any 24 hours
    second: float | None = None
    sent: float | None = None  # in the last 24 hours

    @property
    def unlimited(self) -> bool:
        """Whether no daily quota is set."""
        return self.day == UNLIMITED

    @property
    def use(self) -> float | None:
        """How much of the daily quota is used, as a fraction; None where that cannot be said, or there is no quota."""
        if self.day is None or self.sent is None or self.day <= 0:
            return None
        return self.sent / self.day


@dataclass(frozen=True, slots=True)
class Details:
    """What the account's owner told SES of itself. Texts and addresses are kept out of its `repr`, and so out of logs."""

    mail_type: str | None = None  # MARKETING, TRANSACTIONAL
    website: str | None = field(default=None, repr=False)
    language: str | None = None  # EN, JA
    use_case: str | None = field(default=None, repr=False)
    contacts: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Review:
    """Where AWS's review of the latest details stands."""

    status: str  # PENDING, FAILED, GRANTED, DENIED
    case: str | None = None  # in the Support Center


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account, as GetAccount describes it. Words are SES's own; it may have new ones any day."""

    production: bool | None = None
    enforcement: str | None = None  # HEALTHY, PROBATION, SHUTDOWN
    sending: bool | None = None
    quota: Quota = Quota()
    suppressed_reasons: tuple[str, ...] | None = None  # BOUNCE, COMPLAINT
    validation: str | None = None  # ENABLED, DISABLED: whether SES suppresses addresses that look undeliverable
    vdm: str | None = None  # ENABLED, DISABLED: Virtual Deliverability Manager
    vdm_engagement: str | None = None
    vdm_shared_delivery: str | None = None
    ip_warmup: bool | None = None
    plan: str | None = None  # NONE, ESSENTIALS, PRO, ENTERPRISE
    next_plan: str | None = None  # from the next month on, where a change was asked for
    details: Details | None = None
    review: Review | None = None
