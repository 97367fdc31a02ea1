"""Tables, quarantine, logs and key: kept, protected, encrypted, and purged in time."""

import pytest

from ses_warden.domain.counters import WATCHED
from tests.support.template import Json, of_type, resolve

TABLE = "AWS::DynamoDB::Table"
KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd"
EXISTING_TABLES = {
    "ExistingEventsTableName": "old-events",
    "ExistingSuppressionTableName": "old-suppression",
    "ExistingReputationTableName": "old-reputation",
}

TABLES: dict[str, tuple[tuple[str, str], dict[str, tuple[tuple[str, str], set[str]]]]] = {
    "EventsTable": (
        ("message_id", "event"),
        {
            "by_recipient": (("recipient", "at"), {"kind", "status"}),
            "by_day": (("day", "at"), {"sender", "subject", "configuration_set", "tenant", "tags", "kind"}),
        },
    ),
    "SuppressionTable": (("address", "scope"), {}),
    "ReputationTable": (
        ("scope", "item"),
        {"by_activity": (("active_hour", "scope"), set()), "by_change": (("changed_in", "changed_at"), {*WATCHED, "progress"})},
    ),
}


def test_there_are_three_tables(stack: Json) -> None:
    """A table that is added is tested as well."""
    assert of_type(stack, TABLE).keys() == TABLES.keys()


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_the_keys_and_indexes_that_the_ledger_uses(stack: Json, name: str) -> None:
    """Keys, index keys and projected attributes are as designed, and no attribute is defined in vain."""
    keys, indexes = TABLES[name]
    table = of_type(stack, TABLE)[name]
    assert _keys(table) == keys
    found = {index["IndexName"]: index for index in table.get("GlobalSecondaryIndexes", [])}
    assert found.keys() == indexes.keys()
    for index, (index_keys, attributes) in indexes.items():
        projection = found[index]["Projection"]
        assert _keys(found[index]) == index_keys
        assert projection["ProjectionType"] == ("INCLUDE" if attributes else "KEYS_ONLY")
        assert set(projection.get("NonKeyAttributes", [])) == attributes
    used = {*keys, *(key for index_keys, _ in indexes.values() for key in index_keys)}
    assert {(a["AttributeName"], a["AttributeType"]) for a in table["AttributeDefinitions"]} == {(key, "S") for key in used}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_on_demand_backed_up_and_purged(stack: Json, name: str) -> None:
    """It costs nothing idle, can be restored to any second of 35 days, and expires rows by `purge_at`."""
    table = of_type(stack, TABLE)[name]
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "purge_at", "Enabled": True}


@pytest.mark.parametrize("name", TABLES)
def test_a_tables_deletion_is_refused_unless_allowed(template: Json, name: str) -> None:
    """Deletion protection is on by default and a parameter."""
    assert of_type(resolve(template), TABLE)[name]["DeletionProtectionEnabled"] is True
    assert of_type(resolve(template, TablesDeletionProtection="false"), TABLE)[name]["DeletionProtectionEnabled"] is False


@pytest.mark.parametrize("name", [*TABLES, "QuarantineBucket", "Key"])
def test_data_and_its_key_outlive_the_stack(template: Json, name: str) -> None:
    """Deleting or replacing the resource in a stack leaves it in the account."""
    body = template["Resources"][name]
    assert (body["DeletionPolicy"], body["UpdateReplacePolicy"]) == ("Retain", "Retain")


def test_tables_of_an_earlier_stack_are_taken_up(template: Json) -> None:
    """With all names given, no table is made, and functions and outputs name the old ones."""
    stack = resolve(template, **EXISTING_TABLES)
    assert of_type(stack, TABLE) == {}
    variables = of_type(stack, "AWS::Serverless::Function")["FeedbackFunction"]["Environment"]["Variables"]
    for parameter, name in EXISTING_TABLES.items():
        assert stack["Outputs"][parameter.removeprefix("Existing")]["Value"] == name
        assert variables[parameter.removeprefix("Existing").removesuffix("TableName").upper() + "_TABLE"] == name


@pytest.mark.parametrize(("units", "warm"), [(0, None), (8000, {"WriteUnitsPerSecond": 8000})])
def test_the_events_table_is_warmed_with_its_indexes(template: Json, units: int, warm: Json | None) -> None:
    """An index that is slower than its table would throttle the table."""
    table = of_type(resolve(template, EventsTableWarmWriteUnits=units), TABLE)["EventsTable"]
    assert [part.get("WarmThroughput") for part in (table, *table["GlobalSecondaryIndexes"])] == [warm] * 3


