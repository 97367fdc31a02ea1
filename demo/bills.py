"""What the campaign would cost on AWS: counted calls and units times list prices.

The prices are those of `benchmarks/prices.py`. Fixed monthly costs (alarms, metrics) are left out; docs/costs.md has them.
"""

from dataclasses import dataclass, fields

from benchmarks.prices import GIGABYTE, PRICES
from demo.lanes import Lanes
from demo.meter import Meter

MEMORY_GB = 0.5
# Lambda collects a batch by requests of at most ten messages each.
RECEIVED_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Bill:
    """Quantities of what AWS charges for, by the names in `benchmarks.prices.PRICES`."""

    sns_publishes: float = 0
    sqs_requests: float = 0
    lambda_runs: float = 0
    lambda_gb_seconds: float = 0
    write_units: float = 0
    index_write_units: float = 0
    read_units: float = 0
    stored_gb_months: float = 0  # rows are kept for 30 days, the template's default: one month
    quarantined: float = 0
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
        counted = [(PRICES[field.name], getattr(self, field.name)) for field in fields(self)]
        return [(price.thing, quantity, price.of(quantity)) for price, quantity in counted]

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
            stored_gb_months=(usage.stored + usage.index_stored) / GIGABYTE,
            quarantined=usage.calls["S3 PUT"],
            log_gb=sum(function.log_bytes for function in runs) / GIGABYTE,
        )


def on_aws(batch: Bill, events: int, mails: int, bounce: Bill, feedback_a_mail: float) -> Bill:
    """A mail's bill where the function gets up to 1,000 messages at once and hardly any event comes twice, as on AWS.

    It follows from the bill of one batch of so many events of so many mails, handed over without topic and queue, and from that of
    one bounce.
    """
    delivered = Bill(sns_publishes=events, sqs_requests=events * (1 + 2 / RECEIVED_AT_ONCE))
    return (batch + delivered).times(1 / mails) + bounce.times(feedback_a_mail)
