"""The guard: it runs each minute and on alarm, may do only what its modes allow, and is itself watched."""

import json
import re
from collections.abc import Iterator

import pytest

from ses_warden.adapters.guard_metrics import GUARD_METRICS
from ses_warden.adapters.metrics import LAG, NAMES
from ses_warden.domain.rates import Thresholds
from ses_warden.domain.sending_status import DETAIL_TYPES
from ses_warden.guard_settings import GuardSettings
from tests.support.template import TEMPLATE, Json, load, of_type, permissions_of, reference, resolve

ALARM = "AWS::CloudWatch::Alarm"
REPUTATION = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/ReputationTable"
SES = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}"
BUS = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/default"

LOOKS = {
    ("WriteLogs", "GuardLogGroup"): {"logs:CreateLogStream", "logs:PutLogEvents"},
    ("KeepStatesAndCohorts", REPUTATION): {
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:BatchGetItem",
        "dynamodb:BatchWriteItem",
    },
    ("FindWhatChanged", f"{REPUTATION}/index/by_change"): {"dynamodb:Query"},
    ("FindWhatIsGuarded", f"{REPUTATION}/index/by_activity"): {"dynamodb:Query"},
    ("SeeHowMuchWaits", "ActivityQueue"): {"sqs:GetQueueAttributes"},
    ("AlertPeople", "AlertTopic"): {"sns:Publish"},
    ("AlertMachines", BUS): {"events:PutEvents"},
    ("ReadConfigurationSets", f"{SES}:configuration-set/*"): {"ses:GetConfigurationSet"},
    ("ReadTenants", f"{SES}:tenant/*"): {"ses:GetTenant", "ses:GetReputationEntity"},
    ("ReadRates", "*"): {"cloudwatch:GetMetricData"},
    ("ReadAccount", "*"): {"ses:GetAccount"},
}
PAUSES = {
    ("PauseConfigurationSets", f"{SES}:configuration-set/*"): {"ses:PutConfigurationSetSendingOptions"},
    ("PauseTenants", f"{SES}:tenant/*"): {"ses:UpdateReputationEntityCustomerManagedStatus"},
}
PAUSES_ACCOUNT = {("PauseAccount", "*"): {"ses:PutAccountSendingAttributes"}}


@pytest.mark.parametrize(
    ("parameters", "added"),
    [
        ({}, PAUSES),
        ({"GuardMode": "dry-run"}, {}),
        ({"GuardMode": "off", "GuardAccountMode": "active"}, {}),
        ({"GuardAccountMode": "active"}, {**PAUSES, **PAUSES_ACCOUNT}),
        ({"GuardMode": "dry-run", "GuardAccountMode": "active"}, PAUSES_ACCOUNT),
    ],
)
def test_the_guard_may_do_what_its_modes_say_and_no_more(
    template: Json, parameters: dict[str, str | int], added: dict[tuple[str, str], set[str]]
) -> None:
    """A dry run could not pause if it wanted to; the account's switch is granted only when asked."""
    assert permissions(resolve(template, **parameters)) == {**LOOKS, **added}


@pytest.mark.parametrize(
    "parameters", [{"UseCustomerManagedKey": "true"}, {"ExistingKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/k"}]
)
def test_the_guard_may_use_the_key_where_there_is_one(template: Json, parameters: dict[str, str | int]) -> None:
    """It reads the table and publishes to the topic."""
    found = permissions(resolve(template, **parameters))
    added = {key: actions for key, actions in found.items() if key not in {**LOOKS, **PAUSES}}
    assert added == {
        ("UseTheKeyOfTablesAndTopics", str(parameters.get("ExistingKeyArn", "Key"))): {"kms:Decrypt", "kms:GenerateDataKey"}
    }


def test_the_guard_follows_a_table_given_by_name(template: Json) -> None:
    """As the other functions do."""
    stack = resolve(template, ExistingReputationTableName="old-reputation")
    resources = {resource for _, resource in permissions(stack) if "dynamodb" in resource}
    old = REPUTATION.replace("ReputationTable", "old-reputation")
    assert resources == {old, f"{old}/index/by_change", f"{old}/index/by_activity"}


@pytest.mark.parametrize(("mode", "enabled"), [("active", True), ("dry-run", True), ("off", False)])
def test_the_guard_runs_each_minute_unless_it_is_off(template: Json, mode: str, enabled: bool) -> None:
    """The schedule is the retry of a run; Lambda's are for events about tenants, of which people hear where all fail."""
    function = of_type(resolve(template, GuardMode=mode), "AWS::Serverless::Function")["GuardFunction"]
    event = function["Events"]["EachMinute"]
    assert (event["Type"], event["Properties"]["Schedule"], event["Properties"]["State"]) == (
        "Schedule",
        "rate(1 minute)",
        "ENABLED" if enabled else "DISABLED",
    )
    config = function["EventInvokeConfig"]
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (2, 3600)
    assert config["DestinationConfig"]["OnFailure"]["Type"] == "SNS"
    assert reference(config["DestinationConfig"]["OnFailure"]["Destination"]) == "AlertTopic"


