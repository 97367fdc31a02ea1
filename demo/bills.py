"""What the campaign would cost on AWS: counted calls and units times list prices.

Prices are those of us-east-1 in August 2026, without free tiers (https://aws.amazon.com/<service>/pricing/), Lambda's for arm64.
Fixed monthly costs (alarms, metrics) are left out; docs/costs.md has them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from demo.lanes import Lanes
from demo.meter import Meter

MILLION, GIGABYTE = 1e6, 1024**3
MEMORY_GB = 0.5
# Lambda collects a batch by requests of at most ten messages each.
RECEIVED_AT_ONCE = 10
# Rows are kept for 30 days, the template's default: one month.
PRICES: Mapping[str, tuple[str, float]] = {
    "sns_publishes": ("SNS: publishes", 0.50 / MILLION),
    "sqs_requests": ("SQS: messages in, out and deleted", 0.40 / MILLION),
    "lambda_runs": ("Lambda: runs", 0.20 / MILLION),
    "lambda_gb_seconds": ("Lambda: GB-seconds", 0.0000133334),
    "write_units": ("DynamoDB: write units, tables", 0.625 / MILLION),
    "index_write_units": ("DynamoDB: write units, indexes", 0.625 / MILLION),
    "read_units": ("DynamoDB: read units", 0.125 / MILLION),
    "stored_gb": ("DynamoDB: GB kept for 30 days", 0.25),
    "s3_puts": ("S3: objects put", 0.005 / 1000),
    "log_gb": ("CloudWatch: GB of logs with metrics", 0.50),
}


# SES's Virtual Deliverability Manager, for a thousand mails.
VDM = 0.07


@dataclass(frozen=True, slots=True)
class Bill:
    """Quantities of what AWS charges for, by the names in `PRICES`."""

    sns_publishes: float = 0
    sqs_requests: float = 0
    lambda_runs: float = 0
    lambda_gb_seconds: float = 0
    write_units: float = 0
    index_write_units: float = 0
    read_units: float = 0
    stored_gb: float = 0
    s3_puts: float = 0
    log_gb: float = 0

    def __add__(self, other: "Bill") -> "Bill":
        return Bill(**{field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(self)})

    def __sub__(self, other: "Bill") -> "Bill":
        return self + other.times(-1)

    def times(self, factor: float) -> "Bill":
        """The bill for that many times as much."""
        return Bill(**{field.name: getattr(self, field.name) * factor for field in fields(self)})

    def lines(self) -> list[tuple[str, float, float]]:
        """Name, quantity and dollars of each item."""
        return [(name, getattr(self, item), getattr(self, item) * price) for item, (name, price) in PRICES.items()]

    @property
    def dollars(self) -> float:
        """The sum."""
        return sum(dollars for _, _, dollars in self.lines())


@dataclass(frozen=True, slots=True)
class Till:
    """Adds up what the two lanes of a stack have used since they were looked at first."""

    lanes: Lanes
    meter: Meter

    def bill(self) -> Bill:
        """All of it so far.

        SQS charges for each message put in, and for receiving and deleting each batch of up to ten.
        """
        lanes, usage = self.lanes, self.meter.usage()
        runs = (lanes.feedback, lanes.activity)
        return Bill(
            sns_publishes=lanes.queued + lanes.fed,
            sqs_requests=lanes.queued + 2 * (lanes.activity.finished - lanes.handed_over),
            lambda_runs=sum(function.finished for function in runs),
            lambda_gb_seconds=sum(function.milliseconds for function in runs) / 1000 * MEMORY_GB,
            write_units=usage.write_units,
            index_write_units=usage.index_write_units,
            read_units=usage.read_units,
            stored_gb=(usage.stored + usage.index_stored) / GIGABYTE,
            s3_puts=usage.calls["S3 PUT"],
            log_gb=sum(function.log_bytes for function in runs) / GIGABYTE,
        )


def on_aws(batch: Bill, events: int, mails: int, bounce: Bill, feedback_a_mail: float) -> Bill:
    """A mail's bill where the function gets up to 1,000 messages at once and hardly any event comes twice, as on AWS.

    It follows from the bill of one batch of so many events of so many mails, handed over without topic and queue, and from that of
    one bounce.
    """
    delivered = Bill(sns_publishes=events, sqs_requests=events * (1 + 2 / RECEIVED_AT_ONCE))
    return (batch + delivered).times(1 / mails) + bounce.times(feedback_a_mail)