def test_the_quarantine_is_private(stack: Json) -> None:
    """No access list, no public access, and every request by TLS."""
    bucket = of_type(stack, "AWS::S3::Bucket")["QuarantineBucket"]
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["OwnershipControls"] == {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    statement, *others = of_type(stack, "AWS::S3::BucketPolicy")["QuarantineBucketPolicy"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Resource"] == [{"Fn::GetAtt": ["QuarantineBucket", "Arn"]}, {"Fn::Sub": "${QuarantineBucket.Arn}/*"}]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    # SES alone may read, for this account, and nothing but the files of import jobs.
    for one, name in zip(others, ("aws:SourceAccount", "aws:Referer"), strict=True):
        assert (one["Principal"], one["Action"]) == ({"Service": "ses.amazonaws.com"}, "s3:GetObject")
        assert one["Resource"] == {"Fn::Sub": "${QuarantineBucket.Arn}/suppression-sync/*"}
        assert one["Condition"] == {"StringEquals": {name: {"Ref": "AWS::AccountId"}}}


def test_what_is_quarantined_expires_for_good(template: Json) -> None:
    """Objects go after the chosen days, and no older version stays behind."""
    bucket = of_type(resolve(template, QuarantineRetentionDays=5), "AWS::S3::Bucket")["QuarantineBucket"]
    [rule] = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 5)
    assert "VersioningConfiguration" not in bucket


@pytest.mark.parametrize("name", ["FeedbackLogGroup", "ActivityLogGroup", "GuardLogGroup"])
def test_a_log_expires(template: Json, name: str) -> None:
    """Logs are kept as long as chosen."""
    assert of_type(resolve(template, LogRetentionDays=7), "AWS::Logs::LogGroup")[name]["RetentionInDays"] == 7


def test_everything_is_encrypted_without_a_key_of_ones_own(stack: Json) -> None:
    """Queues and quarantine use SQS's and S3's own keys; tables and logs are encrypted by AWS unasked."""
    assert of_type(stack, "AWS::KMS::Key") == {}
    for queue in of_type(stack, "AWS::SQS::Queue").values():
        assert queue["SqsManagedSseEnabled"] is True
        assert "KmsMasterKeyId" not in queue
    assert _bucket_encryption(stack) == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}


@pytest.mark.parametrize(
    ("parameters", "key"),
    [
        ({"UseCustomerManagedKey": "true"}, {"Fn::GetAtt": ["Key", "Arn"]}),
        ({"ExistingKeyArn": KEY}, KEY),
        ({"UseCustomerManagedKey": "true", "ExistingKeyArn": KEY}, KEY),
    ],
)
def test_one_key_encrypts_everything_when_chosen(template: Json, parameters: dict[str, str | int], key: Json | str) -> None:
    """Topics, queues, tables, quarantine and logs use the created key, or the existing one and then no other."""
    stack = resolve(template, **parameters)
    assert len(of_type(stack, "AWS::KMS::Key")) == ("ExistingKeyArn" not in parameters)
    for topic in of_type(stack, "AWS::SNS::Topic").values():
        assert topic["KmsMasterKeyId"] == key
    for queue in of_type(stack, "AWS::SQS::Queue").values():
        assert queue["KmsMasterKeyId"] == key
        assert "SqsManagedSseEnabled" not in queue  # SQS takes one of the two
    for table in of_type(stack, TABLE).values():
        assert table["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
    for log in of_type(stack, "AWS::Logs::LogGroup").values():
        assert log["KmsKeyId"] == key
    assert _bucket_encryption(stack) == {
        "BucketKeyEnabled": True,
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
    }
    assert stack["Outputs"]["KeyArn"]["Value"] == key


def _keys(schema: Json) -> tuple[str, str]:
    (partition, sort) = schema["KeySchema"]
    assert (partition["KeyType"], sort["KeyType"]) == ("HASH", "RANGE")
    return partition["AttributeName"], sort["AttributeName"]


def _bucket_encryption(stack: Json) -> Json:
    bucket = of_type(stack, "AWS::S3::Bucket")["QuarantineBucket"]
    [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    return dict(rule)
