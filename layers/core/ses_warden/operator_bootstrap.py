"""Puts the parts together for an operator at a terminal, from the settings of the stack's guard."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from ses_warden.adapters.alerts import AwsAlerts
from ses_warden.adapters.guard_store import DynamoGuardStore
from ses_warden.adapters.seen_scopes import DynamoSeenScopes
from ses_warden.adapters.ses import SesSwitch
from ses_warden.adapters.stack import caller, guard_environment
from ses_warden.application.guard_sending import GuardPolicy
from ses_warden.application.operate_sending import pause_sending, resume_sending
from ses_warden.application.report_sending import Report, report_sending
from ses_warden.domain.guard_states import State
from ses_warden.domain.rates import Thresholds
from ses_warden.errors import SettingsError
from ses_warden.guard_settings import GuardSettings

_CLIENT = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 4})
_NOWHERE = "none"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the stack is. With `reputation_table` no stack is asked. None: as boto3 finds it."""

    stack: str
    reputation_table: str | None = None
    alert_topic: str | None = None
    counter_shards: int | None = None
    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None


class Operator:
    """What an operator can do. Its methods raise `WardenError`."""

    def __init__(self, place: Place) -> None:
        """Finds the stack; raises `SettingsError` where that fails."""
        self._place = place
        try:
            self._session = boto3.Session(profile_name=place.profile, region_name=place.region)
        except BotoCoreError as error:
            raise SettingsError(str(error)) from error
        environment = self._environment()
        self._settings = GuardSettings.read(environment)
        # Where the guard throws its switches, an operator does: beside a simulator of SES, not at SES.
        ses = place.endpoint_url or environment.get("AWS_ENDPOINT_URL_SESV2") or None
        self._switch = SesSwitch(self._client("sesv2", ses))
        dynamodb = self._client("dynamodb")
        self._store = DynamoGuardStore(dynamodb, self._settings.reputation_table, shards=self._settings.counter_shards)
        self._seen = DynamoSeenScopes(dynamodb, self._settings.reputation_table)

    @property
    def policy(self) -> GuardPolicy:
        """What the guard goes by."""
        chosen = self._settings
        return GuardPolicy(chosen.thresholds, chosen.mode, chosen.account_mode, chosen.policy_refusals_are_hard)

    def caller(self) -> str:
        """The ARN of whoever asks."""
        return caller(self._client("sts"))

    def sends(self, scope: str) -> bool:
        """Whether the scope's own switch is on. Raises `SwitchError` also for a scope that SES does not know."""
        return self._switch.is_on(scope)

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

    def _environment(self) -> Mapping[str, str]:
        place = self._place
        if place.reputation_table:
            found: dict[str, str] = {
                **USUAL,
                "REPUTATION_TABLE": place.reputation_table,
                "ALERT_TOPIC_ARN": _NOWHERE,
                "ACTIVITY_QUEUE_URL": _NOWHERE,
                "POWERTOOLS_SERVICE_NAME": place.stack,
            }
        else:
            found = dict(guard_environment(self._client("cloudformation"), self._client("lambda"), place.stack))
        if place.alert_topic:
            found["ALERT_TOPIC_ARN"] = place.alert_topic
        if place.counter_shards:
            found["COUNTER_SHARDS"] = str(place.counter_shards)
        return found

    def _alerts(self) -> AwsAlerts:
        if self._settings.alert_topic == _NOWHERE:
            raise SettingsError("nobody would be told: name the alert topic too (--alert-topic), or the stack (--stack)")
        return AwsAlerts(self._client("sns"), self._client("events"), topic=self._settings.alert_topic, stack=self._settings.stack)

    def _client(self, service: str, endpoint_url: str | None = None) -> Any:
        made: Any = self._session.client  # its stubs take literal names of services only
        try:
            return made(service, endpoint_url=endpoint_url or self._place.endpoint_url, config=_CLIENT)
        except (BotoCoreError, ValueError) as error:
            raise SettingsError(f"{service}: {error}") from error
