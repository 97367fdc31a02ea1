"""The metrics of DMARC reports, in the embedded metric format."""

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from ses_warden.application.dmarc_ports import Trouble
from ses_warden.application.ingest_reports import Ingested

DMARC_METRICS = (
    "DmarcReports",
    "DmarcReportsDuplicate",
    "DmarcReportsRefused",
    "DmarcRecordsUnread",
    "DmarcOtherReports",
    "DmarcMailsWithoutReport",
)


def emit_ingested(done: Ingested) -> None:
    """Writes what a run found as metrics; what did not happen has no value."""
    troubles = [one.trouble for one in done.refused]
    counts = (
        done.reports,
        done.duplicates,
        len(done.bad),
        done.unread,
        troubles.count(Trouble.OTHER_KIND),
        troubles.count(Trouble.NOTHING),
    )
    line = EphemeralMetrics()
    for name, count in zip(DMARC_METRICS, counts, strict=True):
        if count:
            line.add_metric(name, MetricUnit.Count, count)
    if any(counts):
        line.flush_metrics()
