"""The function that tells other programs of recipients."""

import os
from collections.abc import Mapping
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from ses_warden.adapters.announcer import Announcer
from ses_warden.domain.announcements import Privacy
from ses_warden.errors import SettingsError
from ses_warden.settings import text_from

_CLIENT = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 3})


def privacy_from(environment: Mapping[str, str]) -> Privacy:
    """Raises `SettingsError` for anything but hashed and plain."""
    value = text_from(environment, "RECIPIENT_EVENTS")
    if value not in list(Privacy):
        raise SettingsError(f"RECIPIENT_EVENTS must be hashed or plain, not {value!r}")
    return Privacy(value)


@cache
def announcer() -> Announcer:
    """The announcer of this process, made once from its environment."""
    client: Any = boto3.client  # its stubs take literal names of services only
    return Announcer(
        client("events", config=_CLIENT),
        client("sqs", config=_CLIENT),
        aside=text_from(os.environ, "DEAD_LETTER_QUEUE_URL"),
        privacy=privacy_from(os.environ),
    )
