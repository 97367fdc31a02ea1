"""The requests of `replay` and `redrive` to S3 and SQS, against botocore's own models of the services."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ses_warden.adapters.dead_letters import SqsDeadLetters
from ses_warden.adapters.stored import Bucket
from ses_warden.application.redrive_events import Letter
from ses_warden.errors import StorageError

URL = "https://sqs.eu-west-1.amazonaws.com/111122223333/dead"


def client(service: str) -> Any:
    """A client that has nobody to talk to but its stub."""
    made: Any = boto3.client  # its stubs take literal names of services only
    return made(service, region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test")


def test_a_letter_comes_with_what_sns_said_of_it() -> None:
    """Ten at most, hidden for five minutes."""
    sqs = client("sqs")
    asked = {
        "QueueUrl": URL,
        "MaxNumberOfMessages": 10,
        "WaitTimeSeconds": 2,
        "VisibilityTimeout": 300,
        "MessageSystemAttributeNames": ["SentTimestamp"],
        "MessageAttributeNames": ["ErrorCode", "ErrorMessage"],
    }
    text = {"StringValue": "AccessDenied", "DataType": "String"}
    message = {"MessageId": "m", "ReceiptHandle": "r", "Body": "{}", "Attributes": {"SentTimestamp": "1700000000000"}}
    with Stubber(sqs) as stub:
        stub.add_response("receive_message", {"Messages": [message | {"MessageAttributes": {"ErrorCode": text}}]}, asked)
        stub.add_response("receive_message", {}, asked)
        letters = SqsDeadLetters(sqs, URL)
        assert letters.take() == [Letter("m", "r", "{}", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC), "AccessDenied")]
        assert letters.take() == []


def test_letters_are_shown_again_by_tens() -> None:
    """As many as SQS takes at once."""
    sqs = client("sqs")
    with Stubber(sqs) as stub:
        for size in (10, 2):
            entries = [
                {"Id": str(n), "ReceiptHandle": f"r{n + (10 if size == 2 else 0)}", "VisibilityTimeout": 0} for n in range(size)
            ]
            answer: dict[str, Any] = {"Successful": [], "Failed": []}
            stub.add_response("change_message_visibility_batch", answer, {"QueueUrl": URL, "Entries": entries})
        SqsDeadLetters(sqs, URL).hide([f"r{n}" for n in range(12)], timedelta())
        stub.assert_no_pending_responses()


def test_a_letter_that_was_not_deleted_is_told_of() -> None:
    """Its events are recorded; another redrive finds them there."""
    sqs = client("sqs")
    answer = {"Successful": [{"Id": "0"}], "Failed": [{"Id": "1", "Code": "InternalError", "SenderFault": False}]}
    with Stubber(sqs) as stub:
        stub.add_response("delete_message_batch", answer)
        with pytest.raises(StorageError, match="did not delete 1 messages: InternalError; their events are recorded"):
            SqsDeadLetters(sqs, URL).delete(["r0", "r1"])


@pytest.mark.parametrize(
    ("operation", "ask"),
    [
        ("receive_message", lambda letters: letters.take()),
        ("change_message_visibility_batch", lambda letters: letters.hide(["r"], timedelta())),
        ("delete_message_batch", lambda letters: letters.delete(["r"])),
    ],
)
def test_a_queue_that_refuses_is_our_error(operation: str, ask: Callable[[SqsDeadLetters], object]) -> None:
    """With the code alone."""
    sqs = client("sqs")
    with Stubber(sqs) as stub:
        stub.add_client_error(operation, "AccessDenied", "jane@example.com may not")
        with pytest.raises(StorageError, match=r"^SQS did not serve: AccessDenied$"):
            ask(SqsDeadLetters(sqs, URL))


def test_all_objects_below_a_prefix_are_read_but_folders() -> None:
    """Page by page."""
    s3 = client("s3")
    with Stubber(s3) as stub:
        first = {"Contents": [{"Key": "events/"}, {"Key": "events/a"}], "IsTruncated": True, "NextContinuationToken": "t"}
        stub.add_response("list_objects_v2", first, {"Bucket": "b", "Prefix": "events/"})
        second = {"Contents": [{"Key": "events/b"}], "IsTruncated": False}
        stub.add_response("list_objects_v2", second, {"Bucket": "b", "Prefix": "events/", "ContinuationToken": "t"})
        assert [one.name for one in Bucket(s3, "b", "events/").all()] == ["s3://b/events/a", "s3://b/events/b"]


def test_an_object_of_the_very_name_is_meant_alone() -> None:
    """Though others begin as it does."""
    s3 = client("s3")
    with Stubber(s3) as stub:
        stub.add_response("list_objects_v2", {"Contents": [{"Key": "a"}, {"Key": "ab"}], "IsTruncated": False})
        assert [one.name for one in Bucket(s3, "b", "a").all()] == ["s3://b/a"]


def test_a_bucket_that_refuses_is_our_error() -> None:
    """To list, to read, to delete."""
    s3 = client("s3")
    bucket = Bucket(s3, "b", "events/")
    with Stubber(s3) as stub:
        stub.add_client_error("list_objects_v2", "AccessDenied")
        with pytest.raises(StorageError, match="S3 did not list s3://b/events/: AccessDenied"):
            list(bucket.all())
        stub.add_response("list_objects_v2", {"Contents": [{"Key": "events/a"}], "IsTruncated": False})
        [found] = bucket.all()
        stub.add_client_error("get_object", "NoSuchKey")
        with pytest.raises(StorageError, match="S3 did not hand it over: NoSuchKey"):
            list(found.read())
        stub.add_client_error("delete_object", "AccessDenied")
        with pytest.raises(StorageError, match="S3 did not delete s3://b/events/a: AccessDenied; its events are recorded"):
            bucket.remove(found.name)
