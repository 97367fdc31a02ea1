"""List prices of AWS in us-east-1, in US dollars, without free tiers.

AWS's own price pages could not be read when this was written: the prices come from third parties' copies of its price list, of the
dates given, checked against each other. Check what matters to you at https://aws.amazon.com/pricing/.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

MILLION: Final = 1_000_000
GIGABYTE: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """So many dollars for so many of a thing."""

    thing: str
    dollars: float
    per: int
    unit: str
    read: str

    def of(self, quantity: float) -> float:
        """What that many cost, in dollars."""
        return quantity * self.dollars / self.per


_LIST = "price list, August 2026"
_COPIES = "price list, February to August 2026"
_KNOWN = "long unchanged, not read anew"

# By the names of the quantities that are counted.
PRICES: Final[Mapping[str, Price]] = {
    "sns_publishes": Price("SNS: publishes", 0.50, MILLION, "million", "price list, June 2026"),
    "sqs_requests": Price("SQS: requests", 0.40, MILLION, "million", _LIST),
    "lambda_runs": Price("Lambda: invocations", 0.20, MILLION, "million", _LIST),
    "lambda_gb_seconds": Price("Lambda: duration, arm64", 0.0000133334, 1, "GB-second", _LIST),
    "write_units": Price("DynamoDB: write units, tables", 0.625, MILLION, "million", _LIST),
    "index_write_units": Price("DynamoDB: write units, indexes", 0.625, MILLION, "million", _LIST),
    "read_units": Price("DynamoDB: read units", 0.125, MILLION, "million", _LIST),
    "stored_gb_months": Price("DynamoDB: storage", 0.25, 1, "GB-month", _LIST),
    "recoverable_gb_months": Price("DynamoDB: point-in-time recovery", 0.20, 1, "GB-month", "copies of 2025 and 2026"),
    "log_gb": Price("CloudWatch Logs: ingestion", 0.50, 1, "GB", _COPIES),
    "log_gb_months": Price("CloudWatch Logs: storage", 0.03, 1, "GB-month", _COPIES),
    "metrics": Price("CloudWatch: custom metrics (the first 10,000)", 0.30, 1, "metric-month", _COPIES),
    "alarms": Price("CloudWatch: alarms, for each metric in them", 0.10, 1, "month", _COPIES),
    "metrics_asked": Price("CloudWatch: metrics asked for", 0.01, 1_000, "1,000", _KNOWN),
    "dashboards": Price("CloudWatch: a dashboard", 3.00, 1, "month", _KNOWN),
    "keys": Price("KMS: a key of your own", 1.00, 1, "month", _KNOWN),
    "key_requests": Price("KMS: requests", 0.03, 10_000, "10,000", _KNOWN),
    "quarantined": Price("S3: objects put aside", 0.005, 1_000, "1,000", _LIST),
}

SES: Final = Price("SES: mails sent, à la carte", 0.10, 1_000, "1,000 mails", "price list, July 2026")
# What is compared with: a query fee, whose amount was not found, comes on top.
VDM: Final = Price("SES: Virtual Deliverability Manager, à la carte", 0.07, 1_000, "1,000 mails", "copies of 2026")
