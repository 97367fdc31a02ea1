"""The counters from which rates are made: by scope, and by the hour in which the mail was *sent*.

Outcomes arrive minutes to days after the mail. Counted by the hour of the event, a rate would be wrong after each burst of mail;
counted by the hour of sending, numerator and denominator speak of the same mails.
"""

from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache

ACCOUNT = "account"


class Counter(StrEnum):
    """What is counted for each scope and hour of sending; one of these moves with each fact about a recipient."""

    SENT = "sent"
    DELIVERED = "delivered"
    DELIVERED_UNREPORTED = "delivered_unreported"  # to providers that report no complaints: no denominator for complaints
    HARD = "hard"  # the hits of SES's global list among them, which count in AWS's own rate
    SOFT = "soft"
    UNDETERMINED = "undetermined"
    AUTO_REPLIES = "auto_replies"
    LISTED = "listed"  # refused by the account's, the tenant's or the validation's list: SES never sent it, no eligible mail
    POLICY = "policy"  # refused for authentication, policy or reputation: the sender's fault, not the address's
    CONTENT = "content"
    COMPLAINTS = "complaints"
    WITHDRAWN = "withdrawn"  # not-spam reports
    REPORTS = "reports"  # authentication failure reports, and complaints about mail that was never sent
    OPENS = "opens"
    BOT_OPENS = "bot_opens"
    CLICKS = "clicks"
    BOT_CLICKS = "bot_clicks"
    REJECTS = "rejects"
    RENDERING_FAILURES = "rendering_failures"
    DELAYS = "delays"
    SUBSCRIPTIONS = "subscriptions"


# What makes a row of counters worth another look of the guard; opens and clicks do not.
WATCHED = frozenset(
    {
        Counter.SENT,
        Counter.HARD,
        Counter.DELIVERED,
        Counter.DELIVERED_UNREPORTED,
        Counter.SOFT,
        Counter.UNDETERMINED,
        Counter.POLICY,
        Counter.CONTENT,
        Counter.LISTED,
        Counter.COMPLAINTS,
    }
)


def scopes(configuration_set: str | None, tenant: str | None) -> tuple[str, ...]:
    """The scopes that a mail belongs to, the account first: `account`, `configuration-set/NAME`, `tenant/NAME`."""
    found = [ACCOUNT]
    if configuration_set:
        found.append(f"configuration-set/{configuration_set}")
    if tenant:
        found.append(f"tenant/{tenant}")
    return tuple(found)


@lru_cache(maxsize=4096)
def hour(moment: datetime) -> str:
    """The hour of a cohort, in UTC: `2026-11-24T10`."""
    return moment.astimezone(UTC).isoformat()[:13]
