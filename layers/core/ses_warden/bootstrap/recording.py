"""The functions that record events."""

import gc
import os
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from ses_warden.adapters.ledger import DynamoLedger, Tables
from ses_warden.adapters.quarantine import S3Quarantine
from ses_warden.adapters.wire import write_bodies
from ses_warden.application.ports import Ledger, Quarantine
from ses_warden.application.record_events import Outcome, Policy, record_events
from ses_warden.domain.envelopes import open_event
from ses_warden.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

# Requests are built by our own code alone and tested against the service model: to check each again takes half of the writing.
_DYNAMODB = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "max_attempts": 3},
    parameter_validation=False,
    tcp_keepalive=True,
)
_S3 = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "max_attempts": 3})


@dataclass(frozen=True, slots=True)
class Services:
    """What a function works with."""

    ledger: Ledger
    quarantine: Quarantine
    policy: Policy
    clock: Callable[[], datetime]

    def record(self, payload: Any) -> Outcome:
        """Records the SES events in the payload of an invocation."""
        return record_events(
            open_event(payload),
            ledger=self.ledger,
            quarantine=self.quarantine,
            policy=self.policy,
            now=self.clock(),
        )


@cache
def services() -> Services:
    """The services of this process, made once from its environment."""
    # A batch makes some 100,000 objects that all live until it is recorded: looking through them again and again finds nothing.
    gc.set_threshold(100_000, 20, 20)
    settings = Settings.read(os.environ)
    client = boto3.client("dynamodb", config=_DYNAMODB)
    write_bodies(client)
    ledger = DynamoLedger(
        client,
        Tables(settings.events_table, settings.suppression_table, settings.reputation_table),
        retention=settings.retention,
        shards=settings.counter_shards,
        shard=random.randrange(settings.counter_shards),  # noqa: S311  # spreads writers, no secret
    )
    policy = Policy(settings.retention, settings.authority, settings.no_feedback_domains, settings.drill_set)
    return Services(ledger, S3Quarantine(_s3, settings.quarantine_bucket), policy, lambda: datetime.now(UTC))


@cache
def _s3() -> "S3Client":
    return boto3.client("s3", config=_S3)
