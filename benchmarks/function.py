"""A Lambda function in this process, as AWS would run it, with a stand-in for DynamoDB."""

import importlib.util
import io
import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3

from benchmarks.dynamodb import DynamoDb
from ses_warden.bootstrap.recording import services

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLEEXAMPLE12",
    "AWS_SECRET_ACCESS_KEY": "an example, which opens nothing",
    "AWS_SESSION_TOKEN": "as temporary credentials have one",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    # The template's logical ids, by which the stand-in knows its tables.
    "EVENTS_TABLE": "EventsTable",
    "SUPPRESSION_TABLE": "SuppressionTable",
    "REPUTATION_TABLE": "ReputationTable",
    "QUARANTINE_BUCKET": "quarantine",
    "RETENTION_DAYS": "30",
    "COUNTER_SHARDS": "8",
    "SUPPRESSION_AUTHORITY": "ses",
    "NO_FEEDBACK_DOMAINS": "gmail.com,googlemail.com",
    "DRILL_CONFIGURATION_SET": "",
    "POWERTOOLS_SERVICE_NAME": "ses-warden",
    "POWERTOOLS_METRICS_NAMESPACE": "SesWarden",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "AWS_ENDPOINT_URL": "",
}
_CONTEXT = SimpleNamespace(
    function_name="function",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-west-1:111122223333:function:function",
    aws_request_id="0e1c3ad8-3f2e-4d21-9b55-3a0c9d2f7e11",
)


@dataclass(frozen=True, slots=True)
class Invocation:
    """One run: its CPU time without the stand-in's, the calls that it made, and what it wrote to the log."""

    cpu_ns: int
    calls: Counter[str]
    log: str


class Function:
    """`functions/<name>/app.py` in an execution environment of its own; a process has one at a time."""

    def __init__(self, name: str) -> None:
        os.environ.update(ENVIRONMENT)
        self.database = DynamoDb()
        self.session = boto3.Session()
        # The stubs say that a handler returns nothing; what one of this event returns is the response.
        answer: Any = self.database
        self.session.events.register("before-send.dynamodb", answer)
        self._handler = _handler(name)
        self.restart()

    def restart(self) -> None:
        """The next run is one of a new execution environment: it makes its clients anew and has noted nothing. The tables stay."""
        services.cache_clear()
        boto3.DEFAULT_SESSION = self.session
        services()

    def invoke(self, payload: Any) -> Invocation:
        """Runs the function; fails if it says that a record shall be delivered again."""
        calls, own = self.database.usage.calls.copy(), self.database.own_ns
        log = io.StringIO()
        with redirect_stdout(log):
            begin = time.process_time_ns()
            answer = self._handler(payload, _CONTEXT)
            elapsed = time.process_time_ns() - begin
        assert answer == {"batchItemFailures": []}, answer
        made = self.database.usage.calls - calls
        return Invocation(elapsed - (self.database.own_ns - own), made, log.getvalue())


def _handler(name: str) -> Callable[[Any, Any], Any]:
    spec = importlib.util.spec_from_file_location(f"{name}_app", ROOT / "functions" / name / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Callable[[Any, Any], Any] = module.lambda_handler
    return handler
