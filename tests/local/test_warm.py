"""Every sample through the functions as `sam local start-lambda` keeps them warm."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ses_warden_cli.samples.doors import wrap_sns, wrap_sqs
from tests.local.outcomes import expected, left
from tests.local.sam import Call, Sam
from tests.support.samples import EVENTS, FORMS, names, ses
from tests.support.stack import Stack

# Which function stands behind the door for which a folder has samples. Nothing in the stack reads a Firehose stream.
FUNCTION_OF = {
    "sns": "FeedbackFunction",
    "lambda-destination": "FeedbackFunction",
    "sqs": "ActivityFunction",
    "eventbridge": "ActivityFunction",
}
FILES = sorted(file for door in FUNCTION_OF for file in (EVENTS / door).rglob("*.json"))
# The states of the Suppression table's rows after one event; the unit tests have the whole policy.
STATES = {
    "bounce-permanent-general": {"suppressed"},
    "bounce-two-recipients": {"suppressed"},
    "complaint-abuse": {"suppressed"},
    "bounce-transient-mailboxfull": {"watching"},
    "bounce-transient-general": set[str](),
    "bounce-transient-messagetoolarge": set[str](),
    "bounce-policy-refusal": set[str](),
    "bounce-simulator": set[str](),
}
PAYLOADS = [name for form in FORMS for name in names(form)]
ADDRESS = re.compile(r"[\w.+-]+@[\w.-]+\.\w+")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What SAM and the functions print."""
    return tmp_path_factory.mktemp("start-lambda") / "log"


@pytest.fixture(scope="module")
def call(sam: Sam, log: Path) -> Iterator[Call]:
    """Calls a warm function."""
    with sam.serving(log) as caller:
        yield caller


@pytest.mark.parametrize("file", FILES, ids=[str(file.relative_to(EVENTS)) for file in FILES])
def test_every_sample_of_every_door_lands(file: Path, call: Call, stack: Stack) -> None:
    """Its events are in the ledger, what is no event is put aside, and no failure is reported."""
    _lands(FUNCTION_OF[file.relative_to(EVENTS).parts[0]], json.loads(file.read_bytes()), call, stack)


@pytest.mark.parametrize("name", PAYLOADS)
def test_every_payload_of_ses_lands_by_either_function(name: str, call: Call, stack: Stack) -> None:
    """Also those of which there is no file for a door; the second copy changes nothing."""
    _lands("FeedbackFunction", wrap_sns(ses(name)), call, stack)
    _lands("ActivityFunction", wrap_sqs([ses(name)]), call, stack)


@pytest.mark.parametrize(("name", "states"), STATES.items(), ids=STATES)
def test_feedback_decides_who_is_suppressed(name: str, states: set[str], call: Call, stack: Stack) -> None:
    """The Suppression table has what the policy says, and nothing where it says nothing."""
    call("FeedbackFunction", json.dumps(wrap_sns(ses(name))).encode())
    assert {row["state"] for row in stack.rows("SuppressionTable")} == states


@pytest.mark.usefixtures("call")
def test_the_functions_print_metrics_and_no_address(log: Path) -> None:
    """Runs last: by now the functions saw every sample."""
    printed = log.read_text(errors="replace")
    assert '"Namespace":"SesWarden"' in printed.replace(" ", "")
    assert not ADDRESS.findall(printed)


def _lands(function: str, payload: Any, call: Call, stack: Stack) -> None:
    answer = call(function, json.dumps(payload).encode())
    assert not (answer or {}).get("batchItemFailures")
    assert left(stack) == expected(payload)
