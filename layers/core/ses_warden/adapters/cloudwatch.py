"""CloudWatch's metrics of SES: AWS's own rates, and how many mails SES took.

Sources: https://docs.aws.amazon.com/ses/latest/dg/reputationdashboard-cloudwatch-alarm.html (fractions; missing data is no breach),
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-cloudwatch.html (without dimensions: the whole account),
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html (500 queries a call).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.failures import DENIED, code_of
from ses_warden.domain.counters import ACCOUNT
from ses_warden.domain.guard_states import Word
from ses_warden.domain.text import clean
from ses_warden.errors import MetricsError

# SES says nowhere how often it publishes the rates; the last value of some hours stands.
_REACH = timedelta(hours=6)
_PERIOD = timedelta(minutes=5)
_MOST_QUERIES = 500
_NAMES = ("Reputation.BounceRate", "Reputation.ComplaintRate")
_SET = "configuration-set/"
_LONGEST_WORD = 100


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

    def _last_values(self, wanted: Sequence[tuple[str, str]], now: datetime) -> dict[tuple[str, str], float]:
        queries = [_query(f"q{number}", name, _PERIOD, "Maximum", scope) for number, (scope, name) in enumerate(wanted)]
        found: dict[tuple[str, str], float] = {}
        for answer in _pages(self._client, "the rates", queries, now - _REACH, now, ScanBy="TimestampDescending"):
            for result in answer["MetricDataResults"]:
                # A later page goes on with older values.
                if result["Values"]:
                    found.setdefault(wanted[int(result["Id"][1:])], float(result["Values"][0]))
        return found


class CloudWatchSends:
    """The `SendMetric` port; `client` is boto3's of `cloudwatch`, `step` the length of the times that are counted."""

    def __init__(self, client: Any, step: timedelta) -> None:
        self._client = client
        self._step = step

    def sent(self, since: datetime, until: datetime) -> Mapping[datetime, float]:
        """See the port."""
        found: dict[datetime, float] = {}
        for answer in _pages(self._client, "what was sent", [_query("send", "Send", self._step, "Sum")], since, until):
            found.update(_counts(answer))
        return found


def _counts(answer: Mapping[str, Any]) -> dict[datetime, float]:
    found: dict[datetime, float] = {}
    try:
        for result in answer["MetricDataResults"]:
            # What is missing would pass for hours in which nothing was sent.
            # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataResult.html
            status = result.get("StatusCode", "Complete")
            if status != "Complete" and not (status == "PartialData" and answer.get("NextToken")):
                raise MetricsError(f"CloudWatch told only a part of what was sent: {clean(str(status), _LONGEST_WORD)}")
            moments = (moment.astimezone(UTC) for moment in result.get("Timestamps", ()))
            found.update(zip(moments, map(float, result.get("Values", ())), strict=True))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise MetricsError("CloudWatch answered in a form that its API does not have") from error
    return found


def _query(number: str, name: str, period: timedelta, stat: str, scope: str = ACCOUNT) -> dict[str, Any]:
    dimensions = [] if scope == ACCOUNT else [{"Name": "ses:configuration-set", "Value": scope.removeprefix(_SET)}]
    metric = {"Namespace": "AWS/SES", "MetricName": name, "Dimensions": dimensions}
    return {"Id": number, "MetricStat": {"Metric": metric, "Period": int(period.total_seconds()), "Stat": stat}, "ReturnData": True}


def _pages(
    client: Any, what: str, queries: Sequence[Mapping[str, Any]], since: datetime, until: datetime, **more: str
) -> Iterator[Mapping[str, Any]]:
    """The answers, one a page; `what` is asked for, in words. Raises `MetricsError`."""
    asked: dict[str, Any] = {"MetricDataQueries": queries, "StartTime": since, "EndTime": until, **more}
    while True:
        try:
            answer = client.get_metric_data(**asked)
        except ClientError as error:
            code = code_of(error)
            missing = "; the right cloudwatch:GetMetricData is missing" if code in DENIED else ""
            raise MetricsError(f"CloudWatch does not tell {what}: {code}{missing}") from error
        except BotoCoreError as error:
            raise MetricsError(f"CloudWatch did not answer: {code_of(error)}") from error
        yield answer
        if not answer.get("NextToken"):
            return
        asked["NextToken"] = answer["NextToken"]
