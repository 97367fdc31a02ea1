"""The stack as an operator gets it, by `sam build` and `sam deploy`, on an emulator; and what one asks of it then."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.types import TypeDeserializer

from tests.support.emulator import ROOT, Emulator

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient

SAM = ROOT / "environments" / "sam" / ".venv" / "bin" / "sam"
TEMPLATE = ROOT / ".aws-sam" / "build" / "template.yaml"
STACK_NAME = "ses-warden"
# The first event finds no running process of its function, and the machine may be busy.
PATIENCE_SECONDS = 60.0


class StackError(RuntimeError):
    """The stack could not be built or deployed; the message ends with the end of the tool's output."""


def build() -> None:
    """Build the stack for this machine, unless it already is."""
    _run([sys.executable, str(ROOT / "scripts" / "build.py")], dict(os.environ), "the build")


def deploy(emulator: Emulator, parameters: Mapping[str, str] | None = None, template: Path = TEMPLATE) -> "Stack":
    """Deploy what was built by the real `sam deploy`; `parameters` are the template's, without EmulatorEndpoint."""
    chosen = {"EmulatorEndpoint": emulator.endpoint, **(parameters or {})}
    # None of the user's AWS settings; SAM asks CloudFormation every half second instead of every five.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SAM_"))}
    environment = {**inherited, **emulator.env(), "SAM_CLI_TELEMETRY": "0", "SAM_CLI_POLL_DELAY": "0.5"}
    with tempfile.TemporaryDirectory() as folder:
        # An empty file in place of samconfig.toml, where an operator's own region, bucket and parameters may be saved.
        config = Path(folder, "samconfig.toml")
        config.write_text("version = 0.1\n")
        command = [str(SAM), "deploy", "--config-file", str(config), "--template-file", str(template)]
        command += ["--stack-name", STACK_NAME, "--region", emulator.region, "--resolve-s3", "--capabilities"]
        command += ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND", "--no-confirm-changeset"]
        command += ["--no-fail-on-empty-changeset", "--no-progressbar", "--parameter-overrides"]
        command += [f"{name}={json.dumps(value)}" for name, value in chosen.items()]
        try:
            # SAM leaves temporary folders of its own behind.
            _run(command, {**environment, "TMPDIR": folder}, "sam deploy")
        except StackError as error:
            raise StackError(f"{error}\nThe emulator's log ends with:\n{emulator.log_tail()}") from None
    stack = Stack(emulator)
    _mend_mappings(stack)
    return stack


