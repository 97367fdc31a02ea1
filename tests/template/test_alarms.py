"""Alarms: each way in which the pipeline may lose or delay events speaks up."""

import pytest

from ses_warden.adapters.metrics import NAMES
from ses_warden.application.outcome import Happening
from ses_warden.domain.counters import Counter
from tests.support.template import Json, of_type, reference, resolve

ALARM = "AWS::CloudWatch::Alarm"

WATCHED = {
    "FeedbackDeadLetterQueueNotEmpty": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "FeedbackDeadLetterQueue"),
    "ActivityDeadLetterQueueNotEmpty": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "ActivityDeadLetterQueue"),
    "FeedbackRetryQueueAge": ("AWS/SQS", "ApproximateAgeOfOldestMessage", "FeedbackRetryQueue"),
    "ActivityQueueAge": ("AWS/SQS", "ApproximateAgeOfOldestMessage", "ActivityQueue"),
    "FeedbackFunctionErrors": ("AWS/Lambda", "Errors", "FeedbackFunction"),
    "ActivityFunctionErrors": ("AWS/Lambda", "Errors", "ActivityFunction"),
    "FeedbackFunctionThrottles": ("AWS/Lambda", "Throttles", "FeedbackFunction"),
    "ActivityFunctionThrottles": ("AWS/Lambda", "Throttles", "ActivityFunction"),
    "FeedbackEventsGivenUp": ("AWS/Lambda", "AsyncEventsDropped", "FeedbackFunction"),
    "FeedbackDestinationFailures": ("AWS/Lambda", "DestinationDeliveryFailures", "FeedbackFunction"),
    "FeedbackTopicRedriveFailures": ("AWS/SNS", "NumberOfNotificationsFailedToRedriveToDlq", "FeedbackTopic"),
    "ActivityTopicRedriveFailures": ("AWS/SNS", "NumberOfNotificationsFailedToRedriveToDlq", "ActivityTopic"),
    "GuardFunctionErrors": ("AWS/Lambda", "Errors", "GuardFunction"),
    "AuditFunctionErrors": ("AWS/Lambda", "Errors", "AuditFunction"),
    "PublisherFunctionErrors": ("AWS/Lambda", "Errors", "PublisherFunction"),
    "PublisherFunctionThrottles": ("AWS/Lambda", "Throttles", "PublisherFunction"),
    "PublisherDeadLetterQueueNotEmpty": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "PublisherDeadLetterQueue"),
    "SesEventsRuleFailures": ("AWS/Events", "InvocationsFailedToBeSentToDlq", "SesEventsRule"),
}

# Alarms on what the functions say themselves, in the dimensions in which adapters/metrics.py says it.
OWN: dict[str, tuple[Counter | Happening, list[str]]] = {
    "PolicyRefusals": (Counter.POLICY, ["service", "configuration_set"]),
    "UnparsableEvents": (Happening.UNPARSABLE, ["service"]),
    "UnknownEvents": (Happening.UNKNOWN_EVENT, ["service"]),
}

# Alarms on what SES counts in the Region while nothing arrives: metrics of SES, and where its events should arrive.
SILENT = {
    "Silence": (
        "IF(FILL(sends, 0) > 0 AND FILL(arrivals, 0) == 0, 1, 0)",
        {"sends": "Send"},
        ("AWS/SQS", "NumberOfMessagesSent", "ActivityQueue"),
    ),
    "FeedbackSilence": (
        "IF(FILL(bounces, 0) + FILL(complaints, 0) > 0 AND FILL(arrivals, 0) == 0, 1, 0)",
        {"bounces": "Bounce", "complaints": "Complaint"},
        ("AWS/SNS", "NumberOfMessagesPublished", "FeedbackTopic"),
    ),
}

# Alarms of and for the guard, which are in test_guard.py.
GUARD = {
    f"{scope}{rate}Rate{level}"
    for scope in ("Account", "ConfigurationSet")
    for rate in ("Bounce", "Complaint")
    for level in ("Warn", "Pause")
}
GUARD |= {"GuardNotRunning"}
# In test_publisher.py.
PUBLISHER = {"PublisherBehind"}

DIMENSIONS = {"AWS/SQS": "QueueName", "AWS/Lambda": "FunctionName", "AWS/SNS": "TopicName", "AWS/Events": "RuleName"}


@pytest.fixture(scope="module")
def alarms(template: Json) -> dict[str, Json]:
    """Return the alarms of a stack that has them all."""
    return of_type(resolve(template, EventBridgeRule="true", RecipientEvents="hashed"), ALARM)


def test_every_alarm_is_in_the_table_of_this_module(alarms: dict[str, Json]) -> None:
    """An alarm that is added is tested as well."""
    assert alarms.keys() == {*WATCHED, *OWN, *SILENT, *GUARD, *PUBLISHER}