@pytest.mark.parametrize(("mode", "state"), [("active", "ENABLED"), ("dry-run", "ENABLED"), ("off", "DISABLED")])
def test_the_guard_hears_of_tenants_that_are_switched(template: Json, mode: str, state: str) -> None:
    """SES's own events on the default bus; each sample is of a kind that the rule lets through."""
    stack = resolve(template, GuardMode=mode)
    rule = of_type(stack, "AWS::Events::Rule")["TenantStatusRule"]
    assert rule["State"] == state
    assert rule["EventPattern"] == {"source": ["aws.ses"], "detail-type": list(DETAIL_TYPES)}
    [target] = rule["Targets"]
    permission = of_type(stack, "AWS::Lambda::Permission")["TenantStatusInvokesGuard"]
    assert (reference(target["Arn"]), reference(permission["FunctionName"])) == ("GuardFunction", "GuardFunction")
    assert (permission["Principal"], reference(permission["SourceArn"])) == ("events.amazonaws.com", "TenantStatusRule")
    kinds = {json.loads(path.read_text())["detail-type"] for path in (TEMPLATE.parent / "events" / "tenants").glob("*.json")}
    assert kinds == set(DETAIL_TYPES)


def test_the_guard_is_made_as_the_other_functions_are(stack: Json) -> None:
    """With the layer, a log of its own, and time for a dozen pauses of a second for each request."""
    function = of_type(stack, "AWS::Serverless::Function")["GuardFunction"]
    assert (function["CodeUri"], function["Layers"]) == ("functions/guard", [{"Ref": "CoreLayer"}])
    assert function["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": {"Ref": "GuardLogGroup"}}
    assert 60 <= function["Timeout"] <= 120


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"GuardMode": "off", "GuardAccountMode": "off", "PolicyRefusalsCountAsHard": "true"},
        {"BouncePauseRate": "0.09", "BounceWarnRate": "0.00001", "FalsePauseProbability": "0.0001", "MaxActivityLagSeconds": 86400},
        {"ComplaintPauseRate": "0.0001", "ComplaintWarnRate": "0.0001", "BounceWindowMails": 100, "ComplaintWindowMails": 1000000},
    ],
)
def test_the_guards_settings_accept_what_the_parameters_allow(template: Json, parameters: dict[str, str | int]) -> None:
    """It starts at the defaults, which are those of the statistics, and at the ends of each range."""
    variables = of_type(resolve(template, **parameters), "AWS::Serverless::Function")["GuardFunction"]["Environment"]["Variables"]
    settings = GuardSettings.read(
        {name: value["Ref"] if isinstance(value, dict) else str(value) for name, value in variables.items()}
    )
    assert settings.mode == parameters.get("GuardMode", "active")
    if not parameters:
        assert settings.thresholds == Thresholds()


def test_a_set_for_fire_drills_is_known_to_all_functions(template: Json) -> None:
    """Those that record count its simulator mail, and the guard holds that against no other scope; by default there is none."""
    for name in ("", "drill"):
        shared = resolve(template, DrillConfigurationSetName=name)["Globals"]["Function"]["Environment"]["Variables"]
        assert shared["DRILL_CONFIGURATION_SET"] == name


@pytest.mark.parametrize(("endpoint", "value"), [("", ""), ("http://127.0.0.1:8025", "http://127.0.0.1:8025")])
def test_a_stand_in_for_ses_may_serve_the_guard(template: Json, endpoint: str, value: str) -> None:
    """Boto3 takes an empty value as unset."""
    stack = resolve(template, SesEmulatorEndpoint=endpoint)
    variables = of_type(stack, "AWS::Serverless::Function")["GuardFunction"]["Environment"]["Variables"]
    assert variables["AWS_ENDPOINT_URL_SESV2"] == value


# AWS's own rates


RATES = {
    f"{scope}{rate}Rate{level}": (scope, f"Reputation.{rate}Rate", f"{rate}{level}Rate")
    for scope in ("Account", "ConfigurationSet")
    for rate in ("Bounce", "Complaint")
    for level in ("Warn", "Pause")
}


@pytest.mark.parametrize("name", RATES)
def test_an_alarm_on_awss_own_rate_invokes_the_guard_at_once(template: Json, name: str) -> None:
    """And tells people, should the guard be the trouble. Missing data changes nothing, as AWS advises."""
    scope, metric, parameter = RATES[name]
    stack = resolve(template, **{parameter: "0.00042"})
    alarm = of_type(stack, ALARM)[name]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Threshold"]) == ("AWS/SES", metric, "0.00042")
    assert (alarm["ComparisonOperator"], alarm["TreatMissingData"]) == ("GreaterThanOrEqualToThreshold", "ignore")
    assert [reference(action) for action in alarm["AlarmActions"]] == ["GuardFunction", "AlertTopic"]
    dimension = [{"Name": "ses:configuration-set", "Value": "ses-warden"}]
    assert alarm.get("Dimensions", []) == (dimension if scope == "ConfigurationSet" else [])
    assert len(alarm["AlarmDescription"]) > 60


