"""The rights that the template gives are those of the calls that are made: no emulator here enforces them."""

from typing import Any

from ses_warden.adapters.ledger import Tables
from tests.integration.harness import World, through_queue
from tests.support.samples import names, ses
from tests.support.template import load, of_type, resolve

# Where a refusal comes without the row that is in the way, which MiniStack always sends.
ONLY_ON_AWS = {("EventsTable", "dynamodb:GetItem")}
_OF_ACTION = {"Put": "dynamodb:PutItem", "Update": "dynamodb:UpdateItem"}


def calls(operation: str, request: dict[str, Any]) -> set[tuple[str, str]]:
    """The tables, or their indexes, that a request names, each with the action that IAM asks for."""
    if operation == "TransactWriteItems":
        return {(spec["TableName"], _OF_ACTION[kind]) for action in request["TransactItems"] for kind, spec in action.items()}
    if "RequestItems" in request:
        return {(table, f"dynamodb:{operation}") for table in request["RequestItems"]}
    index = f"/index/{request['IndexName']}" if "IndexName" in request else ""
    return {(request["TableName"] + index, f"dynamodb:{operation}")}


def granted() -> set[tuple[str, str]]:
    """What the functions may do with which table, or index of it."""
    policy = of_type(resolve(load()), "AWS::IAM::ManagedPolicy")["RecordEventsPolicy"]["PolicyDocument"]
    rights: set[tuple[str, str]] = set()
    for statement in policy["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        text, values = statement["Resource"]["Fn::Sub"] if isinstance(statement["Resource"]["Fn::Sub"], list) else ("", {})
        if values:
            resource = values["Table"]["Ref"] + text.partition("table/${Table}")[2]
            rights |= {(resource, action) for action in actions}
    return rights


def test_recording_needs_the_rights_that_the_template_gives(endpoint: str, tables: Tables) -> None:
    """All samples, twice, with their twins and heals, use each right, and no other."""
    environment = World(endpoint, tables).environment()
    samples = [ses(name) for name in (*names("identity"), *names("publishing")) if name != "unknown-type"]
    for _ in range(2):
        for sample in samples:
            assert environment.record(through_queue(sample)).error is None

    made = zip(environment.wire.calls, environment.wire.requests, strict=True)
    used = {right for operation, request in made for right in calls(operation, request)}
    logical = {tables.events: "EventsTable", tables.suppression: "SuppressionTable", tables.reputation: "ReputationTable"}
    named = {(logical[table.partition("/")[0]] + "".join(table.partition("/")[1:]), action) for table, action in used}
    assert named | ONLY_ON_AWS == granted()
