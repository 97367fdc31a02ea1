"""The function that compares, on a schedule, the suppression table with SES's list."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from ses_warden.adapters.ledger import DynamoLedger, Tables
from ses_warden.adapters.ses_list import SesSuppressionList
from ses_warden.adapters.suppression_rows import DynamoSuppressionRows
from ses_warden.application.ports import Ledger
from ses_warden.application.sync_suppression import AccountRows, SesList
from ses_warden.application.watch_suppression import SyncMode, SyncPolicy, Watched, watch_suppression
from ses_warden.errors import SuppressionListError
from ses_warden.sync_settings import SyncSettings

_UNUSED = "-"
# A request that fails takes so long with its retries, and the end of a run shall come before Lambda's.
_RESERVE_SECONDS = 45.0
# SES takes one request a second of the whole account, so that others may have been first.
_CLIENT = Config(connect_timeout=2, read_timeout=8, retries={"mode": "standard", "max_attempts": 4})


@dataclass(frozen=True, slots=True)
class Watch:
    """What the function works with."""

    rows: AccountRows
    ses: SesList
    ledger: Ledger
    policy: SyncPolicy
    clock: Callable[[], datetime]

    def look(self, seconds_left: Callable[[], float]) -> Watched | None:
        """One run, None where it is switched off; see `watch_suppression`. `seconds_left` are those until Lambda ends it."""
        if self.policy.mode is SyncMode.OFF:
            return None
        return watch_suppression(
            self.rows, self.ses, self.ledger, self.policy, self.clock(), seconds_left=lambda: seconds_left() - _RESERVE_SECONDS
        )


@cache
def watch() -> Watch:
    """The watch of this process, made once from its environment."""
    settings = SyncSettings.read(os.environ)
    client: Any = boto3.client  # its stubs take literal names of services only
    dynamodb = client("dynamodb", config=_CLIENT)
    tables = Tables(_UNUSED, settings.suppression_table, _UNUSED)
    return Watch(
        DynamoSuppressionRows(dynamodb, settings.suppression_table),
        SesSuppressionList(client("sesv2", config=_CLIENT), _no_files, "", most_single=None),
        DynamoLedger(dynamodb, tables, retention=timedelta(days=1)),
        settings.policy,
        lambda: datetime.now(UTC),
    )


def _no_files() -> object:
    raise SuppressionListError("a scheduled run starts no import jobs, which may outlast it")
