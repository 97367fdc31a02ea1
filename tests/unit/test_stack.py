"""How an operator's commands find what a stack is made of, against the service models of botocore."""

from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ses_warden.adapters.seen_scopes import DynamoSeenScopes
from ses_warden.adapters.stack import caller
from ses_warden.bootstrap.connection import Connection, Place
from ses_warden.errors import LedgerError, SettingsError

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)


def client(service: str) -> Any:
    """A client that has nobody to talk to but its stub."""
    made: Any = boto3.client  # its stubs take literal names of services only
    return made(service, region_name="eu-west-1", aws_access_key_id="test", aws_secret_access_key="test")


def stack(*outputs: tuple[str, str]) -> dict[str, Any]:
    """CloudFormation's answer."""
    listed = [{"OutputKey": key, "OutputValue": value} for key, value in outputs]
    return {"Stacks": [{"StackName": "mail", "CreationTime": NOW, "StackStatus": "UPDATE_COMPLETE", "Outputs": listed}]}


class Asked(Connection):
    """A connection whose clients have nobody to talk to but their stubs."""

    def __init__(self, *uses: tuple[str, str], **clients: Any) -> None:
        super().__init__(Place(stack="mail", uses=dict(uses), region="eu-west-1"))
        self._clients = clients

    def client(self, service: str, **_: Any) -> Any:
        """The stubbed one."""
        return self._clients[service]


def test_the_settings_are_those_of_the_stacks_function() -> None:
    """The stack names the function, and the function tells its environment."""
    cloudformation, functions = client("cloudformation"), client("lambda")
    with Stubber(cloudformation) as first, Stubber(functions) as second:
        first.add_response("describe_stacks", stack(("KeyArn", "arn"), ("GuardFunctionName", "mail-guard")), {"StackName": "mail"})
        variables = {"Environment": {"Variables": {"REPUTATION_TABLE": "mail-reputation"}}}
        second.add_response("get_function_configuration", variables, {"FunctionName": "mail-guard"})
        asked = Asked(cloudformation=cloudformation, **{"lambda": functions})
        assert asked.environment("GuardFunction", {"X": "y"}) == {"REPUTATION_TABLE": "mail-reputation"}


def test_settings_that_are_given_are_used_and_no_stack_is_asked() -> None:
    """Over the usual ones."""
    asked = Asked(("REPUTATION_TABLE", "mine"))
    usual = {"REPUTATION_TABLE": "usual", "COUNTER_SHARDS": "8"}
    wanted = {"REPUTATION_TABLE": "mine", "COUNTER_SHARDS": "8", "POWERTOOLS_SERVICE_NAME": "mail"}
    assert asked.environment("GuardFunction", usual) == wanted


def test_a_stack_without_a_guard_is_another_or_older() -> None:
    """The message says so, instead of naming a missing variable."""
    cloudformation = client("cloudformation")
    with Stubber(cloudformation) as stub:
        stub.add_response("describe_stacks", stack(("BucketName", "x")))
        with pytest.raises(SettingsError, match="mail has no output GuardFunctionName: it is another one, or an older"):
            Asked(cloudformation=cloudformation).environment("GuardFunction")


def test_what_aws_refuses_is_told_in_its_words() -> None:
    """A missing stack and missing rights look alike in the code: the message tells them apart."""
    cloudformation = client("cloudformation")
    with Stubber(cloudformation) as stub:
        stub.add_client_error("describe_stacks", "ValidationError", "Stack with id mail does not exist")
        with pytest.raises(SettingsError, match="ValidationError: Stack with id mail does not exist"):
            _ = Asked(cloudformation=cloudformation).outputs


def test_the_caller_is_an_arn() -> None:
    """As STS tells it."""
    sts = client("sts")
    with Stubber(sts) as stub:
        stub.add_response("get_caller_identity", {"Arn": "arn:aws:sts::123456789012:assumed-role/ops/jane"})
        assert caller(sts) == "arn:aws:sts::123456789012:assumed-role/ops/jane"


def test_credentials_that_are_missing_are_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything else is tried."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(SettingsError, match="could not ask STS about who you are: Unable to locate credentials"):
        caller(boto3.session.Session().client("sts", region_name="eu-west-1"))


def query(hour: str, start: dict[str, Any] | None = None) -> dict[str, Any]:
    """What is asked for an hour."""
    asked = {
        "TableName": "reputation",
        "IndexName": "by_activity",
        "KeyConditionExpression": "active_hour = :hour",
        "ExpressionAttributeValues": {":hour": {"S": hour}},
    }
    return asked | ({"ExclusiveStartKey": start} if start else {})


def test_the_scopes_of_each_hour_are_read_to_the_last_page() -> None:
    """From the hour in which the time asked for lies."""
    dynamodb = client("dynamodb")
    page = {"scope": {"S": "account"}, "item": {"S": "seen"}, "active_hour": {"S": "2026-11-24T09"}}
    with Stubber(dynamodb) as stub:
        stub.add_response("query", {"Items": [{"scope": {"S": "account"}}], "LastEvaluatedKey": page}, query("2026-11-24T09"))
        stub.add_response("query", {"Items": [{"scope": {"S": "tenant/a"}}]}, query("2026-11-24T09", page))
        stub.add_response("query", {"Items": [{"scope": {"S": "tenant/b"}}]}, query("2026-11-24T10"))
        seen = DynamoSeenScopes(dynamodb, "reputation").seen(NOW.replace(hour=9, minute=59), NOW)
        stub.assert_no_pending_responses()
    assert seen == {"account", "tenant/a", "tenant/b"}


def test_a_table_that_is_not_there_is_our_error() -> None:
    """Not botocore's."""
    dynamodb = client("dynamodb")
    with Stubber(dynamodb) as stub:
        stub.add_client_error("query", "ResourceNotFoundException")
        with pytest.raises(LedgerError, match="ResourceNotFoundException"):
            DynamoSeenScopes(dynamodb, "reputation").seen(NOW, NOW)
