"""Each function, cold, through each of its doors, by `sam local invoke`."""

import json
from pathlib import Path

import pytest

from tests.local.outcomes import expected, left
from tests.local.sam import Sam
from tests.support.samples import EVENTS
from tests.support.stack import Stack

DOORS = [
    ("FeedbackFunction", "sns/bounce-permanent-general.json"),
    ("FeedbackFunction", "lambda-destination/bounce-permanent-general.json"),
    ("ActivityFunction", "sqs/raw/delivery.json"),
    ("ActivityFunction", "sqs/enveloped/delivery.json"),
    ("ActivityFunction", "sqs/eventbridge-delivery.json"),
]


@pytest.mark.parametrize(("function", "sample"), DOORS, ids=[sample for _, sample in DOORS])
def test_a_cold_function_records_what_comes_through_each_of_its_doors(function: str, sample: str, sam: Sam, stack: Stack) -> None:
    """The answer reports no failure, and the ledger holds the sample's event."""
    answer = sam.invoke(function, EVENTS / sample)
    assert not (answer or {}).get("batchItemFailures")
    assert left(stack) == expected(json.loads((EVENTS / sample).read_bytes()))


def test_the_cold_comparison_of_lists_answers_the_schedule(sam: Sam, stack: Stack, tmp_path: Path) -> None:
    """Nothing is in the table, nor on the emulator's list of SES."""
    assert stack.rows("SuppressionTable") == []
    event = tmp_path / "scheduled.json"
    event.write_text(json.dumps({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}))
    answer = sam.invoke("SyncFunction", event)
    assert answer == {"here": 0, "there": 0, "only_here": 0, "only_there": 0, "differs": 0, "unclear": 0}


def test_a_cold_function_reads_a_report_from_the_bucket(sam: Sam, stack: Stack, tmp_path: Path) -> None:
    """What parsedmarc needs, compiled libraries among it, is in the function's package; the report is in the table."""
    event = json.loads((EVENTS / "dmarc" / "object-created.json").read_bytes())
    record = event["Records"][0]["s3"]
    record["bucket"]["name"] = stack.resources["MailBucket"]
    # The emulator's own notification invokes the deployed function, which finds the same report.
    content = (EVENTS / "dmarc" / "rfc9990.eml").read_bytes()
    stack.emulator.client("s3").put_object(Bucket=record["bucket"]["name"], Key=record["object"]["key"], Body=content)
    (tmp_path / "event.json").write_text(json.dumps(event))
    answer = sam.invoke("DmarcReportsFunction", tmp_path / "event.json")
    assert answer["reports"] + answer["duplicates"] == 1
    assert [row["mails"] for row in stack.rows("DmarcTable", domain="example.com")] == [93]
