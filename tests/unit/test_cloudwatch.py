"""AWS's own rates and counts, against botocore's own model of CloudWatch; and the queue's length."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import ANY, Stubber

from ses_warden.adapters.backlog import SqsBacklog
from ses_warden.adapters.cloudwatch import CloudWatchReputation, CloudWatchSends
from ses_warden.domain.guard_states import Word
from ses_warden.errors import MetricsError
from tests.support.aws import client_for, shared, stubbed

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
MARKETING = "configuration-set/marketing"
STEP = timedelta(minutes=5)
QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333/activity"
COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")


@pytest.fixture
def client() -> Any:
    """CloudWatch."""
    return shared("cloudwatch")


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    """Answers in CloudWatch's place."""
    with stubbed(client) as stub:
        yield stub


def results(*values: list[float]) -> dict[str, Any]:
    """An answer with these values, the newest first, for the queries in order."""
    return {"MetricDataResults": [{"Id": f"q{number}", "Values": some} for number, some in enumerate(values)]}


def test_the_last_value_of_each_rate_counts(client: Any, stub: Stubber) -> None:
    """Fractions, as AWS gives them."""
    stub.add_response("get_metric_data", results([0.021, 0.09], [0.0004], [0.05], [0.001, 0.002]))
    words = CloudWatchReputation(client).words(["account", MARKETING], NOW)
    assert words == {"account": Word(0.021, 0.0004), MARKETING: Word(0.05, 0.001)}


def test_the_queries_name_metric_and_dimension_as_ses_publishes_them(client: Any, stub: Stubber) -> None:
    """The account's have no dimension, a set's `ses:configuration-set`."""
    stub.add_response("get_metric_data", results([], [], [], []), dict.fromkeys(ASKED, ANY))
    asked: list[Any] = []
    client.meta.events.register("provide-client-params.cloudwatch.GetMetricData", lambda params, **_: asked.append(params))
    CloudWatchReputation(client).words(["account", MARKETING], NOW)
    [request] = asked
    metrics = [query["MetricStat"]["Metric"] for query in request["MetricDataQueries"]]
    assert {metric["Namespace"] for metric in metrics} == {"AWS/SES"}
    assert [metric["MetricName"] for metric in metrics] == ["Reputation.BounceRate", "Reputation.ComplaintRate"] * 2
    of_set = [{"Name": "ses:configuration-set", "Value": "marketing"}]
    assert [metric["Dimensions"] for metric in metrics] == [[], [], of_set, of_set]
    assert (request["EndTime"], request["EndTime"] - request["StartTime"]) == (NOW, timedelta(hours=6))


ASKED = ("MetricDataQueries", "StartTime", "EndTime", "ScanBy")


def test_missing_data_is_no_rate(client: Any, stub: Stubber) -> None:
    """A scope without any value has no word, one without one of them half a word."""
    stub.add_response("get_metric_data", results([], [], [0.03], []))
    assert CloudWatchReputation(client).words(["account", MARKETING], NOW) == {MARKETING: Word(0.03, None)}


def test_nothing_is_asked_about_tenants(client: Any, stub: Stubber) -> None:
    """SES publishes no such rate of theirs."""
    assert CloudWatchReputation(client).words(["tenant/acme"], NOW) == {}
    stub.assert_no_pending_responses()


def test_a_later_page_goes_on_with_older_values(client: Any, stub: Stubber) -> None:
    """The first value seen is the newest."""
    stub.add_response("get_metric_data", {**results([0.02], []), "NextToken": "more"})
    stub.add_response("get_metric_data", results([0.05], [0.0002]), {**dict.fromkeys(ASKED, ANY), "NextToken": "more"})
    assert CloudWatchReputation(client).words(["account"], NOW) == {"account": Word(0.02, 0.0002)}


def test_250_sets_are_a_call(client: Any, stub: Stubber) -> None:
    """CloudWatch takes 500 queries at once."""
    scopes = [f"configuration-set/{number}" for number in range(251)]
    stub.add_response("get_metric_data", results(*[[0.01]] * 500))
    stub.add_response("get_metric_data", results([0.07], [0.0001]))
    words = CloudWatchReputation(client).words(scopes, NOW)
    assert (len(words), words[scopes[250]]) == (251, Word(0.07, 0.0001))


def test_a_refusal_is_an_error(client: Any, stub: Stubber) -> None:
    """It names the code."""
    stub.add_client_error("get_metric_data", "Throttling")
    with pytest.raises(MetricsError, match="Throttling"):
        CloudWatchReputation(client).words(["account"], NOW)


