"""The settings of a function: its environment, read once and checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, cast

from ses_warden.errors import SettingsError

Authority = Literal["ses", "warden"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What `template.yaml` hands to the functions.

    `retention` is how long events are kept, `counter_shards` over how many partition keys the counters of one scope are spread,
    `authority` whose suppression list is the truth, `no_feedback_domains` the providers that report no complaints to SES.
    """

    events_table: str
    suppression_table: str
    reputation_table: str
    quarantine_bucket: str
    retention: timedelta
    counter_shards: int
    authority: Authority
    no_feedback_domains: frozenset[str]

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Raises `SettingsError`, which names the variable, what it should be, and what it was."""
        authority = _text(environment, "SUPPRESSION_AUTHORITY")
        if authority not in ("ses", "warden"):
            raise SettingsError(f"SUPPRESSION_AUTHORITY must be ses or warden, not {authority!r}")
        domains = environment.get("NO_FEEDBACK_DOMAINS", "")
        return cls(
            events_table=_text(environment, "EVENTS_TABLE"),
            suppression_table=_text(environment, "SUPPRESSION_TABLE"),
            reputation_table=_text(environment, "REPUTATION_TABLE"),
            quarantine_bucket=_text(environment, "QUARANTINE_BUCKET"),
            retention=timedelta(days=_number(environment, "RETENTION_DAYS", 1, 3650)),
            counter_shards=_number(environment, "COUNTER_SHARDS", 1, 64),
            authority=cast("Authority", authority),
            no_feedback_domains=frozenset(domain.strip().lower() for domain in domains.split(",") if domain.strip()),
        )


def _text(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise SettingsError(f"the environment variable {name} is missing or empty")
    return value


def _number(environment: Mapping[str, str], name: str, least: int, most: int) -> int:
    value = _text(environment, name)
    if not value.isdecimal() or not least <= int(value) <= most:
        raise SettingsError(f"{name} must be a whole number from {least} to {most}, not {value!r}")
    return int(value)
