"""boto3 without a server: clients that try once, answers in a service's place, and moto's tables and buckets."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from botocore.config import Config
from botocore.stub import Stubber
from moto import mock_aws

from tests.support.dynamo import session, table_shapes
from tests.support.emulator import REGION


def client_for(service: str) -> Any:
    """A client that tries once."""
    client: Any = session().client
    return client(service, config=Config(retries={"total_max_attempts": 1}))


@cache
def shared(service: str) -> Any:
    """The same for all, as each client reads botocore's model."""
    return client_for(service)


@contextmanager
def stubbed(client: Any) -> Iterator[Stubber]:
    """Answers in the service's place; each request is checked against botocore's model, and all of them must come."""
    with Stubber(client) as stub:
        yield stub
        stub.assert_no_pending_responses()


@contextmanager
def tables(*names: str) -> Iterator[Any]:
    """A client of DynamoDB with these tables of the template, or all, in this process."""
    with mock_aws():
        client = client_for("dynamodb")
        for name in names or table_shapes():
            client.create_table(TableName=name, **table_shapes()[name])
        yield client


@contextmanager
def bucket(name: str) -> Iterator[Any]:
    """A client of S3 with an empty bucket, in this process."""
    with mock_aws():
        client = client_for("s3")
        client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        yield client
