"""Writes the body of large requests itself: DynamoDB's wire format is the very structure that boto3 is given.

botocore walks through each attribute of each row twice more, to serialise it by the service's model and to look for table ARNs
that could name an endpoint. Its events let us hand over a body of our own; token, signature, retries and errors stay botocore's.

Source: https://boto3.amazonaws.com/v1/documentation/api/latest/guide/events.html
"""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

_LIST = "TransactItems"


def write_bodies(client: "DynamoDBClient") -> None:
    """Lets this client, which must not validate parameters, write its transactions' bodies without botocore's serialiser."""
    # The stubs say that a handler returns nothing; what one of this event returns are the parameters.
    take: Any = _take
    client.meta.events.register("provide-client-params.dynamodb.TransactWriteItems", take)
    client.meta.events.register("before-call.dynamodb.TransactWriteItems", _write)


def _take(params: dict[str, Any], context: dict[str, Any], **_: object) -> dict[str, Any]:
    context[_LIST] = json.dumps(params[_LIST], separators=(",", ":"))
    return {name: value for name, value in params.items() if name != _LIST}


def _write(params: dict[str, Any], context: dict[str, Any], **_: object) -> None:
    # What botocore made is the rest: {"ClientRequestToken":"…"}
    params["body"] = f'{{"{_LIST}":{context[_LIST]},{params["body"].decode()[1:]}'.encode()
