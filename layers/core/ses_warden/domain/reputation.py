"""How a scope's reputation stands: the cohorts of its mails, judged.

The counters themselves are in `counters.py`, which the recording of events needs alone.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from ses_warden.domain.assessment import afresh, assess
from ses_warden.domain.counters import Counter
from ses_warden.domain.judgement import Assessment, Judgement, Verdict
from ses_warden.domain.rates import Limits, Outcomes, Thresholds, Window

__all__ = [
    "Assessment",
    "Judgement",
    "Limits",
    "Outcomes",
    "Thresholds",
    "Verdict",
    "Window",
    "afresh",
    "assess",
    "outcomes",
]

# Mails with an outcome that is neither a delivery nor a hard bounce: SES counts them among the mails, not among the bounces
# (https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html). An automatic reply belongs to a mail that was delivered.
REFUSED = (Counter.SOFT, Counter.UNDETERMINED, Counter.POLICY, Counter.CONTENT)


def outcomes(item: str, counts: Mapping[Counter, int]) -> Outcomes:
    """The row `hour/2026-11-24T10` of counters, its shards summed, as `assess` reads it. List hits and delays do not go in."""
    return Outcomes(
        hour=datetime.strptime(item, "hour/%Y-%m-%dT%H").replace(tzinfo=UTC),
        sent=max(counts.get(Counter.SENT, 0) - counts.get(Counter.LISTED, 0), 0),  # a list hit has its Send event as well
        hard=counts.get(Counter.HARD, 0),
        delivered=counts.get(Counter.DELIVERED, 0),
        unreported=counts.get(Counter.DELIVERED_UNREPORTED, 0),
        refused=sum(counts.get(one, 0) for one in REFUSED),
        complaints=counts.get(Counter.COMPLAINTS, 0),
    )
