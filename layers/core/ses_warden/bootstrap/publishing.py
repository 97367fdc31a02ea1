"""The function that tells other programs of recipients."""

import os
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from ses_warden.adapters.announcer import Announcer
from ses_warden.domain.announcements import Privacy
from ses_warden.settings import choice_from, text_from

_CLIENT = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "max_attempts": 3})


@cache
def announcer() -> Announcer:
    """The announcer of this process, made once from its environment."""
    client: Any = boto3.client  # its stubs take literal names of services only
    return Announcer(
        client("events", config=_CLIENT),
        client("sqs", config=_CLIENT),
        aside=text_from(os.environ, "DEAD_LETTER_QUEUE_URL"),
        privacy=choice_from(os.environ, "RECIPIENT_EVENTS", Privacy),
    )
