"""The settings of a function: its environment, read once and checked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from ses_warden.domain.authority import AUTHORITIES, Authority
from ses_warden.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Settings:
    """What `template.yaml` hands to the functions.

    `retention` is how long events are kept, `counter_shards` over how many partition keys the counters of one scope are spread,
    `authority` whose suppression list is the truth, `no_feedback_domains` the providers that report no complaints to SES,
    `drill_set` the configuration set of fire drills, empty for none.
    """

    events_table: str
    suppression_table: str
    reputation_table: str
    quarantine_bucket: str
    retention: timedelta
    counter_shards: int
    authority: Authority
    no_feedback_domains: frozenset[str]
    drill_set: str

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Raises `SettingsError`, which names the variable, what it should be, and what it was."""
        domains = environment.get("NO_FEEDBACK_DOMAINS", "")
        return cls(
            events_table=text_from(environment, "EVENTS_TABLE"),
            suppression_table=text_from(environment, "SUPPRESSION_TABLE"),
            reputation_table=text_from(environment, "REPUTATION_TABLE"),
            quarantine_bucket=text_from(environment, "QUARANTINE_BUCKET"),
            retention=timedelta(days=number_from(environment, "RETENTION_DAYS", 1, 3650)),
            counter_shards=number_from(environment, "COUNTER_SHARDS", 1, 64),
            authority=choice_from(environment, "SUPPRESSION_AUTHORITY", AUTHORITIES),
            no_feedback_domains=frozenset(domain.strip().lower() for domain in domains.split(",") if domain.strip()),
            drill_set=environment.get("DRILL_CONFIGURATION_SET", "").strip(),
        )


def text_from(environment: Mapping[str, str], name: str) -> str:
    """The variable, which must not be empty."""
    value = environment.get(name, "").strip()
    if not value:
        raise SettingsError(f"the environment variable {name} is missing or empty")
    return value


def choice_from[Word: str](environment: Mapping[str, str], name: str, words: Iterable[Word]) -> Word:
    """The variable, which must be one of a few words."""
    value = text_from(environment, name)
    *others, last = words
    for word in (*others, last):
        if word == value:
            return word
    raise SettingsError(f"{name} must be {', '.join(others)} or {last}, not {value!r}")


def number_from(environment: Mapping[str, str], name: str, least: int, most: int) -> int:
    """The variable as a whole number within its bounds."""
    value = text_from(environment, name)
    if not value.isdecimal() or not least <= int(value) <= most:
        raise SettingsError(f"{name} must be a whole number from {least} to {most}, not {value!r}")
    return int(value)