def wait_for[T](look: Callable[[], T], what: str, seconds: float = PATIENCE_SECONDS) -> T:
    """Call `look` until it returns something true, and return that; TimeoutError says `what` did not come."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {what} within {seconds:g} s; last seen: {seen!r}")
        time.sleep(0.05)
    return seen


@dataclass(frozen=True)
class Stack:
    """A deployed stack; its resources go by the names that the template gives them."""

    emulator: Emulator

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs."""
        described = self.emulator.client("cloudformation").describe_stacks(StackName=STACK_NAME)
        return {output["OutputKey"]: output["OutputValue"] for output in described["Stacks"][0].get("Outputs", [])}

    @cached_property
    def resources(self) -> dict[str, str]:
        """Physical by logical name: of a topic its ARN, of a queue its URL, else a name."""
        lister = self.emulator.client("cloudformation").get_paginator("list_stack_resources")
        pages = lister.paginate(StackName=STACK_NAME)
        summaries = [summary for page in pages for summary in page["StackResourceSummaries"]]
        return {summary["LogicalResourceId"]: summary["PhysicalResourceId"] for summary in summaries}

    @cached_property
    def dynamodb(self) -> "DynamoDBClient":
        """A client for the tables."""
        client: DynamoDBClient = self.emulator.client("dynamodb")
        return client

    @cached_property
    def sns(self) -> "SNSClient":
        """A client for the topics."""
        client: SNSClient = self.emulator.client("sns")
        return client

    @cached_property
    def sqs(self) -> "SQSClient":
        """A client for the queues."""
        client: SQSClient = self.emulator.client("sqs")
        return client

    @cached_property
    def functions(self) -> "LambdaClient":
        """A client for the functions."""
        client: LambdaClient = self.emulator.client("lambda")
        return client

    def publish(self, topic: str, message: str) -> None:
        """Publish to FeedbackTopic or ActivityTopic, as SES does; returns before anything was made of it."""
        self.sns.publish(TopicArn=self.resources[topic], Message=message)

    def send(self, queue: str, body: str) -> None:
        """Send straight to a queue, such as FeedbackRetryQueue."""
        self.sqs.send_message(QueueUrl=self.resources[queue], MessageBody=body)

    def invoke(self, function: str, event: Any) -> Any:
        """What the function returns for an event; its error, if it raises one, is raised as StackError."""
        answer = self.functions.invoke(FunctionName=self.resources[function], Payload=json.dumps(event).encode())
        payload = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer or (isinstance(payload, dict) and "errorType" in payload):
            raise StackError(f"{function}: {payload}")
        return payload

    def waiting(self, queue: str) -> int:
        """How many messages the queue still holds, visible or in flight."""
        answer = self.sqs.get_queue_attributes(QueueUrl=self.resources[queue], AttributeNames=["All"])
        values = answer["Attributes"].items()
        return sum(int(value) for name, value in values if name.startswith("ApproximateNumberOfMessages"))

    def drained(self, queue: str, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until the queue is empty."""
        wait_for(lambda: self.waiting(queue) == 0, f"empty {queue}", seconds)

    def rows(self, table: str, **key: str) -> list[dict[str, Any]]:
        """All rows of a table, or those with this partition key, as plain values."""
        if key:
            [(name, value)] = key.items()
            names, values = {"#key": name}, {":value": {"S": value}}
            pages = self.dynamodb.get_paginator("query").paginate(
                TableName=self.resources[table],
                ConsistentRead=True,
                KeyConditionExpression="#key = :value",
                ExpressionAttributeNames=names,
                ExpressionAttributeValues=values,
            )
            items = [item for page in pages for item in page["Items"]]
        else:
            scan = self.dynamodb.get_paginator("scan").paginate(TableName=self.resources[table], ConsistentRead=True)
            items = [item for page in scan for item in page["Items"]]
        plain = TypeDeserializer().deserialize
        return [{name: plain(value) for name, value in item.items()} for item in items]

    def objects(self, bucket: str) -> dict[str, bytes]:
        """The bucket's objects by their keys."""
        s3: Any = self.emulator.client("s3")
        name = self.resources[bucket]
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket=name).get("Contents", [])]
        return {key: s3.get_object(Bucket=name, Key=key)["Body"].read() for key in keys}

    def log(self, function: str) -> list[str]:
        """What the function wrote, with Lambda's own lines around each run."""
        group = self.resources[function.replace("Function", "LogGroup")]
        pages = self.emulator.client("logs").get_paginator("filter_log_events").paginate(logGroupName=group)
        return [event["message"] for page in pages for event in page["events"]]

    def ses_warden(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run the command line as an operator does."""
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "PYTHONPATH")}
        return subprocess.run(  # noqa: S603 - our own words
            [sys.executable, "-m", "ses_warden_cli", *words],
            env=kept | self.emulator.env(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def runs(self, function: str) -> int:
        """How often the function has run to its end."""
        return sum(line.startswith("REPORT ") for line in self.log(function))


def _mend_mappings(stack: Stack) -> None:
    """Give concurrency limits as numbers: MiniStack keeps a parameter's text, and then cannot read from the queue."""
    functions: Any = stack.functions
    for page in functions.get_paginator("list_event_source_mappings").paginate():
        for mapping in page["EventSourceMappings"]:
            limit = mapping.get("ScalingConfig", {}).get("MaximumConcurrency")
            if limit is not None:
                scaling = {"MaximumConcurrency": int(limit)}
                functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig=scaling)


def _run(command: list[str], environment: dict[str, str], what: str) -> None:
    done = subprocess.run(  # noqa: S603 -- our own words
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-40:])
        raise StackError(f"{what} failed with exit code {done.returncode}:\n{tail}")
