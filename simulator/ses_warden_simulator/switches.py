"""The account's switch, and those of tenants (reputation entities); configuration sets' are the emulator's behind."""

import json
from http import HTTPStatus
from typing import Any

from ses_warden_simulator import wire
from ses_warden_simulator.account import QUOTA, SANDBOX_QUOTA, Account, Accounts
from ses_warden_simulator.backend import Backend
from ses_warden_simulator.errors import BadRequest, Missing
from ses_warden_simulator.exchange import Answer, Caller, Request, answer
from ses_warden_simulator.mail import now

LARGEST_PAGE = 100  # of tenants, in SES as in the emulator


class AccountSwitches:
    """GetAccount and what changes its answer."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def get(self, request: Request) -> Answer:
        """GET /v2/email/account"""
        account = self._accounts.of(request.caller)
        day, second = QUOTA if account.production else SANDBOX_QUOTA
        described: dict[str, Any] = {
            "DedicatedIpAutoWarmupEnabled": True,
            "EnforcementStatus": account.enforcement,
            "ProductionAccessEnabled": account.production,
            "SendQuota": {"Max24HourSend": day, "MaxSendRate": second, "SentLast24Hours": float(account.sent_last_day())},
            "SendingEnabled": account.sending and account.enforcement != "SHUTDOWN",
            "SuppressionAttributes": {"SuppressedReasons": list(account.suppressed_reasons)},
            "VdmAttributes": {"VdmEnabled": "DISABLED"},
        }
        if account.details:
            described["Details"] = {**account.details, "ReviewDetails": {"Status": account.review}}
        return answer(described)

    def put_sending(self, request: Request) -> Answer:
        """PUT /v2/email/account/sending"""
        self._accounts.of(request.caller).sending = wire.read(wire.SendingSwitch, request.body).sending_enabled
        return answer({})

    def put_suppression(self, request: Request) -> Answer:
        """PUT /v2/email/account/suppression"""
        reasons = wire.read(wire.SuppressedReasons, request.body).suppressed_reasons
        self._accounts.of(request.caller).suppressed_reasons = tuple(dict.fromkeys(reasons))
        return answer({})

    def put_details(self, request: Request) -> Answer:
        """POST /v2/email/account/details: whoever asks for production access has it at once, unless a test reviews otherwise."""
        body = wire.read(wire.AccountDetails, request.body)
        details = body.model_dump(by_alias=True, exclude_none=True, exclude={"production_access_enabled"})
        self._accounts.of(request.caller).describe(details, production=body.production_access_enabled)
        return answer({})


class TenantSwitches:
    """Tenants are kept by the emulator behind; whether they may send, here."""

    def __init__(self, backend: Backend, accounts: Accounts) -> None:
        self._backend = backend
        self._accounts = accounts

    def get_tenant(self, request: Request) -> Answer:
        """POST /v2/email/tenants/get: the emulator's answer, with our word on sending."""
        answered = self._backend.forward(request)
        if answered.status != HTTPStatus.OK:
            return answered
        body = json.loads(answered.body)
        account = self._accounts.of(request.caller)
        body["Tenant"]["SendingStatus"] = account.tenant_status(body["Tenant"]["TenantArn"])
        return answer(body)

    def get_entity(self, request: Request, kind: str, reference: str) -> Answer:
        """GET /v2/email/reputation/entities/{ReputationEntityType}/{ReputationEntityReference}"""
        _check_kind(kind)
        if not self._exists(request.caller, reference):
            raise Missing("There is no reputation entity of this reference.")
        return answer({"ReputationEntity": _entity(self._accounts.of(request.caller), reference)})

    def put_status(self, request: Request, kind: str, reference: str) -> Answer:
        """PUT /v2/email/reputation/entities/{ReputationEntityType}/{ReputationEntityReference}/customer-managed-status"""
        _check_kind(kind)
        status = wire.read(wire.StatusChange, request.body).sending_status
        if not self._exists(request.caller, reference):
            raise BadRequest("There is no reputation entity of this reference.")
        self._accounts.of(request.caller).tenants[reference] = (status, now())
        return answer({})

    def list_entities(self, request: Request) -> Answer:
        """POST /v2/email/reputation/entities: a page is one of the emulator's list of tenants, filtered."""
        body = wire.read(wire.ListEntities, request.body)
        question: dict[str, Any] = {"PageSize": min(body.page_size or LARGEST_PAGE, LARGEST_PAGE)}
        if body.next_token:
            question["NextToken"] = body.next_token
        found = self._backend.read(request.caller, "tenants", "list", question=question) or {}
        account = self._accounts.of(request.caller)
        entities = [_entity(account, str(tenant["TenantArn"])) for tenant in found.get("Tenants", ())]
        listed = [entity for entity in entities if _chosen(entity, body.filter)]
        more = {"NextToken": found["NextToken"]} if found.get("NextToken") else {}
        return answer({"ReputationEntities": listed, **more})

    def _exists(self, caller: Caller, arn: str) -> bool:
        name = arn.partition(":tenant/")[2].partition("/")[0]
        if not name:
            return False
        found = self._backend.read(caller, "tenants", "get", question={"TenantName": name})
        return found is not None and found["Tenant"]["TenantArn"] == arn


def _check_kind(kind: str) -> None:
    if kind != "RESOURCE":
        raise BadRequest("ReputationEntityType must be RESOURCE")


def _entity(account: Account, arn: str) -> dict[str, Any]:
    entity: dict[str, Any] = {
        "ReputationEntityReference": arn,
        "ReputationEntityType": "RESOURCE",
        "AwsSesManagedStatus": {"Status": "ENABLED"},
        "SendingStatusAggregate": account.tenant_status(arn),
        "ReputationImpact": "LOW",
    }
    if (known := account.tenants.get(arn)) is not None:
        status, at = known
        entity["CustomerManagedStatus"] = {"Status": status, "LastUpdatedTimestamp": at.timestamp()}
    return entity


_EXACT = {
    "ENTITY_TYPE": "ReputationEntityType",
    "REPUTATION_IMPACT": "ReputationImpact",
    "SENDING_STATUS": "SendingStatusAggregate",
}


def _chosen(entity: dict[str, Any], wanted: dict[Any, str]) -> bool:
    prefix = wanted.get("ENTITY_REFERENCE_PREFIX", "")
    return entity["ReputationEntityReference"].startswith(prefix) and all(
        entity[member] == wanted[name] for name, member in _EXACT.items() if name in wanted
    )
