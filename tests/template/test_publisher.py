"""The publisher: there where it is wanted and can be, fed by the table's stream, allowed no more than to tell."""

import json

import pytest

from tests.support.template import Json, of_type, reference, resolve

FUNCTION = "AWS::Serverless::Function"
STREAM = "arn:aws:dynamodb:eu-west-1:111122223333:table/old/stream/2026"
OLD: dict[str, str | int] = {"ExistingSuppressionTableName": "old"}


@pytest.fixture(scope="module")
def telling(template: Json) -> Json:
    """Return the stack with events switched on."""
    return resolve(template, RecipientEvents="hashed")


@pytest.mark.parametrize(
    ("parameters", "stream"),
    [
        ({}, None),
        ({"RecipientEvents": "hashed"}, {"Fn::GetAtt": ["SuppressionTable", "StreamArn"]}),
        ({"RecipientEvents": "plain"}, {"Fn::GetAtt": ["SuppressionTable", "StreamArn"]}),
        ({"RecipientEvents": "plain", **OLD}, None),
        ({"RecipientEvents": "plain", **OLD, "ExistingSuppressionStreamArn": STREAM}, STREAM),
    ],
)
def test_it_reads_the_stream_of_the_table_that_there_is(
    template: Json, parameters: dict[str, str | int], stream: Json | str | None
) -> None:
    """Off by default; a table given by name needs its stream given too."""
    stack = resolve(template, **parameters)
    function = of_type(stack, FUNCTION).get("PublisherFunction")
    assert (function and function["Events"]["Changes"]["Properties"]["Stream"]) == stream
    assert ("PublisherDeadLetterQueue" in stack["Resources"]) == (stream is not None)


@pytest.mark.parametrize("mode", ["hashed", "plain"])
def test_the_table_streams_both_images_only_when_asked(template: Json, mode: str) -> None:
    """What changed is seen from the row before and after."""
    table = "AWS::DynamoDB::Table"
    stack = resolve(template, RecipientEvents=mode)
    assert of_type(stack, table)["SuppressionTable"]["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert "StreamSpecification" not in of_type(resolve(template), table)["SuppressionTable"]
    assert of_type(stack, FUNCTION)["PublisherFunction"]["Environment"]["Variables"]["RECIPIENT_EVENTS"] == mode


def test_nothing_is_lost_in_silence(telling: Json) -> None:
    """From the beginning of the stream, in parts, retried until shortly before the stream forgets, and then noted."""
    mapping = of_type(telling, FUNCTION)["PublisherFunction"]["Events"]["Changes"]["Properties"]
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert mapping["MaximumRecordAgeInSeconds"] < 86_400
    assert "MaximumRetryAttempts" not in mapping
    variables = of_type(telling, FUNCTION)["PublisherFunction"]["Environment"]["Variables"]
    assert reference(variables["DEAD_LETTER_QUEUE_URL"]) == "PublisherDeadLetterQueue"
    assert reference(mapping["DestinationConfig"]["OnFailure"]["Destination"]) == "PublisherDeadLetterQueue"
    [pattern] = mapping["FilterCriteria"]["Filters"]
    assert json.loads(pattern["Pattern"]) == {
        "eventName": ["INSERT", "MODIFY"],
        "dynamodb": {"NewImage": {"facts": {"S": [{"exists": True}]}}},
    }


def test_it_may_read_the_stream_and_tell_and_nothing_else(telling: Json) -> None:
    """It cannot read or write a table."""
    [policy] = of_type(telling, "AWS::IAM::Role")["PublisherRole"]["Policies"]
    found = {statement["Sid"]: statement["Action"] for statement in policy["PolicyDocument"]["Statement"]}
    assert found == {
        "WriteLogs": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "ReadChanges": ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"],
        "TellOtherPrograms": "events:PutEvents",
        "KeepWhatWasGivenUp": "sqs:SendMessage",
    }


def test_it_alarms_when_it_falls_behind(telling: Json) -> None:
    """Ten minutes, long before anything is given up."""
    alarm = of_type(telling, "AWS::CloudWatch::Alarm")["PublisherBehind"]
    assert (alarm["Namespace"], alarm["MetricName"], alarm["Statistic"]) == ("AWS/Lambda", "IteratorAge", "Maximum")
    assert reference(alarm["Dimensions"][0]["Value"]) == "PublisherFunction"
    assert alarm["Threshold"] == 600_000
    assert alarm["AlarmActions"] == [{"Ref": "AlertTopic"}]
