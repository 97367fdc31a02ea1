"""DMARC reports: the function that reads them, and the commands."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from ses_warden.adapters.alerts import AwsAlerts
from ses_warden.adapters.dmarc_inbox import S3Inbox, files_in
from ses_warden.adapters.dmarc_opening import Limits
from ses_warden.adapters.dmarc_parsing import ReportReader
from ses_warden.adapters.dmarc_rows import DynamoAlertBudget, DynamoReports
from ses_warden.application.ingest_reports import Ingested, IngestServices, ingest_file
from ses_warden.settings import number_from, text_from

_CLIENT = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "max_attempts": 4})
_ALERTS_A_DAY = 10


@dataclass(frozen=True, slots=True)
class Ingestion:
    """What the function works with; `services` are those of a bucket."""

    services: Callable[[str], IngestServices]

    def ingest(self, event: Any) -> Ingested:
        """Ingests the files that S3 tells of. Raises `WardenError` where another try helps."""
        done = Ingested()
        for bucket, name in files_in(event):
            done = done.plus(ingest_file(name, self.services(bucket)))
        return done


def retention_from(environment: Mapping[str, str]) -> timedelta:
    """How long reports are kept. Raises `SettingsError`."""
    return timedelta(days=number_from(environment, "DMARC_RETENTION_DAYS", 1, 3650))


@cache
def ingestion() -> Ingestion:
    """The ingestion of this process, made once from its environment."""
    client: Any = boto3.client  # the stubs of some of these services are not installed
    table, limits = text_from(os.environ, "DMARC_TABLE"), Limits()
    dynamodb, s3 = client("dynamodb", config=_CLIENT), client("s3", config=_CLIENT)
    reader = ReportReader(limits)
    store = DynamoReports(dynamodb, table, retention=retention_from(os.environ), clock=_now)
    alerts = AwsAlerts(
        client("sns", config=_CLIENT),
        client("events", config=_CLIENT),
        topic=text_from(os.environ, "ALERT_TOPIC_ARN"),
        stack=text_from(os.environ, "POWERTOOLS_SERVICE_NAME"),
    )
    budget = DynamoAlertBudget(dynamodb, table, most=_ALERTS_A_DAY, clock=_now)

    def services(bucket: str) -> IngestServices:
        return IngestServices(S3Inbox(s3, bucket), reader, store, alerts, budget, _now, limits.file)

    return Ingestion(services)


def _now() -> datetime:
    return datetime.now(UTC)
