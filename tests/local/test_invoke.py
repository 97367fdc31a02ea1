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
