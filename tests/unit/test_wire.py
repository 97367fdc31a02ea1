"""The bodies that we write ourselves are those that botocore would write."""

import json
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config

from ses_warden.adapters.wire import write_bodies

CONFIG = Config(parameter_validation=False)
ITEMS = [
    {
        "Put": {
            "TableName": "events",
            "Item": {"id": {"S": 'ü "quoted" 😀 \ud83d'}, "tags": {"SS": ["a", "b"]}, "n": {"N": "1"}},
        }
    },
    {"Update": {"TableName": "counters", "Key": {"scope": {"S": "account#1"}}, "UpdateExpression": "ADD #0 :0"}},
]


def body_of(client: Any, **more: str) -> dict[str, Any]:
    """The body of a transaction as it would go over the network."""
    bodies: list[bytes] = []

    def answer(request: Any, **_: object) -> AWSResponse:
        bodies.append(request.body)
        return AWSResponse(request.url, 200, HTTPHeaders(), Mock(stream=lambda: [b"{}"]))

    client.meta.events.register_first("before-send.dynamodb", answer)
    client.transact_write_items(TransactItems=ITEMS, **more)
    decoded: dict[str, Any] = json.loads(bodies[0])
    return decoded


@pytest.mark.parametrize("more", [{}, {"ClientRequestToken": "a token"}, {"ReturnConsumedCapacity": "TOTAL"}])
def test_a_body_is_what_botocore_would_write(more: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Also the token, which botocore makes for each call that has none."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    theirs = boto3.client("dynamodb", region_name="eu-west-1", config=CONFIG)
    ours = boto3.client("dynamodb", region_name="eu-west-1", config=CONFIG)
    write_bodies(ours)
    expected, found = body_of(theirs, **more), body_of(ours, **more)
    assert bool(expected.pop("ClientRequestToken")) == bool(found.pop("ClientRequestToken"))
    assert found == expected
