"""The function that guards."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from ses_warden.adapters.alerts import AwsAlerts
from ses_warden.adapters.backlog import SqsBacklog
from ses_warden.adapters.cloudwatch import CloudWatchReputation
from ses_warden.adapters.guard_store import DynamoGuardStore
from ses_warden.adapters.ses import SesSwitch
from ses_warden.application.guard_sending import GuardOutcome, GuardPolicy, GuardServices, guard_sending
from ses_warden.application.hear_status import hear_status
from ses_warden.domain.sending_status import sending_status_of
from ses_warden.guard_settings import GuardSettings

# As in template.yaml.
_SCHEDULE = timedelta(minutes=1)
_CLIENT = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 3})


@dataclass(frozen=True, slots=True)
class Guard:
    """What the guard's function works with."""

    services: GuardServices
    policy: GuardPolicy
    clock: Callable[[], datetime]

    def look(self, event: Any) -> GuardOutcome:
        """One run; an alarm asks AWS for its own rates at once, the schedule only every five minutes.

        A tenant's `Sending Status` event is noted alone, as many may come at once. A run that comes late, Lambda's retry of one
        that failed, does nothing: the schedule has been there since.
        """
        status, now = sending_status_of(event), self.clock()
        if status:
            return hear_status(status, self.services, self.policy, now)
        if is_late(event, now):
            return GuardOutcome({}, {}, (), timedelta(), 0, ())
        return guard_sending(self.services, self.policy, now, ask_aws=is_alarm(event))


def is_alarm(event: Any) -> bool:
    """Whether a CloudWatch alarm invoked the guard."""
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html
    return isinstance(event, dict) and event.get("source") == "aws.cloudwatch"


def is_late(event: Any, now: datetime) -> bool:
    """Whether the schedule or an alarm asked for this run so long ago that another has come since."""
    try:
        return bool(now - datetime.fromisoformat(event["time"]) > _SCHEDULE)
    except (KeyError, TypeError, ValueError):
        return False


@cache
def guard() -> Guard:
    """The guard of this process, made once from its environment."""
    settings = GuardSettings.read(os.environ)
    client: Any = boto3.client  # the stubs of some of these services are not installed
    return Guard(
        GuardServices(
            store=DynamoGuardStore(client("dynamodb", config=_CLIENT), settings.reputation_table, shards=settings.counter_shards),
            switch=SesSwitch(client("sesv2", config=_CLIENT)),
            metrics=CloudWatchReputation(client("cloudwatch", config=_CLIENT)),
            backlog=SqsBacklog(client("sqs", config=_CLIENT), settings.activity_queue),
            alerts=AwsAlerts(
                client("sns", config=_CLIENT), client("events", config=_CLIENT), topic=settings.alert_topic, stack=settings.stack
            ),
        ),
        GuardPolicy(settings.thresholds, settings.mode, settings.account_mode, settings.policy_refusals_are_hard, settings.drill),
        lambda: datetime.now(UTC),
    )
