"""Dead-letter queues in SQS, for operators.

Source of the attributes that SNS adds: https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.failures import code_of
from ses_warden.application.redrive_events import HIDDEN, Letter
from ses_warden.errors import StorageError

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

_MOST = 10
_WAIT_SECONDS = 2


class SqsDeadLetters:
    """The `DeadLetters` port."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    def take(self) -> list[Letter]:
        """See the port. Waits a moment, since a short poll may miss what is there."""
        answer = _ask(
            self._client.receive_message,
            QueueUrl=self._url,
            MaxNumberOfMessages=_MOST,
            WaitTimeSeconds=_WAIT_SECONDS,
            VisibilityTimeout=int(HIDDEN.total_seconds()),
            MessageSystemAttributeNames=["SentTimestamp"],
            MessageAttributeNames=["ErrorCode", "ErrorMessage"],
        )
        return [_letter(message) for message in answer.get("Messages", ())]

    def hide(self, receipts: Collection[str], period: timedelta) -> None:
        """See the port."""
        seconds = int(period.total_seconds())
        for some in batched(receipts, _MOST, strict=False):
            entries = [{"Id": str(n), "ReceiptHandle": one, "VisibilityTimeout": seconds} for n, one in enumerate(some)]
            # What is not hidden shows by itself in a while, and does no harm: recording it again changes nothing.
            _ask(self._client.change_message_visibility_batch, QueueUrl=self._url, Entries=entries)

    def delete(self, receipts: Collection[str]) -> None:
        """See the port."""
        entries = [{"Id": str(n), "ReceiptHandle": one} for n, one in enumerate(receipts)]
        answer = _ask(self._client.delete_message_batch, QueueUrl=self._url, Entries=entries)
        if failed := answer.get("Failed"):
            raise StorageError(f"SQS did not delete {len(failed)} messages: {failed[0].get('Code')}; their events are recorded")


def _letter(message: Any) -> Letter:
    sent = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
    said = message.get("MessageAttributes", {})
    words = [said[name].get("StringValue", "") for name in ("ErrorCode", "ErrorMessage") if name in said]
    return Letter(message["MessageId"], message["ReceiptHandle"], message["Body"], sent, " ".join(words) or None)


def _ask(operation: Callable[..., Any], **request: Any) -> Any:
    try:
        return operation(**request)
    except (ClientError, BotoCoreError) as error:
        raise StorageError(f"SQS did not serve: {code_of(error)}") from error
