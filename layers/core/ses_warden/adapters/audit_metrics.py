"""The audit's metrics, in the embedded metric format: how many findings stand how, over all domains of a round."""

from collections import Counter

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from ses_warden.application.audit_domains import Round
from ses_warden.domain.findings import Standing

# Four standings, and two counts: six metrics are billed, whatever the number of domains.
AUDIT_METRICS = ("AuditFindings", "AuditedDomains", "UnauditedDomains")


def emit_audit(found: Round) -> None:
    """Writes what a round found as metrics."""
    standings = Counter(finding.standing for audit in found.audits for finding in audit.findings)
    for standing in Standing:
        line = EphemeralMetrics()
        line.add_dimension("standing", standing.value)
        line.add_metric("AuditFindings", MetricUnit.Count, standings[standing])
        line.flush_metrics()
    line = EphemeralMetrics()
    line.add_metric("AuditedDomains", MetricUnit.Count, len(found.audits))
    line.add_metric("UnauditedDomains", MetricUnit.Count, found.left)
    line.flush_metrics()
