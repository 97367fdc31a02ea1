"""The quarantine: what cannot be read is kept byte for byte, once, with a reason that names nobody."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError
from botocore.stub import Stubber

from ses_warden.adapters.quarantine import S3Quarantine
from ses_warden.errors import QuarantineError
from tests.support.aws import bucket

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

BUCKET = "quarantine"


@pytest.fixture
def s3() -> "Iterator[S3Client]":
    """A client with a bucket."""
    with bucket(BUCKET) as client:
        yield client


def kept(s3: "S3Client") -> dict[str, tuple[bytes, str]]:
    """Body and reason of each object, by its key."""
    found = {}
    for listed in s3.list_objects_v2(Bucket=BUCKET).get("Contents", ()):
        key = listed.get("Key", "")
        answer = s3.get_object(Bucket=BUCKET, Key=key)
        found[key] = (answer["Body"].read(), answer["Metadata"]["reason"])
    return found


def test_a_payload_is_kept_byte_for_byte(s3: "S3Client") -> None:
    """So that it can be replayed after a fix."""
    body = '{"eventType":"Bounce", "odd":  "é\N{GRINNING FACE}\\ud800"}\r\n'
    S3Quarantine(lambda: s3, BUCKET).keep(body, "document: json_invalid")
    ((key, (payload, reason)),) = kept(s3).items()
    assert payload.decode() == body
    assert reason == "document: json_invalid"
    assert key.startswith("events/")


def test_the_same_payload_is_kept_once(s3: "S3Client") -> None:
    """A redelivery finds it there; another payload stands beside it."""
    quarantine = S3Quarantine(lambda: s3, BUCKET)
    for body in ("broken", "broken", "broken too"):
        quarantine.keep(body, "document: json_invalid")
    assert sorted(payload for payload, _ in kept(s3).values()) == [b"broken", b"broken too"]


def test_half_a_surrogate_pair_is_kept(s3: "S3Client") -> None:
    """JSON can carry what UTF-8 cannot, and Lambda decodes it: it is kept so that it can be decoded again."""
    S3Quarantine(lambda: s3, BUCKET).keep("broken \ud83d", "the text is not valid Unicode")
    ((payload, _),) = kept(s3).values()
    assert payload.decode("utf-8", "surrogatepass") == "broken \ud83d"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("no event for jane@example.com", "no event for j***@e***.com"),
        ("two\r\nlines\x1b[31m", "two lines"),
        ("ein Gruß, 你好", "ein Gru?, ??"),
        ("", ""),
    ],
)
def test_a_reason_is_fit_for_a_header(s3: "S3Client", reason: str, told: str) -> None:
    """It travels as one: on one line, in ASCII, without addresses."""
    S3Quarantine(lambda: s3, BUCKET).keep("broken", reason)
    assert [text for _, text in kept(s3).values()] == [told]


def test_a_reason_is_bounded(s3: "S3Client") -> None:
    """S3 takes 2 KB of metadata: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html"""
    S3Quarantine(lambda: s3, BUCKET).keep("broken", "because " * 1000)
    ((_, reason),) = kept(s3).values()
    assert len(reason) == 300


def test_a_refusal_is_told_by_its_code_alone(s3: "S3Client") -> None:
    """S3's message may hold what was asked for."""
    with Stubber(s3) as stubber:
        stubber.add_client_error("put_object", "AccessDenied", "not for jane@example.com", 403)
        with pytest.raises(QuarantineError) as refusal:
            S3Quarantine(lambda: s3, BUCKET).keep("broken", "document: json_invalid")
    assert str(refusal.value) == "S3 refused a payload: AccessDenied"


@pytest.mark.parametrize("error", [NoCredentialsError(), EndpointConnectionError(endpoint_url="https://s3.example")])
def test_a_call_that_does_not_get_through_is_a_failure_of_the_quarantine(error: Exception) -> None:
    """Its record is then delivered again."""

    def client() -> "S3Client":
        raise error

    with pytest.raises(QuarantineError, match=f"S3 did not take a payload: {type(error).__name__}"):
        S3Quarantine(client, BUCKET).keep("broken", "document: json_invalid")


def test_no_client_is_made_before_there_is_something_to_keep() -> None:
    """Most invocations have nothing, and a client takes its time to make."""

    def client() -> "S3Client":
        raise AssertionError("made too early")

    S3Quarantine(client, BUCKET)
