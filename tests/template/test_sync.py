"""The comparison with SES's list: once a day, with the rights of its mode and no others, and watched."""

import pytest

from ses_warden.adapters.sync_metrics import SYNC_METRICS
from ses_warden.sync_settings import MOST_CHANGES, SyncSettings
from tests.support.template import Json, of_type, permissions_of, resolve

ALARM = "AWS::CloudWatch::Alarm"
SUPPRESSION = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/SuppressionTable"

LOOKS = {
    ("WriteLogs", "SyncLogGroup"): {"logs:CreateLogStream", "logs:PutLogEvents"},
    ("ReadSuppressions", SUPPRESSION): {"dynamodb:Scan"},
    ("ReadSesList", "*"): {"ses:ListSuppressedDestinations"},
    ("ReadAccount", "*"): {"ses:GetAccount"},
}
RELEASES = {
    ("LookAgainBeforeAChange", SUPPRESSION): {"dynamodb:BatchGetItem"},
    ("TakeOffSesList", "*"): {"ses:DeleteSuppressedDestination"},
}
ADDS = {
    ("TakeInWhatSesRefuses", SUPPRESSION): {"dynamodb:PutItem"},
    ("PutOnSesList", "*"): {"ses:PutSuppressedDestination"},
}


@pytest.mark.parametrize(
    ("parameters", "added"),
    [
        ({}, {}),
        ({"SuppressionSync": "off"}, {}),
        ({"SuppressionAuthority": "warden"}, {}),
        ({"SuppressionSync": "apply"}, {**RELEASES, **ADDS}),
        ({"SuppressionSync": "apply", "SuppressionAuthority": "warden"}, RELEASES),
    ],
)
def test_it_may_do_what_its_mode_says_and_no_more(
    template: Json, parameters: dict[str, str | int], added: dict[tuple[str, str], set[str]]
) -> None:
    """A report could change nothing if it wanted to; where the table decides, nothing is added to either list."""
    assert permissions_of(resolve(template, **parameters), "SyncRole") == {**LOOKS, **added}


def test_it_follows_a_table_given_by_name(template: Json) -> None:
    """As the other functions do."""
    stack = resolve(template, ExistingSuppressionTableName="old-suppression", SuppressionSync="apply")
    resources = {resource for _, resource in permissions_of(stack, "SyncRole") if "dynamodb" in resource}
    assert resources == {SUPPRESSION.replace("SuppressionTable", "old-suppression")}


@pytest.mark.parametrize(
    "parameters", [{"UseCustomerManagedKey": "true"}, {"ExistingKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/k"}]
)
def test_it_may_use_the_key_where_there_is_one(template: Json, parameters: dict[str, str | int]) -> None:
    """It reads the table."""
    found = permissions_of(resolve(template, **parameters), "SyncRole")
    added = {key: actions for key, actions in found.items() if key not in LOOKS}
    assert added == {("UseTheKeyOfTheTable", str(parameters.get("ExistingKeyArn", "Key"))): {"kms:Decrypt", "kms:GenerateDataKey"}}


@pytest.mark.parametrize(("mode", "enabled"), [("report", True), ("apply", True), ("off", False)])
def test_it_runs_each_day_unless_it_is_off(template: Json, mode: str, enabled: bool) -> None:
    """A run that fails is made again once; the next day's goes on where it stopped."""
    function = of_type(resolve(template, SuppressionSync=mode), "AWS::Serverless::Function")["SyncFunction"]
    event = function["Events"]["EachDay"]
    assert (event["Type"], event["Properties"]["Schedule"], event["Properties"]["State"]) == (
        "Schedule",
        "rate(1 day)",
        "ENABLED" if enabled else "DISABLED",
    )
    assert function["EventInvokeConfig"]["MaximumRetryAttempts"] == 1


def test_it_is_made_as_the_other_functions_are(stack: Json) -> None:
    """With the layer, a log of its own, the longest time that Lambda gives, and memory for what can be read in it."""
    function = of_type(stack, "AWS::Serverless::Function")["SyncFunction"]
    assert (function["CodeUri"], function["Layers"]) == ("functions/sync", [{"Ref": "CoreLayer"}])
    assert function["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": {"Ref": "SyncLogGroup"}}
    # decision 16: 800 bytes for an address that differs, 1,000 addresses a second, and 150 MB for the runtime and its libraries
    assert function["Timeout"] == 900
    assert function["MemorySize"] > 900 * 1000 * 800 / 1024**2 + 150


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"SuppressionSync": "off", "SuppressionSyncMostChanges": 1, "SuppressionAuthority": "warden"},
        {"SuppressionSync": "apply", "SuppressionSyncMostChanges": MOST_CHANGES},
    ],
)
def test_its_settings_accept_what_the_parameters_allow(template: Json, parameters: dict[str, str | int]) -> None:
    """It starts at the defaults and at the ends of each range."""
    variables = of_type(resolve(template, **parameters), "AWS::Serverless::Function")["SyncFunction"]["Environment"]["Variables"]
    shared = resolve(template, **parameters)["Globals"]["Function"]["Environment"]["Variables"]
    read = SyncSettings.read(
        {name: value["Ref"] if isinstance(value, dict) else str(value) for name, value in {**shared, **variables}.items()}
    )
    assert read.policy.mode == parameters.get("SuppressionSync", "report")
    assert read.policy.most_changes == parameters.get("SuppressionSyncMostChanges", 50)
    assert read.policy.authority == parameters.get("SuppressionAuthority", "ses")


@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:8025"])
def test_a_stand_in_for_ses_may_serve_it(template: Json, endpoint: str) -> None:
    """Boto3 takes an empty value as unset."""
    function = of_type(resolve(template, SesEmulatorEndpoint=endpoint), "AWS::Serverless::Function")["SyncFunction"]
    assert function["Environment"]["Variables"]["AWS_ENDPOINT_URL_SESV2"] == endpoint


def test_drift_is_an_alarm_that_keeps_to_the_last_word(stack: Json) -> None:
    """The metric comes once a day; silence in between says nothing."""
    alarm = of_type(stack, ALARM)["SuppressionListsDiffer"]
    assert (alarm["Namespace"], alarm["MetricName"]) == ("SesWarden", SYNC_METRICS[0])
    assert alarm["Dimensions"] == [{"Name": "service", "Value": {"Ref": "AWS::StackName"}}]
    assert (alarm["ComparisonOperator"], alarm["Threshold"], alarm["TreatMissingData"]) == ("GreaterThanThreshold", 0, "ignore")
    assert alarm["AlarmActions"] == [{"Ref": "AlertTopic"}]


def test_nobody_is_alarmed_where_it_is_off(template: Json) -> None:
    """Both alarms are of a run."""
    assert not {"SuppressionListsDiffer", "SyncFunctionErrors"} & of_type(resolve(template, SuppressionSync="off"), ALARM).keys()
