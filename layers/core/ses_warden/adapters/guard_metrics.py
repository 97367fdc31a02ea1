"""The guard's metrics, in the embedded metric format: for the account, and for the configuration sets that send most."""

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from ses_warden.application.guard_sending import GuardOutcome
from ses_warden.domain.counters import ACCOUNT
from ses_warden.domain.guard_states import State, Status
from ses_warden.domain.judgement import AHEAD, Assessment

# Each combination of dimensions is a billed metric ($0.30 a month), so that sets beyond these are left to `ses-warden status`.
MOST_SETS = 20
GUARD_METRICS = ("BounceRate", "ComplaintRate", "HeadRoom", "SendingPaused", "GuardRuns", "GuardLag", "GuardErrors")
_SET = "configuration-set/"


def emit_guard(outcome: GuardOutcome) -> None:
    """Writes what a run found as metrics. Rates are fractions, as AWS's own are; the head-room is in mails, and at most 1,000."""
    busiest = sorted(
        (scope for scope in outcome.assessments if scope.startswith(_SET)),
        key=lambda scope: (-outcome.assessments[scope].bounces.recent.mails, scope),
    )
    paused = {scope for scope, state in outcome.states.items() if _is_paused(state)}
    shown = [scope for scope in (ACCOUNT, *busiest[:MOST_SETS]) if scope in outcome.assessments or scope in paused]
    shown += sorted(scope for scope in paused - set(shown) if scope.startswith(_SET))[: MOST_SETS + 1 - len(shown)]
    for scope in shown:
        line = EphemeralMetrics()
        if scope != ACCOUNT:
            line.add_dimension("configuration_set", scope.removeprefix(_SET))
        if assessment := outcome.assessments.get(scope):
            _add_rates(line, assessment)
        line.add_metric("SendingPaused", MetricUnit.Count, scope in paused)
        line.flush_metrics()
    line = EphemeralMetrics()
    line.add_metric("GuardRuns", MetricUnit.Count, 1)
    line.add_metric("GuardErrors", MetricUnit.Count, len(outcome.errors))
    line.add_metric("GuardLag", MetricUnit.Seconds, outcome.lag.total_seconds())
    line.flush_metrics()


def _add_rates(line: EphemeralMetrics, assessment: Assessment) -> None:
    rooms = [judgement.head_room for judgement in (assessment.bounces, assessment.complaints)]
    line.add_metric("BounceRate", MetricUnit.NoUnit, assessment.bounces.recent.rate)
    line.add_metric("ComplaintRate", MetricUnit.NoUnit, assessment.complaints.recent.rate)
    line.add_metric("HeadRoom", MetricUnit.Count, min(AHEAD if room is None else room for room in rooms))


def _is_paused(state: State) -> bool:
    return state.status is Status.PAUSED
