"""The metrics of the scheduled comparison, in the embedded metric format: one line a run."""

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from ses_warden.application.watch_suppression import Watched

SYNC_METRICS = (
    "SuppressionDrift",
    "SuppressionOnlyHere",
    "SuppressionOnlyThere",
    "SuppressionDiffers",
    "SuppressionUnclear",
    "SuppressionSynced",
)


def emit_sync(watched: Watched) -> None:
    """Writes what a run left as metrics of the stack."""
    drift = watched.drift
    values = (drift.total, drift.only_here, drift.only_there, drift.differs, drift.unclear, sum(watched.done.values()))
    line = EphemeralMetrics()
    for name, value in zip(SYNC_METRICS, values, strict=True):
        line.add_metric(name, MetricUnit.Count, value)
    line.flush_metrics()
