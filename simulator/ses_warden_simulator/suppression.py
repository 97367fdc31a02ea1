"""The account's and the tenants' suppression lists: the API's view of them.

Entries are managed by their exact spelling, and heeded whatever the case:
https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from typing import Any

from ses_warden_simulator import wire
from ses_warden_simulator.account import Account, Accounts, Suppressed
from ses_warden_simulator.addresses import bare
from ses_warden_simulator.backend import Backend
from ses_warden_simulator.errors import ApiError, BadRequest, Missing
from ses_warden_simulator.exchange import Answer, Request, answer
from ses_warden_simulator.mail import now

LARGEST_PAGE = 1000
USUAL_PAGE = 100


class SuppressionList:
    """The operations on suppressed destinations."""

    def __init__(self, backend: Backend, accounts: Accounts) -> None:
        self._backend = backend
        self._accounts = accounts

    def put(self, request: Request) -> Answer:
        """PUT /v2/email/suppression/addresses"""
        account = self._account(request)
        body = wire.read(wire.PutSuppressed, request.body)
        tenant = self._tenant(request, body.tenant_name)
        account.suppress(tenant, Suppressed(bare(body.email_address), body.reason, now()))
        return answer({})

    def get(self, request: Request, address: str) -> Answer:
        """GET /v2/email/suppression/addresses/{EmailAddress}"""
        account = self._account(request)
        tenant = self._tenant(request, _one(request, "TenantName"))
        entry = account.suppressed(tenant, address)
        if entry is None:
            raise _not_listed()
        described: dict[str, Any] = _summary(entry)
        if entry.message_id or entry.feedback_id:
            described["Attributes"] = {"MessageId": entry.message_id, "FeedbackId": entry.feedback_id}
        if tenant:
            described["TenantName"] = tenant
        return answer({"SuppressedDestination": described})

    def delete(self, request: Request, address: str) -> Answer:
        """DELETE /v2/email/suppression/addresses/{EmailAddress}"""
        account = self._account(request)
        if not account.release(self._tenant(request, _one(request, "TenantName")), address):
            raise _not_listed()
        return answer({})

    def list(self, request: Request) -> Answer:
        """GET /v2/email/suppression/addresses"""
        account = self._account(request)
        tenant = self._tenant(request, _one(request, "TenantName"))
        reasons = request.query.get("Reason") or ["BOUNCE", "COMPLAINT"]
        since, until = _moment(request, "StartDate"), _moment(request, "EndDate")
        after, size = _page(request)
        entries = [
            entry
            for entry in account.listing(tenant)
            if entry.reason in reasons
            and (since is None or entry.at >= since)
            and (until is None or entry.at <= until)
            and entry.address > after
        ]
        page = entries[:size]
        more = {"NextToken": urlsafe_b64encode(page[-1].address.encode()).decode()} if len(entries) > size else {}
        return answer({"SuppressedDestinationSummaries": [_summary(entry) for entry in page], **more})

    def _account(self, request: Request) -> Account:
        account = self._accounts.of(request.caller)
        if not account.production:
            # "SES API calls related to suppression list management are disabled":
            # https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html
            raise BadRequest("Suppression list management is disabled while the account is in the sandbox.")
        return account

    def _tenant(self, request: Request, name: str | None) -> str | None:
        if name and self._backend.read(request.caller, "tenants", "get", question={"TenantName": name}) is None:
            raise Missing(f"The requested tenant <{name}> does not exist.")
        return name or None


def _not_listed() -> Missing:
    return Missing("The address is not on the suppression list; it must be spelt as it is there.")


def _summary(entry: Suppressed) -> dict[str, Any]:
    return {"EmailAddress": entry.address, "Reason": entry.reason, "LastUpdateTime": entry.at.timestamp()}


def _one(request: Request, name: str) -> str | None:
    return request.query.get(name, [None])[0]


def _moment(request: Request, name: str) -> datetime | None:
    text = _one(request, name)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadRequest(f"{name} is no date of ISO 8601") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _page(request: Request) -> tuple[str, int]:
    size = _one(request, "PageSize") or str(USUAL_PAGE)
    if not (size.isascii() and size.isdigit() and len(size) <= len(str(LARGEST_PAGE)) and 1 <= int(size) <= LARGEST_PAGE):
        raise BadRequest(f"PageSize must be between 1 and {LARGEST_PAGE}")
    token = _one(request, "NextToken")
    try:
        return (urlsafe_b64decode(token).decode() if token else ""), int(size)
    except ValueError:
        raise ApiError("The token is not one of this list.", "InvalidNextTokenException") from None