def test_awss_rates_have_alarms_only_where_they_mean_something(template: Json) -> None:
    """A set that was there before may publish no rates; a guard that is off is not invoked."""
    existing = of_type(resolve(template, ExistingConfigurationSetName="mine"), ALARM).keys() & RATES.keys()
    assert {RATES[name][0] for name in existing} == {"Account"}
    assert of_type(resolve(template, GuardMode="off"), ALARM).keys() & {*RATES, "GuardNotRunning", "GuardFunctionErrors"} == set()


def test_only_alarms_of_this_account_invoke_the_guard(stack: Json) -> None:
    """CloudWatch's own principal, for this account and its alarms."""
    permission = of_type(stack, "AWS::Lambda::Permission")["AlarmsInvokeGuard"]
    assert reference(permission["FunctionName"]) == "GuardFunction"
    assert permission["Principal"] == "lambda.alarms.cloudwatch.amazonaws.com"
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert permission["SourceArn"] == {"Fn::Sub": "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"}


def test_a_guard_that_does_not_run_is_an_alarm(stack: Json) -> None:
    """Here silence is the fault: five minutes without an invocation, or without data."""
    alarm = of_type(stack, ALARM)["GuardNotRunning"]
    assert (alarm["MetricName"], alarm["ComparisonOperator"], alarm["Threshold"]) == ("Invocations", "LessThanThreshold", 1)
    assert alarm["Period"] * alarm["EvaluationPeriods"] == 300
    assert alarm["TreatMissingData"] == "breaching"
    assert alarm["AlarmActions"] == [{"Ref": "AlertTopic"}]
    assert reference(alarm["Dimensions"][0]["Value"]) == "GuardFunction"


# The dashboard


@pytest.mark.parametrize(("parameters", "name"), [({}, "ses-warden"), ({"ExistingConfigurationSetName": "mine"}, "mine")])
def test_the_dashboard_draws_the_rates_with_their_limits(template: Json, parameters: dict[str, str | int], name: str) -> None:
    """Warning, pause and SES's own review are lines; ours and AWS's rates are in one picture, both fractions."""
    widgets = {widget["properties"]["title"]: widget["properties"] for widget in dashboard(template, **parameters)}
    for rate, title in (
        ("Bounce", "Hard bounces (fraction of mails)"),
        ("Complaint", "Complaints (fraction of mails delivered where they are reported)"),
    ):
        drawn = widgets[title]
        assert [line["label"] for line in drawn["annotations"]["horizontal"]] == ["warn", "pause", "SES reviews"]
        defaults = [load()["Parameters"][f"{rate}{level}Rate"]["Default"] for level in ("Warn", "Pause")]
        assert [line["value"] for line in drawn["annotations"]["horizontal"]][:2] == defaults
        assert drawn["metrics"][0][:2] == ["SesWarden", f"{rate}Rate"]
        assert drawn["metrics"][1][4:6] == ["configuration_set", name]
        assert drawn["metrics"][2][:2] == ["AWS/SES", f"Reputation.{rate}Rate"]


def test_the_dashboard_shows_what_the_functions_write(template: Json) -> None:
    """Volume, lag, queues, suppressions and states: a metric that is renamed would leave an empty picture."""
    text = json.dumps(dashboard(template))
    ours = {*GUARD_METRICS, *NAMES.values(), LAG}
    shown = {metric[1] for metric in _metrics(template) if metric[0] == "SesWarden"} | set(
        re.findall(r'\\"(\w+)\\"(?: OR|\))', text)
    )
    assert shown <= ours
    assert {
        "BounceRate",
        "ComplaintRate",
        "HeadRoom",
        "SendingPaused",
        "Lag",
        "Suppressed",
        "Released",
        "Sends",
        "Complaints",
    } <= shown
    assert "ApproximateNumberOfMessagesVisible" in text


def test_the_dashboards_pictures_do_not_overlap(template: Json) -> None:
    """Each has a place of its own in the 24 columns."""
    taken: set[tuple[int, int]] = set()
    for widget in dashboard(template):
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & taken
        assert max(x for x, _ in cells) < 24
        taken |= cells


def dashboard(template: Json, **parameters: str | int) -> list[Json]:
    """The dashboard's widgets as deployed."""
    stack = resolve(template, **parameters)
    [properties] = of_type(stack, "AWS::CloudWatch::Dashboard").values()
    text, variables = properties["DashboardBody"]["Fn::Sub"]
    values = {name: str(spec["Default"]) for name, spec in template["Parameters"].items()}
    values |= {name: value if isinstance(value, str) else reference(value) for name, value in variables.items()}
    filled = re.sub(r"\$\{([^}]+)\}", lambda match: values.get(match[1], match[1]), text)
    widgets: list[Json] = json.loads(filled)["widgets"]
    return widgets


def _metrics(template: Json) -> Iterator[list[str]]:
    for widget in dashboard(template):
        yield from (metric for metric in widget["properties"]["metrics"] if isinstance(metric[0], str))


def permissions(stack: Json) -> dict[tuple[str, str], set[str]]:
    """What the guard's role allows, by Sid and resource."""
    return permissions_of(stack, "GuardRole")
