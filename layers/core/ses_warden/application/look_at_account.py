"""What an account in one Region is allowed, uses, and is told by AWS; and the request to let it send to everybody."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ses_warden.domain.account import Account
from ses_warden.domain.account_findings import NEAR, findings_of, quota_findings
from ses_warden.domain.authority import Authority
from ses_warden.domain.findings import Finding
from ses_warden.domain.production import AccessRequest
from ses_warden.domain.quota_use import Course, beginning, course
from ses_warden.errors import MetricsError, NothingToDo


class AccountDesk(Protocol):
    """SES's API about the account. Its methods raise `AccountError`."""

    def read(self) -> Account:
        """The account as it is."""
        ...

    def request_production(self, request: AccessRequest) -> None:
        """Asks for production access, with details that replace the present ones; `NothingToDo` while AWS is reviewing others."""
        ...


class SendMetric(Protocol):
    """How many mails SES took."""

    def sent(self, since: datetime, until: datetime) -> Mapping[datetime, float]:
        """Mails by the time in which they were sent, named by its beginning; raises `MetricsError`."""
        ...


@dataclass(frozen=True, slots=True)
class AccountLook:
    """The account, and what is to be said of it."""

    account: Account
    course: Course | None
    findings: list[Finding]


def look_at_account(
    desk: AccountDesk,
    metric: SendMetric,
    now: datetime,
    where: str,
    authority: Authority | None = None,
    *,
    near: float = NEAR,
) -> AccountLook:
    """Asks SES and CloudWatch; `where` names the account, use of the quota above `near` warns.

    What CloudWatch does not tell is unknown; raises `AccountError` where SES does not tell.
    """
    account = desk.read()
    found, blind = None, ""
    quota = account.quota
    if quota.use is not None and quota.day is not None and quota.sent is not None:
        try:
            found = course(quota.day, quota.sent, metric.sent(beginning(now), now), now)
        except MetricsError as error:
            blind = f"How use goes on is not known: {error}."
    findings = findings_of(account, where, authority) + quota_findings(quota, where, found, blind, near=near)
    return AccountLook(account, found, findings)


def refuse_needless(account: Account) -> None:
    """Raises `NothingToDo` where a request for production access would ask for nothing, or cannot be made now."""
    if account.production:
        raise NothingToDo("the account has production access in this Region already")
    if account.review is not None and account.review.status == "PENDING":
        case = f" (case {account.review.case})" if account.review.case else ""
        raise NothingToDo(
            f"AWS is reviewing the account's details already{case}: they cannot be changed until it answers, which takes about 24 "
            "hours. More can be said in that case, in the Support Center"
        )
