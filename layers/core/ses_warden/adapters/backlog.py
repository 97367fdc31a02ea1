"""How much waits in the activity lane."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.failures import code_of
from ses_warden.errors import MetricsError

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient


class SqsBacklog:
    """The `Backlog` port: what waits in the activity queue, or is being recorded."""

    def __init__(self, client: "SQSClient", queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def waiting(self) -> int:
        """See the port. SQS counts approximately."""
        names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"]
        try:
            answer = self._client.get_queue_attributes(QueueUrl=self._queue_url, AttributeNames=names)
        except ClientError as error:
            raise MetricsError(f"SQS refused to tell what waits: {code_of(error)}") from error
        except BotoCoreError as error:
            raise MetricsError(f"SQS did not answer: {code_of(error)}") from error
        return sum(int(answer["Attributes"].get(name, 0)) for name in names)
