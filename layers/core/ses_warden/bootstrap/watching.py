"""The daily watch of the account, for the function that looks at what changes slowly."""

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config

from ses_warden.adapters.account import SesAccount
from ses_warden.adapters.alerts import AwsAlerts
from ses_warden.adapters.cloudwatch import CloudWatchSends
from ses_warden.adapters.memory import DynamoMemory
from ses_warden.application.watch_account import AccountWatch, AccountWatched, watch_account
from ses_warden.bootstrap.account import place_of
from ses_warden.domain.authority import AUTHORITIES
from ses_warden.domain.quota_use import STEP
from ses_warden.errors import AccountError
from ses_warden.settings import choice_from, text_from

_CLIENT = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "max_attempts": 4})


def watch_todays_account(environment: Mapping[str, str] = os.environ) -> AccountWatched:
    """One look; see `watch_account`. Raises `SettingsError` where the environment is incomplete."""
    authority = choice_from(environment, "SUPPRESSION_AUTHORITY", AUTHORITIES)
    client: Any = boto3.client  # the stubs of some of these services are not installed
    ses = client("sesv2", config=_CLIENT)
    alerts = AwsAlerts(
        client("sns", config=_CLIENT),
        client("events", config=_CLIENT),
        topic=text_from(environment, "ALERT_TOPIC_ARN"),
        stack=text_from(environment, "POWERTOOLS_SERVICE_NAME"),
    )
    watch = AccountWatch(
        desk=SesAccount(ses),
        metric=CloudWatchSends(client("cloudwatch", config=_CLIENT), STEP),
        memory=DynamoMemory(client("dynamodb", config=_CLIENT), text_from(environment, "REPUTATION_TABLE")),
        alerts=alerts,
        where=place_of(ses.meta.region_name),
        authority=authority,
    )
    try:
        return watch_account(watch, datetime.now(UTC))
    except Exception as error:  # noqa: BLE001 - a defect that an odd answer reveals must not hide the domains, which come next
        return AccountWatched(errors=(AccountError(f"the account could not be watched: {type(error).__name__}"),))
