"""The settings of the scheduled comparison: its environment, read once and checked."""

from collections.abc import Mapping
from dataclasses import dataclass

from ses_warden.application.watch_suppression import SyncMode, SyncPolicy
from ses_warden.domain.authority import AUTHORITIES
from ses_warden.settings import choice_from, number_from, text_from

# Each is a call a second; with the reading of a list of 300,000 they fit into a run.
MOST_CHANGES = 500


@dataclass(frozen=True, slots=True)
class SyncSettings:
    """What `template.yaml` hands to the function beside what all functions get."""

    suppression_table: str
    policy: SyncPolicy

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "SyncSettings":
        """Raises `SettingsError`, which names the variable, what it should be, and what it was."""
        return cls(
            suppression_table=text_from(environment, "SUPPRESSION_TABLE"),
            policy=SyncPolicy(
                authority=choice_from(environment, "SUPPRESSION_AUTHORITY", AUTHORITIES),
                mode=choice_from(environment, "SUPPRESSION_SYNC", SyncMode),
                most_changes=number_from(environment, "SUPPRESSION_SYNC_MOST_CHANGES", 1, MOST_CHANGES),
            ),
        )
