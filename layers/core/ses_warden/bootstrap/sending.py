"""The commands about sending, with the settings of the stack's guard."""

from collections.abc import Collection
from datetime import UTC, datetime

from ses_warden.adapters.alerts import AwsAlerts
from ses_warden.adapters.guard_store import DynamoGuardStore
from ses_warden.adapters.seen_scopes import DynamoSeenScopes
from ses_warden.adapters.ses import SesSwitch
from ses_warden.application.guard_sending import GuardPolicy
from ses_warden.application.operate_sending import pause_sending, resume_sending
from ses_warden.application.report_sending import Report, report_sending
from ses_warden.bootstrap.connection import Connection
from ses_warden.domain.guard_states import State
from ses_warden.domain.rates import Thresholds
from ses_warden.errors import SettingsError
from ses_warden.guard_settings import GuardSettings

_NOWHERE = "none"
_UNNAMED = {"ALERT_TOPIC_ARN": _NOWHERE, "ACTIVITY_QUEUE_URL": _NOWHERE}
_LIMITS = Thresholds()
# What template.yaml sets by default, for those who name their tables instead of their stack.
USUAL = {
    "COUNTER_SHARDS": "8",
    "GUARD_MODE": "active",
    "GUARD_ACCOUNT_MODE": "dry-run",
    "POLICY_REFUSALS_COUNT_AS_HARD": "false",
    "BOUNCE_PAUSE_RATE": str(_LIMITS.bounces.pause),
    "BOUNCE_WARN_RATE": str(_LIMITS.bounces.warn),
    "BOUNCE_WINDOW_MAILS": str(_LIMITS.bounces.window),
    "COMPLAINT_PAUSE_RATE": str(_LIMITS.complaints.pause),
    "COMPLAINT_WARN_RATE": str(_LIMITS.complaints.warn),
    "COMPLAINT_WINDOW_MAILS": str(_LIMITS.complaints.window),
    "FALSE_PAUSE_PROBABILITY": str(_LIMITS.false_pauses),
    "MAX_ACTIVITY_LAG_SECONDS": str(int(_LIMITS.longest_lag.total_seconds())),
}


class Operator:
    """What an operator can do about sending. Its methods raise `WardenError`."""

    def __init__(self, connection: Connection) -> None:
        """Finds the stack; raises `SettingsError` where that fails."""
        self._connection = connection
        environment = connection.environment("GuardFunction", _UNNAMED | USUAL)
        self._settings = GuardSettings.read(environment)
        self._switch = SesSwitch(connection.ses(environment))
        dynamodb = connection.client("dynamodb")
        self._store = DynamoGuardStore(dynamodb, self._settings.reputation_table, shards=self._settings.counter_shards)
        self._seen = DynamoSeenScopes(dynamodb, self._settings.reputation_table)

    @property
    def policy(self) -> GuardPolicy:
        """What the guard goes by."""
        chosen = self._settings
        return GuardPolicy(chosen.thresholds, chosen.mode, chosen.account_mode, chosen.policy_refusals_are_hard, chosen.drill)

    def caller(self) -> str:
        """The ARN of whoever asks."""
        return self._connection.caller()

    def state(self, scope: str) -> State:
        """Where the scope stands."""
        return self._store.states([scope]).get(scope) or State(scope=scope)

    def pause(self, scope: str, *, by: str, reason: str) -> State:
        """See `pause_sending`."""
        return pause_sending(
            scope, by=by, reason=reason, store=self._store, switch=self._switch, alerts=self._alerts(), now=datetime.now(UTC)
        )

    def resume(self, scope: str, *, by: str, reason: str) -> State:
        """See `resume_sending`."""
        return resume_sending(
            scope,
            by=by,
            reason=reason,
            store=self._store,
            switch=self._switch,
            alerts=self._alerts(),
            now=datetime.now(UTC),
            policy_refusals_are_hard=self._settings.policy_refusals_are_hard,
        )

    def report(self, scopes: Collection[str]) -> Report:
        """See `report_sending`."""
        return report_sending(self._store, self._seen, self.policy, datetime.now(UTC), scopes)

    def _alerts(self) -> AwsAlerts:
        if self._settings.alert_topic == _NOWHERE:
            raise SettingsError("nobody would be told: name the alert topic too (--use ALERT_TOPIC_ARN=…), or the stack (--stack)")
        return AwsAlerts(
            self._connection.client("sns"),
            self._connection.client("events"),
            topic=self._settings.alert_topic,
            stack=self._settings.stack,
        )
