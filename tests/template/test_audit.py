"""The audit of domains: it runs on its schedule unless it is off, and may look, remember and tell, and no more."""

import pytest

from ses_warden.audit_settings import AuditSettings
from tests.support.template import Json, of_type, permissions_of, reference, resolve
from tests.template.test_guard import REPUTATION

SES = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}"
PERMISSIONS = {
    ("WriteLogs", "AuditLogGroup"): {"logs:CreateLogStream", "logs:PutLogEvents"},
    ("RememberWhatWasBad", REPUTATION): {"dynamodb:GetItem", "dynamodb:PutItem"},
    ("ReadDomains", f"{SES}:identity/*"): {"ses:GetEmailIdentity"},
    ("ListDomains", "*"): {"ses:ListEmailIdentities"},
    ("ReadAccount", "*"): {"ses:GetAccount"},
    ("ReadHowMuchIsSent", "*"): {"cloudwatch:GetMetricData"},
    ("AlertPeople", "AlertTopic"): {"sns:Publish"},
    ("AlertMachines", "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"): {"events:PutEvents"},
}


def test_the_audit_may_look_remember_and_tell(stack: Json) -> None:
    """The table above, word for word."""
    assert permissions_of(stack, "AuditRole") == PERMISSIONS


def test_the_audit_may_touch_no_row_but_its_memory(stack: Json) -> None:
    """The counters and the guard's states are out of its reach."""
    [policy] = of_type(stack, "AWS::IAM::Role")["AuditRole"]["Policies"]
    [statement] = [one for one in policy["PolicyDocument"]["Statement"] if one["Sid"] == "RememberWhatWasBad"]
    assert statement["Condition"] == {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["watch"]}}


@pytest.mark.parametrize(
    "parameters", [{"UseCustomerManagedKey": "true"}, {"ExistingKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/k"}]
)
def test_the_audit_may_use_the_key_where_there_is_one(template: Json, parameters: dict[str, str | int]) -> None:
    """For the table and the topic."""
    found = permissions_of(resolve(template, **parameters), "AuditRole")
    added = {key: actions for key, actions in found.items() if key not in PERMISSIONS}
    key = str(parameters.get("ExistingKeyArn", "Key"))
    assert added == {("UseTheKeyOfTableAndTopic", key): {"kms:Decrypt", "kms:GenerateDataKey"}}


@pytest.mark.parametrize(("mode", "enabled"), [("on", True), ("off", False)])
def test_the_audit_runs_on_its_schedule_unless_it_is_off(template: Json, mode: str, enabled: bool) -> None:
    """Once a day by default; a run that fails comes again, and tells when it is given up."""
    stack = resolve(template, AuditMode=mode, AuditSchedule="cron(0 6 * * ? *)")
    function = of_type(stack, "AWS::Serverless::Function")["AuditFunction"]
    schedule = function["Events"]["EachDay"]["Properties"]
    assert (schedule["Schedule"], schedule["State"]) == ("cron(0 6 * * ? *)", "ENABLED" if enabled else "DISABLED")
    assert reference(function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"]) == "AlertTopic"
    assert ("AuditFunctionErrors" in stack["Resources"]) is enabled
    assert template["Parameters"]["AuditSchedule"]["Default"] == "rate(1 day)"


def test_the_audit_has_the_time_that_it_may_take(stack: Json) -> None:
    """The most that Lambda allows; and a log of its own."""
    function = of_type(stack, "AWS::Serverless::Function")["AuditFunction"]
    assert (function["CodeUri"], function["Timeout"]) == ("functions/audit", 900)
    assert function["LoggingConfig"]["LogGroup"] == {"Ref": "AuditLogGroup"}


def test_the_audits_settings_accept_what_the_parameters_allow(template: Json) -> None:
    """No domains, and some."""
    for domains in ("", "example.com,shop.example"):
        variables = of_type(resolve(template, AuditDomains=domains), "AWS::Serverless::Function")["AuditFunction"]["Environment"]
        environment = {
            name: value["Ref"] if isinstance(value, dict) else str(value) for name, value in variables["Variables"].items()
        }
        settings = AuditSettings.read(environment | {"AUDIT_DOMAINS": domains})
        assert settings.domains == tuple(filter(None, domains.split(",")))
        assert (settings.reputation_table, settings.alert_topic) == ("ReputationTable", "AlertTopic")
