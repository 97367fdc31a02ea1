"""The deployed audit: it looks at the account's domains, whatever the DNS here says, remembers, and tells once."""

import json
import uuid
from typing import Any

from tests.support.stack import Stack, wait_for


def test_the_deployed_audit_looks_remembers_and_tells_once(stack: Stack) -> None:
    """A domain that is nowhere published: what SES says of it is bad for sure, and the DNS at best unknown."""
    ses: Any = stack.emulator.client("sesv2")
    domain = f"{uuid.uuid4().hex[:8]}.example"
    ses.create_email_identity(EmailIdentity=domain)
    told = stack.sqs.create_queue(QueueName=f"told-{domain.replace('.', '-')}")["QueueUrl"]
    arn = stack.sqs.get_queue_attributes(QueueUrl=told, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    stack.sns.subscribe(TopicArn=stack.resources["AlertTopic"], Protocol="sqs", Endpoint=arn)

    answers = [stack.invoke("AuditFunction", {}) for _ in range(2)]

    assert [answer["told"] for answer in answers] == [1, 0]
    assert all(answer["audited"] >= 1 and answer["left"] == 0 for answer in answers)
    rows = {row["item"]: row for row in stack.rows("ReputationTable", scope="watch")}
    facts = {code: text for code, _, _, text in json.loads(rows["account"]["bad"])}
    assert facts["fact.sending"] == "on"
    bad = {code: standing for code, standing, _, _ in json.loads(rows[f"domain/{domain}"]["bad"])}
    assert bad["mailfrom.custom"] == "warn"
    messages = stack.sqs.receive_message(QueueUrl=told, MaxNumberOfMessages=10, WaitTimeSeconds=5).get("Messages", [])
    texts = [json.loads(message.get("Body", "{}"))["Message"] for message in messages]
    assert len([text for text in texts if domain in text]) == 1
    wait_for(lambda: any('"AuditedDomains"' in line for line in stack.log("AuditFunction")), "metrics of it")
    assert not any("Traceback" in line for line in stack.log("AuditFunction"))
