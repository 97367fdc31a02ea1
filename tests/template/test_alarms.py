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
    "SesEventsRuleFailures": ("AWS/Events", "InvocationsFailedToBeSentToDlq", "SesEventsRule"),
}

# Alarms on what the functions say themselves, in the dimensions in which adapters/metrics.py says it.
OWN: dict[str, tuple[Counter | Happening, list[str]]] = {
    "PolicyRefusals": (Counter.POLICY, ["service", "configuration_set"]),
    "UnparsableEvents": (Happening.UNPARSABLE, ["service"]),
}

DIMENSIONS = {"AWS/SQS": "QueueName", "AWS/Lambda": "FunctionName", "AWS/SNS": "TopicName", "AWS/Events": "RuleName"}


@pytest.fixture(scope="module")
def alarms(template: Json) -> dict[str, Json]:
    """Return the alarms of a stack that has them all."""
    return of_type(resolve(template, EventBridgeRule="true"), ALARM)


def test_every_alarm_is_in_the_table_of_this_module(alarms: dict[str, Json]) -> None:
    """An alarm that is added is tested as well."""
    assert alarms.keys() == {*WATCHED, *OWN, "Silence"}


@pytest.mark.parametrize("name", [*WATCHED, *OWN, "Silence"])
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


def test_silence_is_sending_without_an_event(alarms: dict[str, Json]) -> None:
    """Mail that SES sends in the Region, while nothing reaches the activity queue, is an alarm."""
    alarm = alarms["Silence"]
    expression, sends, arrivals = alarm["Metrics"]
    assert expression["Expression"] == "IF(FILL(sends, 0) > 0 AND FILL(arrivals, 0) == 0, 1, 0)"
    assert [metric["ReturnData"] for metric in alarm["Metrics"]] == [True, False, False]
    assert sends["MetricStat"]["Metric"] == {"Namespace": "AWS/SES", "MetricName": "Send"}
    assert arrivals["MetricStat"]["Metric"]["MetricName"] == "NumberOfMessagesSent"
    [dimension] = arrivals["MetricStat"]["Metric"]["Dimensions"]
    assert reference(dimension["Value"]) == "ActivityQueue"
    assert alarm["DatapointsToAlarm"] <= alarm["EvaluationPeriods"]


def test_emulators_get_no_metric_math(template: Json) -> None:
    """The demo deploys where metric math is refused."""
    assert "Silence" not in of_type(resolve(template, EmulatorEndpoint="http://127.0.0.1:4566"), ALARM)


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