@pytest.mark.parametrize("name", [*WATCHED, *OWN, *SILENT])
def test_an_alarm_alerts_and_is_quiet_without_data(alarms: dict[str, Json], name: str) -> None:
    """Each alarm goes to the alert topic, takes missing data for health, and says what to do."""
    alarm = alarms[name]
    assert alarm["AlarmActions"] == [{"Ref": "AlertTopic"}]
    assert alarm["TreatMissingData"] == "notBreaching"
    assert len(alarm["AlarmDescription"]) > 60


@pytest.mark.parametrize(("name", "watched"), WATCHED.items())
def test_an_alarm_watches_its_own_resource(alarms: dict[str, Json], name: str, watched: tuple[str, str, str]) -> None:
    """Namespace, metric and dimension belong together."""
    namespace, metric, resource = watched
    alarm = alarms[name]
    [dimension] = alarm["Dimensions"]
    assert (alarm["Namespace"], alarm["MetricName"]) == (namespace, metric)
    assert dimension["Name"] == DIMENSIONS[namespace]
    assert reference(dimension["Value"]) == resource
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    assert alarm["Statistic"] == ("Maximum" if namespace == "AWS/SQS" else "Sum")


@pytest.mark.parametrize("name", [name for name in WATCHED if not name.endswith("Age")])
def test_one_is_too_many(alarms: dict[str, Json], name: str) -> None:
    """A single message, error or loss raises the alarm."""
    assert alarms[name]["Threshold"] == 0


@pytest.mark.parametrize("name", [name for name in WATCHED if name.endswith("Age")])
def test_the_operator_says_how_late_is_too_late(template: Json, name: str) -> None:
    """The age that alarms is a parameter, and at its default a fault of five minutes heals in silence."""
    assert of_type(resolve(template, QueueAgeAlarmSeconds=90), ALARM)[name]["Threshold"] == 90
    assert of_type(resolve(template), ALARM)[name]["Threshold"] > 300


@pytest.mark.parametrize("name", SILENT)
def test_silence_is_what_ses_counts_while_nothing_arrives(alarms: dict[str, Json], name: str) -> None:
    """Mail that is sent, bounces or is complained about in the Region, of which the lane hears nothing, is an alarm."""
    formula, counted, (namespace, metric, resource) = SILENT[name]
    alarm = alarms[name]
    expression, *measured, arrivals = alarm["Metrics"]
    assert expression["Expression"] == formula
    assert [part["ReturnData"] for part in alarm["Metrics"]] == [True] + [False] * (len(counted) + 1)
    assert {part["Id"]: part["MetricStat"]["Metric"] for part in measured} == {
        ident: {"Namespace": "AWS/SES", "MetricName": name} for ident, name in counted.items()
    }
    assert arrivals["Id"] == "arrivals"
    assert (arrivals["MetricStat"]["Metric"]["Namespace"], arrivals["MetricStat"]["Metric"]["MetricName"]) == (namespace, metric)
    [dimension] = arrivals["MetricStat"]["Metric"]["Dimensions"]
    assert dimension["Name"] == DIMENSIONS[namespace]
    assert reference(dimension["Value"]) == resource
    assert {(part["MetricStat"]["Stat"], part["MetricStat"]["Period"]) for part in (*measured, arrivals)} == {("Sum", 3600)}
    assert (alarm["DatapointsToAlarm"], alarm["EvaluationPeriods"], alarm["Threshold"]) == (2, 3, 0)


def test_emulators_get_no_metric_math(template: Json) -> None:
    """The demo deploys where metric math is refused."""
    assert not SILENT.keys() & of_type(resolve(template, EmulatorEndpoint="http://127.0.0.1:4566"), ALARM).keys()


@pytest.mark.parametrize(("address", "subscribed"), [("", []), ("ops@example.com", ["ops@example.com"])])
def test_an_address_is_subscribed_when_given(template: Json, address: str, subscribed: list[str]) -> None:
    """Alarms go to the operator's mailbox on request."""
    subscriptions = of_type(resolve(template, AlertEmail=address), "AWS::SNS::Subscription").values()
    mail = [s for s in subscriptions if s["Protocol"] == "email"]
    assert [s["Endpoint"] for s in mail] == subscribed
    assert all(reference(s["TopicArn"]) == "AlertTopic" for s in mail)


@pytest.mark.parametrize("name", OWN)
def test_an_alarm_on_a_metric_of_ours_names_it_as_the_functions_do(alarms: dict[str, Json], name: str) -> None:
    """A metric that is renamed, or gets another dimension, would leave its alarm silent for ever."""
    happened, dimensions = OWN[name]
    alarm = alarms[name]

    assert (alarm["Namespace"], alarm["MetricName"]) == ("SesWarden", NAMES[happened])
    assert [dimension["Name"] for dimension in alarm["Dimensions"]] == dimensions
    assert alarm["Dimensions"][0]["Value"] == {"Ref": "AWS::StackName"}
