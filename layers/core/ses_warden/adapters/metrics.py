"""CloudWatch metrics in the embedded metric format: lines of the log, which cost no call.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from ses_warden.application.outcome import Happening, Outcome
from ses_warden.domain.counters import Counter

# The names that operators see; docs/reference.md explains them.
NAMES: dict[Counter | Happening, str] = {
    Counter.SENT: "Sends",
    Counter.DELIVERED: "Deliveries",
    Counter.DELIVERED_UNREPORTED: "Deliveries",
    Counter.HARD: "HardBounces",
    Counter.SOFT: "SoftBounces",
    Counter.UNDETERMINED: "UndeterminedBounces",
    Counter.AUTO_REPLIES: "AutoReplies",
    Counter.LISTED: "ListHits",
    Counter.POLICY: "PolicyRefusals",
    Counter.CONTENT: "ContentRefusals",
    Counter.COMPLAINTS: "Complaints",
    Counter.WITHDRAWN: "ComplaintsWithdrawn",
    Counter.REPORTS: "ComplaintReports",
    Counter.OPENS: "Opens",
    Counter.BOT_OPENS: "BotOpens",
    Counter.CLICKS: "Clicks",
    Counter.BOT_CLICKS: "BotClicks",
    Counter.REJECTS: "Rejects",
    Counter.RENDERING_FAILURES: "RenderingFailures",
    Counter.DELAYS: "Delays",
    Counter.SUBSCRIPTIONS: "Subscriptions",
    Happening.SUPPRESSED: "Suppressed",
    Happening.RELEASED: "Released",
    Happening.DUPLICATE: "Duplicates",
    Happening.ENRICHED: "Enriched",
    Happening.UNKNOWN_EVENT: "UnknownEvents",
    Happening.UNKNOWN_FIELD: "UnknownFields",
    Happening.UNKNOWN_VALUE: "UnknownValues",
    Happening.UNPARSABLE: "Unparsable",
    Happening.SETUP_MESSAGE: "SetupMessages",
}
LAG = "Lag"

# A metric of one line takes 100 values, and at the 100th Powertools writes the line by itself. So many show a distribution.
_MOST_VALUES = 25


def emit(outcome: Outcome) -> None:
    """Writes the outcome of an invocation as metrics, by configuration set, in the namespace that the environment names."""
    by_set: dict[str | None, dict[str, int]] = {}
    for (configuration_set, happened), count in outcome.counts.items():
        metrics = by_set.setdefault(configuration_set, {})
        metrics[NAMES[happened]] = metrics.get(NAMES[happened], 0) + count
    for configuration_set, metrics in by_set.items():
        line = EphemeralMetrics()
        if configuration_set:
            line.add_dimension("configuration_set", configuration_set)
        for name, count in metrics.items():
            line.add_metric(name, MetricUnit.Count, count)
        line.flush_metrics()
    if outcome.lags:
        line = EphemeralMetrics()
        for lag in _sample(sorted(outcome.lags)):
            line.add_metric(LAG, MetricUnit.Milliseconds, lag)
        line.flush_metrics()


def _sample(values: list[int]) -> list[int]:
    """At most 25 of the sorted values, evenly, the longest among them."""
    if len(values) <= _MOST_VALUES:
        return values
    step = (len(values) - 1) / (_MOST_VALUES - 1)
    return [values[round(number * step)] for number in range(_MOST_VALUES)]
