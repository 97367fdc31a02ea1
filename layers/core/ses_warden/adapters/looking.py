"""Questions to AWS that change nothing: what a refusal and a silence become, and what is simply not there."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.failures import DENIED, code_of
from ses_warden.errors import Absent, Unseen

# Services differ in the word for it, and SQS's older protocol has one of its own.
_ABSENT = frozenset(
    {
        "AWS.SimpleQueueService.NonExistentQueue",
        "NoSuchBucket",
        "NotFound",
        "NotFoundException",
        "QueueDoesNotExist",
        "ResourceNotFoundException",
    }
)


def look(right: str, operation: Callable[..., Any], **request: Any) -> Any:
    """The answer, None where what was asked about does not exist. Raises `Unseen`; `right` is the IAM action that it takes."""
    try:
        return operation(**request)
    except ClientError as error:
        if code_of(error) in _ABSENT:
            return None
        # Other failures (throttling, credentials that have run out, silence) lack no right.
        raise Unseen(code_of(error), right if code_of(error) in DENIED else "") from error
    except BotoCoreError as error:
        raise Unseen(code_of(error), "") from error


def look_at(right: str, operation: Callable[..., Any], **request: Any) -> Any:
    """The answer, where there must be one. Raises `Absent` too."""
    answer = look(right, operation, **request)
    if answer is None:
        raise Absent(f"what {right} asks about does not exist", "")
    return answer
