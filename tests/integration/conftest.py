"""The DynamoDB that the integration tests run against, and tables in it.

SES_WARDEN_TEST_ENDPOINT chooses: the URL of an emulator (such as DynamoDB Local), or `aws` for the account and region of the
environment's credentials. Unset, an emulator of our own is started.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from ses_warden.adapters.ledger import DynamoLedger, Tables
from ses_warden_simulator.backend import HttpBackend
from ses_warden_simulator.server import Server
from ses_warden_simulator.service import Options, Service
from tests.integration.harness import World
from tests.support.dynamo import session, table_shapes
from tests.support.emulator import Emulator

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

AWS = "aws"
CHOICE = os.environ.get("SES_WARDEN_TEST_ENDPOINT", "")


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The URL of the AWS services under test, or `aws`."""
    if CHOICE:
        yield CHOICE
    else:
        with Emulator() as emulator:
            yield emulator.endpoint


@pytest.fixture(scope="session")
def dynamodb(endpoint: str) -> "DynamoDBClient":
    """A client of the DynamoDB under test."""
    if endpoint == AWS:
        return boto3.client("dynamodb")
    return session().client("dynamodb", endpoint_url=endpoint)


@pytest.fixture(scope="session")
def tables(dynamodb: "DynamoDBClient") -> Iterator[Tables]:
    """The three tables of template.yaml under fresh names, dropped afterwards."""
    shapes = table_shapes()
    suffix = uuid.uuid4().hex[:12]
    names = {logical: f"ses-warden-test-{logical}-{suffix}" for logical in ("EventsTable", "SuppressionTable", "ReputationTable")}
    with ExitStack() as made:
        for logical, name in names.items():
            dynamodb.create_table(TableName=name, **shapes[logical])
            made.callback(dynamodb.delete_table, TableName=name)
        waiter = dynamodb.get_waiter("table_exists")
        for name in names.values():
            waiter.wait(TableName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
        yield Tables(names["EventsTable"], names["SuppressionTable"], names["ReputationTable"])


@pytest.fixture
def world(endpoint: str, tables: Tables) -> World:
    """Empty tables."""
    return World(endpoint, tables)


@pytest.fixture
def simulator(endpoint: str) -> Iterator[Server]:
    """A local SES with an empty list."""
    if endpoint == "aws":
        pytest.skip("changes the account's own suppression list")
    with Server(Service(HttpBackend(endpoint), Options()), 0) as started:
        yield started


@pytest.fixture
def ses(simulator: Server) -> Any:
    """A client of it."""
    made: Any = session().client
    return made("sesv2", endpoint_url=simulator.url)


@pytest.fixture
def ledger(world: World, tables: Tables) -> DynamoLedger:
    """The empty table."""
    return DynamoLedger(world.client(), tables, retention=timedelta(days=1))
