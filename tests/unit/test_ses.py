"""The requests to SES and how its answers are taken, against botocore's own model of the service."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from ses_warden.adapters.ses import SesSwitch
from ses_warden.adapters.ses_pace import PACE_SECONDS
from ses_warden.domain.guard_states import Account
from ses_warden.errors import ScopeGone, SwitchError
from tests.support.aws import shared, stubbed

MARKETING, ACME = "configuration-set/marketing", "tenant/acme"
ARN = "arn:aws:ses:eu-west-1:111122223333:tenant/acme/tn-1"
ENTITY = {"ReputationEntityType": "RESOURCE", "ReputationEntityReference": ARN}


class Clock:
    """Time that passes by sleeping alone."""

    def __init__(self) -> None:
        """It is zero."""
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        """Some seconds pass."""
        self.slept.append(seconds)
        self.now += seconds

    def time(self) -> float:
        """What time it is."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock."""
    return Clock()


@pytest.fixture
def client() -> Any:
    """One for all."""
    return shared("sesv2")


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    """Answers in SES's place."""
    with stubbed(client) as stub:
        yield stub


@pytest.fixture
def switch(client: Any, clock: Clock) -> SesSwitch:
    """The switches."""
    return SesSwitch(client, sleep=clock.sleep, monotonic=clock.time)


def tenant(stub: Stubber) -> None:
    """SES is asked for the tenant's ARN, and tells it."""
    stub.add_response("get_tenant", {"Tenant": {"TenantName": "acme", "TenantArn": ARN}}, {"TenantName": "acme"})


@pytest.mark.parametrize("on", [True, False])
def test_a_configuration_set_is_switched_and_read_back(stub: Stubber, switch: SesSwitch, on: bool) -> None:
    """Two requests, and no more."""
    stub.add_response("put_configuration_set_sending_options", {}, {"ConfigurationSetName": "marketing", "SendingEnabled": on})
    answer = {"SendingOptions": {"SendingEnabled": on}}
    stub.add_response("get_configuration_set", answer, {"ConfigurationSetName": "marketing"})
    switch.turn(MARKETING, on=on)


@pytest.mark.parametrize("on", [True, False])
def test_the_account_is_switched_and_read_back(stub: Stubber, switch: SesSwitch, on: bool) -> None:
    """GetAccount is what shows it."""
    stub.add_response("put_account_sending_attributes", {}, {"SendingEnabled": on})
    stub.add_response("get_account", {"SendingEnabled": on, "EnforcementStatus": "HEALTHY"}, {})
    switch.turn("account", on=on)


@pytest.mark.parametrize(("on", "status"), [(True, "ENABLED"), (False, "DISABLED")])
def test_a_tenant_is_switched_by_its_arn_and_read_back(stub: Stubber, switch: SesSwitch, on: bool, status: str) -> None:
    """The customer's own status is set, beside AWS's."""
    tenant(stub)
    stub.add_response("update_reputation_entity_customer_managed_status", {}, {**ENTITY, "SendingStatus": status})
    stub.add_response("get_reputation_entity", {"ReputationEntity": {"CustomerManagedStatus": {"Status": status}}}, ENTITY)
    switch.turn(ACME, on=on)


def test_a_switch_that_does_not_stand_as_it_should_is_an_error(stub: Stubber, switch: SesSwitch) -> None:
    """SES took the request, and the set sends on: that is no pause."""
    stub.add_response("put_configuration_set_sending_options", {}, {"ConfigurationSetName": "marketing", "SendingEnabled": False})
    answer = {"SendingOptions": {"SendingEnabled": True}}
    stub.add_response("get_configuration_set", answer, {"ConfigurationSetName": "marketing"})
    with pytest.raises(SwitchError, match="switch configuration-set/marketing off, and shows it switched on"):
        switch.turn(MARKETING, on=False)


@pytest.mark.parametrize(
    ("answer", "on"),
    [({}, True), ({"SendingOptions": {}}, True), ({"SendingOptions": {"SendingEnabled": False}}, False)],
)
def test_a_set_sends_unless_it_says_otherwise(stub: Stubber, switch: SesSwitch, answer: dict[str, Any], on: bool) -> None:
    """A set that was never switched has no options."""
    stub.add_response("get_configuration_set", answer, {"ConfigurationSetName": "marketing"})
    assert switch.is_on(MARKETING) is on


@pytest.mark.parametrize(
    ("entity", "on"),
    [
        ({"CustomerManagedStatus": {"Status": "ENABLED"}}, True),
        ({"CustomerManagedStatus": {"Status": "REINSTATED"}}, True),
        ({"CustomerManagedStatus": {"Status": "DISABLED"}}, False),
        ({"CustomerManagedStatus": {"Status": "ENABLED"}, "SendingStatusAggregate": "DISABLED"}, False),
        ({"CustomerManagedStatus": {"Status": "REINSTATED"}, "SendingStatusAggregate": "REINSTATED"}, True),
        ({}, True),
    ],
)
def test_a_tenant_sends_if_neither_the_customer_nor_aws_forbids_it(
    stub: Stubber, switch: SesSwitch, entity: dict[str, Any], on: bool
) -> None:
    """Where AWS does not say what both come to, the customer's own switch counts."""
    tenant(stub)
    stub.add_response("get_reputation_entity", {"ReputationEntity": entity}, ENTITY)
    assert switch.is_on(ACME) is on


