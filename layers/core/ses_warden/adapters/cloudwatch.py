"""AWS's own rates, and how much waits in the activity lane.

Sources: https://docs.aws.amazon.com/ses/latest/dg/reputationdashboard-cloudwatch-alarm.html (fractions; missing data is no breach),
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html (500 queries a call).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.failures import code_of
from ses_warden.domain.counters import ACCOUNT
from ses_warden.domain.guard_states import Word
from ses_warden.errors import MetricsError

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

# SES says nowhere how often it publishes the rates; the last value of some hours stands.
_REACH = timedelta(hours=6)
_PERIOD = 300
_MOST_QUERIES = 500
_NAMES = ("Reputation.BounceRate", "Reputation.ComplaintRate")
_SET = "configuration-set/"


class CloudWatchReputation:
    """The `ReputationMetrics` port; `client` is boto3's of `cloudwatch`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def words(self, scopes: Iterable[str], now: datetime) -> dict[str, Word]:
        """See the port. Tenants have no such metric."""
        known = [scope for scope in scopes if scope == ACCOUNT or scope.startswith(_SET)]
        queries = [(scope, name) for scope in known for name in _NAMES]
        last: dict[tuple[str, str], float] = {}
        for some in batched(queries, _MOST_QUERIES, strict=False):
            last.update(self._last_values(some, now))
        words = {scope: Word(*(last.get((scope, name)) for name in _NAMES)) for scope in known}
        return {scope: word for scope, word in words.items() if word != Word()}

    def _last_values(self, queries: tuple[tuple[str, str], ...], now: datetime) -> dict[tuple[str, str], float]:
        asked: dict[str, Any] = {
            "MetricDataQueries": [_query(f"q{number}", scope, name) for number, (scope, name) in enumerate(queries)],
            "StartTime": now - _REACH,
            "EndTime": now,
            "ScanBy": "TimestampDescending",
        }
        found: dict[tuple[str, str], float] = {}
        while True:
            try:
                answer = self._client.get_metric_data(**asked)
            except ClientError as error:
                raise MetricsError(f"CloudWatch refused to tell the rates: {code_of(error)}") from error
            except BotoCoreError as error:
                raise MetricsError(f"CloudWatch did not answer: {code_of(error)}") from error
            for result in answer["MetricDataResults"]:
                # A later page goes on with older values.
                if result["Values"]:
                    found.setdefault(queries[int(result["Id"][1:])], float(result["Values"][0]))
            if not answer.get("NextToken"):
                return found
            asked["NextToken"] = answer["NextToken"]


def _query(number: str, scope: str, name: str) -> dict[str, Any]:
    dimensions = [] if scope == ACCOUNT else [{"Name": "ses:configuration-set", "Value": scope.removeprefix(_SET)}]
    metric = {"Namespace": "AWS/SES", "MetricName": name, "Dimensions": dimensions}
    return {"Id": number, "MetricStat": {"Metric": metric, "Period": _PERIOD, "Stat": "Maximum"}, "ReturnData": True}


class SqsBacklog:
    """The `Backlog` port: what waits in the activity queue, or is being recorded."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def waiting(self) -> int:
        """See the port. SQS counts approximately."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
        try:
            answer = self._client.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=names)
        except ClientError as error:
            raise MetricsError(f"SQS refused to tell what waits: {code_of(error)}") from error
        except BotoCoreError as error:
            raise MetricsError(f"SQS did not answer: {code_of(error)}") from error
        return sum(int(answer["Attributes"].get(name, 0)) for name in names)
