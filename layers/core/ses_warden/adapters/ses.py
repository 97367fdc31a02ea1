"""The switches of Amazon SES: configuration sets, tenants, the account. Each is read back after it was thrown.

SES takes one request a second of these: https://docs.aws.amazon.com/ses/latest/dg/quotas.html
"""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.failures import code_of
from ses_warden.adapters.ses_pace import Pace
from ses_warden.domain.counters import ACCOUNT
from ses_warden.domain.guard_states import Account
from ses_warden.errors import ScopeGone, SwitchError

# "REINSTATED" sends although AWS has open findings: https://docs.aws.amazon.com/ses/latest/dg/tenants.html
_TENANT_SENDS = frozenset({"ENABLED", "REINSTATED"})


class _TenantSends(NamedTuple):
    """Whether a tenant sends by the account's own switch, and with AWS's switch beside it."""

    own: bool
    all_told: bool


class SesSwitch:
    """The `Switch` port on SES's API, version 2; `client` is boto3's of `sesv2`."""

    def __init__(
        self,
        client: Any,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._pace = Pace(sleep, monotonic)

    def is_on(self, scope: str) -> bool:
        """See the port."""
        kind, _, name = scope.partition("/")
        if scope == ACCOUNT:
            return self.account().sending
        if kind == "configuration-set":
            answer = self._ask(scope, self._client.get_configuration_set, ConfigurationSetName=name)
            # Absent means that sending is on, as for each new set.
            return bool(answer.get("SendingOptions", {}).get("SendingEnabled", True))
        return self._tenant_sends(scope, self._tenant_arn(scope, name)).all_told

    def turn(self, scope: str, *, on: bool) -> None:
        """See the port."""
        kind, _, name = scope.partition("/")
        if scope == ACCOUNT:
            self._ask(scope, self._client.put_account_sending_attributes, SendingEnabled=on)
            stands = self.account().sending
        elif kind == "configuration-set":
            options = self._client.put_configuration_set_sending_options
            self._ask(scope, options, ConfigurationSetName=name, SendingEnabled=on)
            stands = self.is_on(scope)
        else:
            arn = self._tenant_arn(scope, name)
            self._ask(
                scope,
                self._client.update_reputation_entity_customer_managed_status,
                ReputationEntityType="RESOURCE",
                ReputationEntityReference=arn,
                SendingStatus="ENABLED" if on else "DISABLED",
            )
            sends = self._tenant_sends(scope, arn)
            stands = sends.own
            if on and stands and not sends.all_told:
                raise SwitchError(f"{scope} is switched on, but AWS itself keeps it off; the runbook says how to reinstate it")
        if stands is not on:
            raise SwitchError(f"SES took the request to switch {scope} {_word(on)}, and shows it switched {_word(stands)}")

    def account(self) -> Account:
        """See the port."""
        answer = self._ask(ACCOUNT, self._client.get_account)
        return Account(str(answer.get("EnforcementStatus", "UNKNOWN")), bool(answer.get("SendingEnabled", True)))

    def _tenant_arn(self, scope: str, name: str) -> str:
        """The ARN holds the tenant's id, which no event names."""
        answer = self._ask(scope, self._client.get_tenant, TenantName=name)
        return str(answer["Tenant"]["TenantArn"])

    def _tenant_sends(self, scope: str, arn: str) -> "_TenantSends":
        request = {"ReputationEntityType": "RESOURCE", "ReputationEntityReference": arn}
        answer = self._ask(scope, self._client.get_reputation_entity, **request)
        entity = answer["ReputationEntity"]
        status = entity.get("CustomerManagedStatus", {}).get("Status", "ENABLED")
        return _TenantSends(status in _TENANT_SENDS, entity.get("SendingStatusAggregate", status) in _TENANT_SENDS)

    def _ask(self, scope: str, operation: Callable[..., Any], **request: Any) -> Any:
        try:
            return self._pace(operation, **request)
        except ClientError as error:
            # Only what was asked for by name is gone: an account never is, and a tenant without reputation entity still sends.
            if code_of(error) == "NotFoundException" and request.keys() & {"ConfigurationSetName", "TenantName"}:
                raise ScopeGone(f"SES knows no {scope}") from error
            raise SwitchError(f"SES refused a request about {scope}: {code_of(error)}") from error
        except BotoCoreError as error:
            raise SwitchError(f"SES did not answer a request about {scope}: {code_of(error)}") from error


def _word(on: bool) -> str:  # noqa: FBT001 - the one word of it
    return "on" if on else "off"
