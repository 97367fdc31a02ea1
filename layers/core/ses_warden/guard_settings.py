"""The settings of the guard: its environment, read once and checked."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from ses_warden.domain.guard_states import Mode
from ses_warden.domain.rates import Thresholds
from ses_warden.errors import SettingsError
from ses_warden.settings import choice_from, number_from, text_from


@dataclass(frozen=True, slots=True)
class GuardSettings:
    """What `template.yaml` hands to the guard beside what all functions get."""

    reputation_table: str
    counter_shards: int
    mode: Mode
    account_mode: Mode
    policy_refusals_are_hard: bool
    thresholds: Thresholds
    alert_topic: str
    activity_queue: str
    stack: str
    drill_set: str

    @property
    def drill(self) -> str | None:
        """The scope of fire drills."""
        return f"configuration-set/{self.drill_set}" if self.drill_set else None

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "GuardSettings":
        """Raises `SettingsError`, which names the variable, what it should be, and what it was."""
        return cls(
            reputation_table=text_from(environment, "REPUTATION_TABLE"),
            counter_shards=number_from(environment, "COUNTER_SHARDS", 1, 64),
            mode=choice_from(environment, "GUARD_MODE", Mode),
            account_mode=choice_from(environment, "GUARD_ACCOUNT_MODE", Mode),
            policy_refusals_are_hard=choice_from(environment, "POLICY_REFUSALS_COUNT_AS_HARD", ("true", "false")) == "true",
            thresholds=_thresholds(environment),
            alert_topic=text_from(environment, "ALERT_TOPIC_ARN"),
            activity_queue=text_from(environment, "ACTIVITY_QUEUE_URL"),
            stack=text_from(environment, "POWERTOOLS_SERVICE_NAME"),
            drill_set=environment.get("DRILL_CONFIGURATION_SET", "").strip(),
        )


def _thresholds(environment: Mapping[str, str]) -> Thresholds:
    usual = Thresholds()
    try:
        return Thresholds(
            bounces=replace(
                usual.bounces,
                pause=_rate(environment, "BOUNCE_PAUSE_RATE"),
                warn=_rate(environment, "BOUNCE_WARN_RATE"),
                window=number_from(environment, "BOUNCE_WINDOW_MAILS", 100, 1_000_000),
            ),
            complaints=replace(
                usual.complaints,
                pause=_rate(environment, "COMPLAINT_PAUSE_RATE"),
                warn=_rate(environment, "COMPLAINT_WARN_RATE"),
                window=number_from(environment, "COMPLAINT_WINDOW_MAILS", 100, 1_000_000),
            ),
            false_pauses=_rate(environment, "FALSE_PAUSE_PROBABILITY"),
            longest_lag=timedelta(seconds=number_from(environment, "MAX_ACTIVITY_LAG_SECONDS", 60, 86_400)),
        )
    except ValueError as error:
        raise SettingsError(f"the guard's thresholds do not go together: {error}") from error


def _rate(environment: Mapping[str, str], name: str) -> float:
    value = text_from(environment, name)
    try:
        return float(value)
    except ValueError as error:
        raise SettingsError(f"{name} must be a fraction such as 0.04, not {value!r}") from error
