"""The stack, deployed to an emulator that containers reach, and SAM running its functions against it."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.local.containers import bridge_gateway, function_containers, remove
from tests.local.sam import Sam
from tests.support.emulator import Emulator
from tests.support.stack import Stack, deploy

# The samples' times are fixed; mail older than the retention would change nothing.
RETENTION_DAYS = "3650"


REMOVAL_SECONDS = 5


@pytest.fixture(scope="session")
def deployed() -> Iterator[Stack]:
    """The stack on an emulator that listens on Docker's bridge, and that is gone afterwards."""
    with Emulator(bind_host=bridge_gateway()) as emulator:
        yield deploy(emulator, {"RetentionDays": RETENTION_DAYS, "DmarcReports": "on"})
        host, port = emulator.bind_host, emulator.port
    with socket.socket() as probe:
        assert probe.connect_ex((host, port)), "the emulator still listens"


@pytest.fixture
def stack(deployed: Stack) -> Iterator[Stack]:
    """The deployed stack, with nothing in its tables and its bucket."""
    yield deployed
    for table in ("EventsTable", "SuppressionTable", "ReputationTable"):
        _empty_table(deployed, table)
    s3 = deployed.emulator.client("s3")
    for key in deployed.objects("QuarantineBucket"):
        s3.delete_object(Bucket=deployed.resources["QuarantineBucket"], Key=key)


@pytest.fixture(scope="session")
def sam(deployed: Stack) -> Iterator[Sam]:
    """SAM CLI, handing the functions the very variables that their deployment has; it leaves no container behind."""
    variables: dict[str, str] = {}
    for function in ("FeedbackFunction", "ActivityFunction", "SyncFunction", "DmarcReportsFunction"):
        configuration = deployed.functions.get_function_configuration(FunctionName=deployed.resources[function])
        variables |= configuration.get("Environment", {}).get("Variables", {})
    before = function_containers()
    yield Sam(variables, deployed.emulator.env())
    # Docker is asked to remove a container, and takes its time.
    deadline = time.monotonic() + REMOVAL_SECONDS
    while (left := function_containers() - before) and time.monotonic() < deadline:
        time.sleep(0.5)
    # SAM leaves one now and then when it is told to stop.
    remove(left)
    assert not function_containers() - before, "containers are left"


def _empty_table(stack: Stack, table: str) -> None:
    name = stack.resources[table]
    key = [part["AttributeName"] for part in stack.dynamodb.describe_table(TableName=name)["Table"].get("KeySchema", [])]
    for row in stack.rows(table):
        stack.dynamodb.delete_item(TableName=name, Key={attribute: {"S": row[attribute]} for attribute in key})