def test_what_was_sent_is_read_in_pages(client: Any, stub: Stubber) -> None:
    """The metric of the whole account, in steps."""
    since = NOW - timedelta(days=2)
    metric = {"Namespace": "AWS/SES", "MetricName": "Send", "Dimensions": []}
    query = {
        "Id": "send",
        "MetricStat": {"Metric": metric, "Period": 300, "Stat": "Sum"},
        "ReturnData": True,
    }
    asked = {"MetricDataQueries": [query], "StartTime": since, "EndTime": NOW}
    first = {"Id": "send", "Timestamps": [NOW - timedelta(minutes=5)], "Values": [7.0]}
    second = {"Id": "send", "Timestamps": [NOW - timedelta(minutes=10)], "Values": [5.0]}
    stub.add_response("get_metric_data", {"MetricDataResults": [first], "NextToken": "t"}, asked)
    stub.add_response("get_metric_data", {"MetricDataResults": [second, {"Id": "send"}]}, {**asked, "NextToken": "t"})
    found = CloudWatchSends(client, STEP).sent(since, NOW)
    assert found == {NOW - timedelta(minutes=5): 7.0, NOW - timedelta(minutes=10): 5.0}


@pytest.mark.parametrize(
    ("code", "words"),
    [("AccessDenied", "right cloudwatch:GetMetricData is missing"), ("ThrottlingException", "ThrottlingException")],
)
def test_cloudwatch_that_refuses_names_the_right_or_the_code(client: Any, stub: Stubber, code: str, words: str) -> None:
    """As SES's refusals do."""
    stub.add_client_error("get_metric_data", code)
    with pytest.raises(MetricsError, match=words):
        CloudWatchSends(client, STEP).sent(NOW - timedelta(days=2), NOW)


@pytest.mark.parametrize("status", ["InternalError", "Forbidden", "PartialData"])
def test_a_part_of_what_was_sent_is_not_taken_for_all(client: Any, stub: Stubber, status: str) -> None:
    """Hours that CloudWatch leaves out are no hours in which nothing was sent."""
    part = {"Id": "send", "StatusCode": status, "Timestamps": [NOW - timedelta(minutes=5)], "Values": [7.0]}
    stub.add_response("get_metric_data", {"MetricDataResults": [part]})
    with pytest.raises(MetricsError, match=f"only a part of what was sent: {status}"):
        CloudWatchSends(client, STEP).sent(NOW - timedelta(days=2), NOW)


def test_a_part_with_more_to_come_is_read_to_the_end(client: Any, stub: Stubber) -> None:
    """PartialData with a token is a page."""
    first = {"Id": "send", "StatusCode": "PartialData", "Timestamps": [NOW - timedelta(minutes=5)], "Values": [7.0]}
    last = {"Id": "send", "StatusCode": "Complete", "Timestamps": [NOW - timedelta(minutes=10)], "Values": [5.0]}
    stub.add_response("get_metric_data", {"MetricDataResults": [first], "NextToken": "t"})
    stub.add_response("get_metric_data", {"MetricDataResults": [last]})
    assert sum(CloudWatchSends(client, STEP).sent(NOW - timedelta(days=2), NOW).values()) == 12.0


@pytest.mark.parametrize(
    "answer",
    [{}, {"MetricDataResults": None}, {"MetricDataResults": [{"Id": "send", "Timestamps": [NOW], "Values": []}]}],
)
def test_an_answer_that_no_cloudwatch_gives_is_an_error_in_words(answer: dict[str, Any]) -> None:
    """Without results, or with more moments than values."""
    client = SimpleNamespace(get_metric_data=lambda **_: answer)
    with pytest.raises(MetricsError, match="form that its API does not have"):
        CloudWatchSends(client, STEP).sent(NOW - timedelta(days=2), NOW)


def cut(**_: Any) -> None:
    """The line is dead."""
    raise ConnectTimeoutError(endpoint_url="https://aws.example")


def test_silence_is_an_error() -> None:
    """Of either service."""
    cloudwatch, sqs = client_for("cloudwatch"), client_for("sqs")
    for client in (cloudwatch, sqs):
        client.meta.events.register_first("before-send", cut)
    with pytest.raises(MetricsError, match="CloudWatch did not answer: ConnectTimeoutError"):
        CloudWatchReputation(cloudwatch).words(["account"], NOW)
    with pytest.raises(MetricsError, match="SQS did not answer: ConnectTimeoutError"):
        SqsBacklog(sqs, QUEUE).waiting()


@pytest.mark.parametrize(("counts", "waiting"), [(("0", "0", "0"), 0), (("5", "1000", "2"), 1007)])
def test_what_waits_is_visible_in_flight_or_delayed(counts: tuple[str, str, str], waiting: int) -> None:
    """All that is not recorded yet."""
    client = client_for("sqs")
    with Stubber(client) as stub:
        answer = {"Attributes": dict(zip(COUNTS, counts, strict=True))}
        stub.add_response("get_queue_attributes", answer, {"QueueUrl": QUEUE, "AttributeNames": list(COUNTS)})
        assert SqsBacklog(client, QUEUE).waiting() == waiting


def test_a_queue_that_refuses_is_an_error() -> None:
    """Not an empty queue."""
    client = client_for("sqs")
    with Stubber(client) as stub:
        stub.add_client_error("get_queue_attributes", "AccessDenied")
        with pytest.raises(MetricsError, match="AccessDenied"):
            SqsBacklog(client, QUEUE).waiting()
