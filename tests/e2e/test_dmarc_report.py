"""`dmarc report` on the deployed stack: a delivery through the queue, a report through the bucket, and whose mail that makes it."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from tests.support.dmarc import DAY, gzipped, mail, record, report
from tests.support.samples import make_event, ses_id
from tests.support.stack import Stack, wait_for

ADDRESS, STRANGER = "198.51.100.201", "203.0.113.202"


def test_a_delivery_makes_its_address_known_to_the_report(stack: Stack) -> None:
    """The function notes it, and the command finds both tables by the stack alone."""
    now, domain = datetime.now(UTC), f"{uuid4().hex}.example"
    sent_at = now - timedelta(minutes=3)
    delivery = make_event(
        "Delivery",
        message_id=ses_id(sent_at, domain),
        recipients=[f"jane@{domain}"],
        at=sent_at + timedelta(seconds=2),
        sent_at=sent_at,
        tags={"ses:outgoing-ip": [ADDRESS], "ses:from-domain": [domain]},
    )
    stack.publish("ActivityTopic", json.dumps(delivery))
    wait_for(lambda: [row for row in stack.rows("ReputationTable", scope="outgoing-ip") if row["item"].endswith(ADDRESS)], "note")

    begin = int((now - timedelta(days=1)).timestamp())
    records = [
        record(ADDRESS, 90, spf="fail", header_from=domain),
        record(STRANGER, 10, dkim="fail", spf="fail", header_from=domain),
    ]
    content = gzipped(report(*records, domain=domain, begin=begin, end=begin + DAY - 1).encode())
    stack.emulator.client("s3").put_object(Bucket=stack.resources["MailBucket"], Key=f"inbox/{domain}", Body=mail(content))
    wait_for(lambda: stack.rows("DmarcTable", domain=domain), "report in the table")

    found = _report(stack, domain)
    assert {one["address"]: one["kind"] for one in found["sources"]} == {STRANGER: "stranger", ADDRESS: "ours-ses"}
    assert found["outgoing"]["domains"] == [domain]
    assert (found["total"]["mails"], found["total"]["passed"], found["finding"]) == (100, 90, False)

    # Forged, as it turns out: it counts no more, and the function does not take it in again.
    (listed,) = _dmarc(stack, "reports", domain)["reports"]
    assert (listed["came"], listed["mails"], listed["discarded"]) == ("bucket", 100, False)
    ruled = _dmarc(stack, "discard", domain, listed["report"], "--reason", "forged", "--yes")["reports"][0]["rulings"][0]
    assert (ruled["act"], ruled["reason"], ruled["by"].startswith("arn:")) == ("discard", "forged", True)
    stack.emulator.client("s3").put_object(Bucket=stack.resources["MailBucket"], Key=f"inbox/{domain}-2", Body=mail(content))
    other = gzipped(report(*records[:1], domain=domain, report_id="43", begin=begin, end=begin + DAY - 1).encode())
    stack.emulator.client("s3").put_object(Bucket=stack.resources["MailBucket"], Key=f"inbox/{domain}-3", Body=mail(other))
    wait_for(lambda: len(stack.rows("DmarcTable", domain=domain)) == 2, "other report in the table")
    found = _report(stack, domain)
    assert (found["total"]["mails"], found["reports"], found["discarded"]) == (90, 1, 1)


def _report(stack: Stack, domain: str) -> Any:
    return _dmarc(stack, "report", domain)


def _dmarc(stack: Stack, *words: str) -> Any:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")}
    done = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-m", "ses_warden_cli", "dmarc", *words, "--json"],
        env=kept | stack.emulator.env(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)
