"""The quarantine in S3: payloads that cannot be read, byte for byte, so that they can be replayed after a fix."""

from collections.abc import Callable
from hashlib import blake2b
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.domain.text import clean, mask_addresses
from ses_warden.errors import QuarantineError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client

_LONGEST_REASON = 300


class S3Quarantine:
    """The `Quarantine` port on S3. The client is made when the first payload needs it, since most invocations have none."""

    def __init__(self, client: "Callable[[], S3Client]", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def keep(self, body: str, reason: str) -> None:
        """See the port. The object is named by a digest of the payload; the reason is in its metadata, without addresses."""
        # JSON can carry half a surrogate pair, which UTF-8 proper cannot.
        payload = body.encode("utf-8", "surrogatepass")
        text = clean(mask_addresses(reason), _LONGEST_REASON)
        try:
            self._client().put_object(
                Bucket=self._bucket,
                Key=f"events/{blake2b(payload, digest_size=16).hexdigest()}",
                Body=payload,
                ContentType="application/octet-stream",
                # Metadata travel as an HTTP header: ASCII only.
                Metadata={"reason": text.encode("ascii", "replace").decode()},
            )
        except ClientError as error:
            raise QuarantineError(f"S3 refused a payload: {error.response.get('Error', {}).get('Code')}") from error
        except BotoCoreError as error:
            raise QuarantineError(f"S3 did not take a payload: {type(error).__name__}") from error