def test_a_tenant_that_aws_keeps_off_does_not_look_resumed(stub: Stubber, switch: SesSwitch) -> None:
    """The customer's switch is thrown, and AWS's still stands."""
    tenant(stub)
    stub.add_response("update_reputation_entity_customer_managed_status", {}, {**ENTITY, "SendingStatus": "ENABLED"})
    entity = {"CustomerManagedStatus": {"Status": "ENABLED"}, "SendingStatusAggregate": "DISABLED"}
    stub.add_response("get_reputation_entity", {"ReputationEntity": entity}, ENTITY)
    with pytest.raises(SwitchError, match="AWS itself keeps it off"):
        switch.turn(ACME, on=True)


@pytest.mark.parametrize(
    ("answer", "account"),
    [
        ({"EnforcementStatus": "PROBATION", "SendingEnabled": True}, Account("PROBATION", sending=True)),
        ({"EnforcementStatus": "SHUTDOWN", "SendingEnabled": False}, Account("SHUTDOWN", sending=False)),
        ({}, Account("UNKNOWN", sending=True)),
    ],
)
def test_the_account_is_as_ses_says(stub: Stubber, switch: SesSwitch, answer: dict[str, Any], account: Account) -> None:
    """The status is an open string."""
    stub.add_response("get_account", answer, {})
    assert switch.account() == account


@pytest.mark.parametrize(
    ("operation", "before"),
    [
        ("put_configuration_set_sending_options", []),
        ("get_configuration_set", ["put_configuration_set_sending_options"]),
    ],
)
@pytest.mark.parametrize("code", ["TooManyRequestsException", "BadRequestException", "AccessDeniedException"])
def test_a_refusal_is_an_error_that_names_the_scope(
    stub: Stubber, switch: SesSwitch, operation: str, before: list[str], code: str
) -> None:
    """Whichever of the two requests SES refuses, the pause has failed."""
    for name in before:
        stub.add_response(name, {})
    stub.add_client_error(operation, code)
    with pytest.raises(SwitchError, match=f"configuration-set/marketing: {code}"):
        switch.turn(MARKETING, on=False)


@pytest.mark.parametrize(("scope", "operation"), [(MARKETING, "put_configuration_set_sending_options"), (ACME, "get_tenant")])
def test_what_ses_does_not_know_is_gone(stub: Stubber, switch: SesSwitch, scope: str, operation: str) -> None:
    """That is no failure to be tried again."""
    stub.add_client_error(operation, "NotFoundException")
    with pytest.raises(ScopeGone, match=scope):
        switch.turn(scope, on=False)


def test_an_account_is_never_gone(stub: Stubber, switch: SesSwitch) -> None:
    """An endpoint that lacks the request is a failure, not a pause."""
    stub.add_client_error("put_account_sending_attributes", "NotFoundException")
    with pytest.raises(SwitchError, match="SES refused a request about account: NotFoundException"):
        switch.turn("account", on=False)


def test_a_tenant_without_a_reputation_entity_is_not_gone(stub: Stubber, switch: SesSwitch) -> None:
    """It exists, and sends."""
    stub.add_response("get_tenant", {"Tenant": {"TenantName": "acme", "TenantArn": ARN}})
    stub.add_client_error("update_reputation_entity_customer_managed_status", "NotFoundException")
    with pytest.raises(SwitchError, match="SES refused a request about tenant/acme: NotFoundException"):
        switch.turn(ACME, on=False)


@pytest.mark.parametrize(
    "steps",
    [
        ["get_tenant"],
        ["get_tenant", "update_reputation_entity_customer_managed_status"],
        ["get_tenant", "update_reputation_entity_customer_managed_status", "get_reputation_entity"],
    ],
)
def test_each_request_about_a_tenant_may_fail(stub: Stubber, switch: SesSwitch, steps: list[str]) -> None:
    """A pause that fails half-way is no pause."""
    *done, failing = steps
    for step in done:
        if step == "get_tenant":
            tenant(stub)
        else:
            stub.add_response(step, {})
    stub.add_client_error(failing, "ConflictException")
    with pytest.raises(SwitchError, match="tenant/acme: ConflictException"):
        switch.turn(ACME, on=False)


@pytest.mark.parametrize("steps", [["put_account_sending_attributes"], ["put_account_sending_attributes", "get_account"]])
def test_each_request_about_the_account_may_fail(stub: Stubber, switch: SesSwitch, steps: list[str]) -> None:
    """AWS may have paused the account itself, and then takes no request of ours."""
    for step in steps[:-1]:
        stub.add_response(step, {})
    stub.add_client_error(steps[-1], "BadRequestException")
    with pytest.raises(SwitchError, match="account: BadRequestException"):
        switch.turn("account", on=False)


def test_silence_is_an_error_too(client: Any) -> None:
    """The network is not SES's word."""

    def cut(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://email.example")

    client.meta.events.register_first("before-send.sesv2.GetAccount", cut)
    try:
        with pytest.raises(SwitchError, match="EndpointConnectionError"):
            SesSwitch(client).account()
    finally:
        client.meta.events.unregister("before-send.sesv2.GetAccount", cut)


def test_requests_are_a_second_apart(stub: Stubber, switch: SesSwitch, clock: Clock) -> None:
    """SES's limit is one a second; who was idle anyway waits no more."""
    for _ in range(3):
        stub.add_response("get_account", {"SendingEnabled": True})
    switch.account()
    clock.now += 0.25
    switch.account()
    clock.now += 5
    switch.account()
    assert clock.slept == [PACE_SECONDS - 0.25]
