"""DMARC reports on the deployed stack: a file put into the bucket becomes rows; a bad one is kept aside, and told once."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from tests.support.dmarc import gzipped, mail, record, report
from tests.support.samples import EVENTS
from tests.support.stack import Stack, wait_for


@pytest.fixture
def alerts(stack: Stack) -> Iterator[str]:
    """A queue that hears what people hear."""
    sns: Any = stack.sns
    url = stack.sqs.create_queue(QueueName=f"people-{uuid4().hex[:8]}")["QueueUrl"]
    arn = stack.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    subscription = sns.subscribe(TopicArn=stack.resources["AlertTopic"], Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    yield url
    sns.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])


def put(stack: Stack, name: str, content: bytes) -> None:
    """A file comes in, as SES puts it there."""
    stack.emulator.client("s3").put_object(Bucket=stack.resources["MailBucket"], Key=f"inbox/{name}", Body=content)


def test_a_mail_in_the_bucket_becomes_rows(stack: Stack) -> None:
    """Once, however often it comes; the name of its file may be anything."""
    domain = f"{uuid4().hex}.example"
    content = mail(gzipped(report(record(count=7), record("2001:db8::1", 2, spf="fail"), domain=domain).encode()))
    put(stack, f"a b+c!{domain}", content)
    (row,) = wait_for(lambda: stack.rows("DmarcTable", domain=domain), "report in the table")
    assert (row["reporter"], row["mails"], row["policy"]) == ("receiver.example", 9, "none")

    def duplicates() -> int:
        return sum('"DmarcReportsDuplicate"' in line for line in stack.log("DmarcReportsFunction"))

    before = duplicates()
    put(stack, f"again-{domain}", content)
    wait_for(lambda: duplicates() > before, "metric of the duplicate")
    assert stack.rows("DmarcTable", domain=domain) == [row]


def test_a_bad_file_is_kept_aside_and_told_once(stack: Stack, alerts: str) -> None:
    """Byte for byte, with its reason; the function does not fail, so that nothing comes again."""
    name = f"{uuid4().hex}.xml.gz"
    content = (EVENTS / "dmarc" / "truncated.xml.gz").read_bytes()
    put(stack, name, content)
    wait_for(lambda: f"refused/{name}" in stack.objects("MailBucket"), "file set aside")
    assert stack.objects("MailBucket")[f"refused/{name}"] == content
    s3: Any = stack.emulator.client("s3")
    kept = s3.head_object(Bucket=stack.resources["MailBucket"], Key=f"refused/{name}")
    assert kept["Metadata"] == {"reason": "it is a gzip file that ends too early"}
    messages: Any = wait_for(
        lambda: stack.sqs.receive_message(QueueUrl=alerts, MaxNumberOfMessages=10).get("Messages", []), "alert"
    )
    (alert,) = [body for body in (json.loads(message["Body"]) for message in messages) if name in body["Message"]]
    assert alert["Subject"].startswith("SES Warden: DMARC Report Refused")
    assert "it is a gzip file that ends too early" in alert["Message"]
    assert stack.waiting("DmarcReportsDeadLetterQueue") == 0
