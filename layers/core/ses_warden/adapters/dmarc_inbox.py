"""The bucket that SES puts mails into, and anybody with the right to do so files."""

from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.failures import code_of
from ses_warden.application.check_inbox import INBOX
from ses_warden.domain.text import clean, mask_addresses
from ses_warden.errors import StorageError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

REFUSED = "refused/"  # as in template.yaml
_LONGEST_REASON = 500
_GONE = frozenset({"NoSuchKey", "404"})


def files_in(event: Any) -> list[tuple[str, str]]:
    """Bucket and key of each object that S3 tells of; its keys come as in a URL.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
    """
    records = event.get("Records", ()) if isinstance(event, dict) else ()
    return [(record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])) for record in records if "s3" in record]


class S3Inbox:
    """The `Inbox` port. What is refused is copied from `inbox/` to `refused/` within the bucket."""

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def fetch(self, name: str, most: int) -> bytes | None:
        """See the port."""
        try:
            body: Any = self._client.get_object(Bucket=self._bucket, Key=name)["Body"]
            content: bytes = body.read(most + 1)
        except ClientError as error:
            if code_of(error) in _GONE:
                return None
            raise StorageError(f"S3 did not hand over a file of {self._bucket}: {code_of(error)}") from error
        except BotoCoreError as error:
            raise StorageError(f"S3 did not hand over a file of {self._bucket}: {code_of(error)}") from error
        return content

    def is_aside(self, name: str) -> bool:
        """See the port."""
        try:
            self._client.head_object(Bucket=self._bucket, Key=_aside(name))
        except ClientError as error:
            # A HEAD has no body to hold a code.
            if code_of(error) in _GONE:
                return False
            raise StorageError(f"S3 did not say whether a file is set aside: {code_of(error)}") from error
        except BotoCoreError as error:
            raise StorageError(f"S3 did not say whether a file is set aside: {code_of(error)}") from error
        return True

    def set_aside(self, name: str, reason: str) -> str:
        """See the port. The reason is in the copy's metadata, without addresses."""
        text = clean(mask_addresses(reason), _LONGEST_REASON)
        try:
            self._client.copy_object(
                Bucket=self._bucket,
                Key=_aside(name),
                CopySource={"Bucket": self._bucket, "Key": name},
                MetadataDirective="REPLACE",
                # The tags of a file that has some would take rights of their own:
                # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
                TaggingDirective="REPLACE",
                # Metadata travel as an HTTP header: ASCII only.
                Metadata={"reason": text.encode("ascii", "replace").decode()},
                ContentType="application/octet-stream",
            )
        except (ClientError, BotoCoreError) as error:
            raise StorageError(f"S3 did not set a file aside: {code_of(error)}") from error
        return _aside(name)


def _aside(name: str) -> str:
    return REFUSED + name.removeprefix(INBOX)
