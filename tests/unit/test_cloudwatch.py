"""AWS's own rates, against botocore's own model of CloudWatch; and the queue's length."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import ANY, Stubber

from ses_warden.adapters.cloudwatch import CloudWatchReputation, SqsBacklog
from ses_warden.domain.guard_states import Word
from ses_warden.errors import MetricsError

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
MARKETING = "configuration-set/marketing"
QUEUE = "https://sqs.eu-west-1.amazonaws.com/111122223333/activity"
COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed")


def made(service: str) -> Any:
    """A client that tries once."""
    session: Any = boto3.Session("test", "test", region_name="eu-west-1")
    return session.client(service, config=Config(retries={"total_max_attempts": 1}))


@pytest.fixture(scope="module")
def client() -> Any:
    """CloudWatch."""
    return made("cloudwatch")


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    """Answers in CloudWatch's place."""
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


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


def cut(**_: Any) -> None:
    """The line is dead."""
    raise ConnectTimeoutError(endpoint_url="https://aws.example")


def test_silence_is_an_error() -> None:
    """Of either service."""
    cloudwatch, sqs = made("cloudwatch"), made("sqs")
    for client in (cloudwatch, sqs):
        client.meta.events.register_first("before-send", cut)
    with pytest.raises(MetricsError, match="CloudWatch did not answer: ConnectTimeoutError"):
        CloudWatchReputation(cloudwatch).words(["account"], NOW)
    with pytest.raises(MetricsError, match="SQS did not answer: ConnectTimeoutError"):
        SqsBacklog(sqs, QUEUE).waiting()


@pytest.mark.parametrize(("counts", "waiting"), [(("0", "0", "0"), 0), (("5", "1000", "2"), 1007)])
def test_what_waits_is_visible_in_flight_or_delayed(counts: tuple[str, str, str], waiting: int) -> None:
    """All that is not recorded yet."""
    client = made("sqs")
    with Stubber(client) as stub:
        answer = {"Attributes": dict(zip(COUNTS, counts, strict=True))}
        stub.add_response("get_queue_attributes", answer, {"QueueUrl": QUEUE, "AttributeNames": list(COUNTS)})
        assert SqsBacklog(client, QUEUE).waiting() == waiting


def test_a_queue_that_refuses_is_an_error() -> None:
    """Not an empty queue."""
    client = made("sqs")
    with Stubber(client) as stub:
        stub.add_client_error("get_queue_attributes", "AccessDenied")
        with pytest.raises(MetricsError, match="AccessDenied"):
            SqsBacklog(client, QUEUE).waiting()
