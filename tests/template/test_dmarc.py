"""DMARC reports: there only where wanted, a bucket that none but SES's own rule writes to, and no rule set taken over."""

from pathlib import Path

import pytest

from tests.support.template import Json, of_type, reference, resolve

DOMAIN = "dmarc.example.com"
ARN = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/"
OURS = {
    "DmarcTable",
    "MailBucket",
    "MailBucketPolicy",
    "MailBucketInvokesDmarcReports",
    "DmarcReportsFunction",
    "DmarcReportsDeadLetterQueue",
    "DmarcReportsLogGroup",
    "DmarcReportsRole",
    "DmarcReportsReadMailBucket",
    "DmarcReportsDeadLetterQueueNotEmpty",
    "DmarcReportsFunctionErrors",
}
OUTPUTS = {"DmarcTableName", "MailBucketName", "DmarcReportsFunctionName", "DmarcReportsDeadLetterQueueUrl"}


@pytest.fixture(scope="module")
def reading(template: Json) -> Json:
    """Return the stack with reports switched on."""
    return resolve(template, DmarcReports="on")


@pytest.fixture(scope="module")
def receiving(template: Json) -> Json:
    """Return the stack that has its own rule for mailed reports."""
    return resolve(template, DmarcReports="on", DmarcReportsDomain=DOMAIN)


def test_nothing_is_there_by_default(stack: Json, reading: Json) -> None:
    """What is made for reports is made by one parameter, whole."""
    assert reading["Resources"].keys() - stack["Resources"].keys() == OURS
    assert reading["Outputs"].keys() - stack["Outputs"].keys() == OUTPUTS
    assert resolve_off(stack) == set()


def resolve_off(stack: Json) -> set[str]:
    """What of ours is in a stack without reports."""
    return {name for name in OURS if name in stack["Resources"]}


@pytest.mark.parametrize("parameters", [{}, {"DmarcReportsDomain": DOMAIN}, {"ReceiptRuleSetName": "default"}])
def test_a_domain_without_reports_makes_no_rule(template: Json, parameters: dict[str, str | int]) -> None:
    """A receipt rule would put mail into a bucket that there is not."""
    stack = resolve(template, **parameters)
    assert of_type(stack, "AWS::SES::ReceiptRule") == {}
    assert of_type(stack, "AWS::SES::ReceiptRuleSet") == {}
    assert resolve_off(stack) == set()


def test_emulators_get_no_rule(template: Json) -> None:
    """They know none; the rest is there."""
    stack = resolve(template, DmarcReports="on", DmarcReportsDomain=DOMAIN, EmulatorEndpoint="http://127.0.0.1:4566")
    assert of_type(stack, "AWS::SES::ReceiptRule") == {}
    assert stack["Resources"].keys() >= OURS


def test_the_rule_puts_mail_to_the_domain_into_the_bucket(receiving: Json) -> None:
    """When the bucket's policy lets it, which SES tries out; rules behind it go on."""
    rule = of_type(receiving, "AWS::SES::ReceiptRule")["DmarcReceiptRule"]
    assert receiving["Resources"]["DmarcReceiptRule"]["DependsOn"] == "MailBucketPolicy"
    assert reference(rule["RuleSetName"]) == "DmarcReceiptRuleSet"
    assert rule["Rule"]["Recipients"] == [DOMAIN]
    assert rule["Rule"]["Enabled"] is True
    [action] = rule["Rule"]["Actions"]
    assert action == {"S3Action": {"BucketName": {"Ref": "MailBucket"}, "ObjectKeyPrefix": "inbox/"}}


def test_a_rule_set_that_is_there_is_added_to(template: Json) -> None:
    """None is made then, and none is ever activated: a Region has one, and CloudFormation has no resource for that."""
    stack = resolve(template, DmarcReports="on", DmarcReportsDomain=DOMAIN, ReceiptRuleSetName="theirs")
    assert of_type(stack, "AWS::SES::ReceiptRuleSet") == {}
    assert of_type(stack, "AWS::SES::ReceiptRule")["DmarcReceiptRule"]["RuleSetName"] == "theirs"
    assert stack["Outputs"]["DmarcReceiptRuleSetName"]["Value"] == "theirs"


@pytest.mark.parametrize("rule_set", ["", "theirs"])
def test_only_our_rule_of_this_account_writes_to_the_bucket(template: Json, rule_set: str) -> None:
    """And anybody only by TLS."""
    stack = resolve(template, DmarcReports="on", DmarcReportsDomain=DOMAIN, ReceiptRuleSetName=rule_set)
    tls, ses = of_type(stack, "AWS::S3::BucketPolicy")["MailBucketPolicy"]["PolicyDocument"]["Statement"]
    assert (tls["Effect"], tls["Principal"], tls["Action"]) == ("Deny", "*", "s3:*")
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert (ses["Effect"], ses["Principal"], ses["Action"]) == ("Allow", {"Service": "ses.amazonaws.com"}, "s3:PutObject")
    assert ses["Resource"] == {"Fn::Sub": "${MailBucket.Arn}/inbox/*"}
    condition = ses["Condition"]["StringEquals"]
    assert condition["aws:SourceAccount"] == {"Ref": "AWS::AccountId"}
    arn, names = condition["aws:SourceArn"]["Fn::Sub"]
    assert arn.endswith(":receipt-rule-set/${Set}:receipt-rule/${AWS::StackName}-dmarc")
    made = of_type(stack, "AWS::SES::ReceiptRuleSet").get("DmarcReceiptRuleSet", {}).get("RuleSetName")
    assert names == {"Set": made or "theirs"}


def test_ses_writes_nothing_where_there_is_no_rule(reading: Json) -> None:
    """The statement is gone, not only the rule."""
    [tls] = of_type(reading, "AWS::S3::BucketPolicy")["MailBucketPolicy"]["PolicyDocument"]["Statement"]
    assert tls["Sid"] == "TlsOnly"


def test_the_bucket_is_private_encrypted_and_forgets(template: Json, reading: Json) -> None:
    """As the quarantine is; with the customer's key where there is one."""
    bucket, quarantine = (of_type(reading, "AWS::S3::Bucket")[name] for name in ("MailBucket", "QuarantineBucket"))
    for key in ("BucketEncryption", "PublicAccessBlockConfiguration", "OwnershipControls", "LifecycleConfiguration"):
        assert bucket[key] == quarantine[key]
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert reading["Resources"]["MailBucket"]["DeletionPolicy"] == "Retain"
    keyed = of_type(resolve(template, DmarcReports="on", UseCustomerManagedKey="true"), "AWS::S3::Bucket")["MailBucket"]
    [rule] = keyed["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


def test_what_comes_in_invokes_the_function_and_what_is_refused_does_not(reading: Json) -> None:
    """Else a copy that is set aside would be refused again, and again."""
    [notification] = of_type(reading, "AWS::S3::Bucket")["MailBucket"]["NotificationConfiguration"]["LambdaConfigurations"]
    assert reference(notification["Function"]) == "DmarcReportsFunction"
    assert notification["Event"] == "s3:ObjectCreated:*"
    assert notification["Filter"] == {"S3Key": {"Rules": [{"Name": "prefix", "Value": "inbox/"}]}}
    permission = of_type(reading, "AWS::Lambda::Permission")["MailBucketInvokesDmarcReports"]
    assert permission["SourceAccount"] == {"Ref": "AWS::AccountId"}
    assert permission["Principal"] == "s3.amazonaws.com"


def test_bucket_and_function_do_not_wait_for_each_other(reading: Json) -> None:
    """The bucket waits for the permission, that for the function, and that for its role: none of them names the bucket."""
    assert reading["Resources"]["MailBucket"]["DependsOn"] == "MailBucketInvokesDmarcReports"
    for name in ("MailBucketInvokesDmarcReports", "DmarcReportsFunction", "DmarcReportsRole"):
        assert "MailBucket" not in str(reading["Resources"][name]).replace("MailBucketInvokes", "")


def test_the_function_may_do_this_and_no_more(template: Json, reading: Json) -> None:
    """Its log, its table, its bucket, alerts, its dead-letter queue."""
    [inline] = of_type(reading, "AWS::IAM::Role")["DmarcReportsRole"]["Policies"]
    apart = of_type(reading, "AWS::IAM::Policy")["DmarcReportsReadMailBucket"]
    assert apart["Roles"] == [{"Ref": "DmarcReportsRole"}]
    statements = inline["PolicyDocument"]["Statement"] + apart["PolicyDocument"]["Statement"]
    assert {statement["Sid"]: statement["Action"] for statement in statements} == {
        "WriteLogs": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "KeepReportsAndCountAlerts": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
        "AlertPeople": "sns:Publish",
        "AlertMachines": "events:PutEvents",
        "KeepFailedEvents": "sqs:SendMessage",
        "ReadWhatCameIn": "s3:GetObject",
        "SetAsideWhatIsBad": ["s3:PutObject", "s3:GetObject"],
        "TellWhatIsGone": "s3:ListBucket",
    }
    resources = {statement["Sid"]: statement["Resource"] for statement in statements}
    assert resources["ReadWhatCameIn"] == {"Fn::Sub": "${MailBucket.Arn}/inbox/*"}
    assert resources["SetAsideWhatIsBad"] == {"Fn::Sub": "${MailBucket.Arn}/refused/*"}
    assert resources["KeepReportsAndCountAlerts"] == {"Fn::Sub": [ARN + "${Table}", {"Table": {"Ref": "DmarcTable"}}]}
    assert all(statement["Effect"] == "Allow" and statement["Resource"] != "*" for statement in statements)
    keyed = resolve(template, DmarcReports="on", UseCustomerManagedKey="true")
    [inline] = of_type(keyed, "AWS::IAM::Role")["DmarcReportsRole"]["Policies"]
    assert inline["PolicyDocument"]["Statement"][-1]["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]


def test_what_fails_is_tried_three_times_and_kept(reading: Json) -> None:
    """For two weeks, in a queue of its own."""
    function = of_type(reading, "AWS::Serverless::Function")["DmarcReportsFunction"]
    config = function["EventInvokeConfig"]
    assert config["MaximumRetryAttempts"] == 2
    assert reference(config["DestinationConfig"]["OnFailure"]["Destination"]) == "DmarcReportsDeadLetterQueue"
    assert of_type(reading, "AWS::SQS::Queue")["DmarcReportsDeadLetterQueue"]["MessageRetentionPeriod"] == 14 * 86_400


def test_the_function_has_its_table_and_how_long_reports_are_kept(template: Json) -> None:
    """A table given by name is used as it is."""
    stack = resolve(template, DmarcReports="on", DmarcRetentionDays=30, ExistingDmarcTableName="old")
    variables = of_type(stack, "AWS::Serverless::Function")["DmarcReportsFunction"]["Environment"]["Variables"]
    assert (variables["DMARC_TABLE"], variables["DMARC_RETENTION_DAYS"]) == ("old", 30)
    assert reference(variables["ALERT_TOPIC_ARN"]) == "AlertTopic"
    assert "DmarcTable" not in stack["Resources"]
    assert stack["Outputs"]["DmarcTableName"]["Value"] == "old"


def test_the_table_is_kept_backed_up_protected_and_forgets(template: Json, reading: Json) -> None:
    """As all tables."""
    table, other = (of_type(reading, "AWS::DynamoDB::Table")[name] for name in ("DmarcTable", "EventsTable"))
    for key in ("BillingMode", "TimeToLiveSpecification", "PointInTimeRecoverySpecification", "DeletionProtectionEnabled"):
        assert table[key] == other[key]
    resource = reading["Resources"]["DmarcTable"]
    assert (resource["DeletionPolicy"], resource["UpdateReplacePolicy"]) == ("Retain", "Retain")
    keyed = of_type(resolve(template, DmarcReports="on", UseCustomerManagedKey="true"), "AWS::DynamoDB::Table")["DmarcTable"]
    assert keyed["SSESpecification"]["SSEType"] == "KMS"


def test_only_this_function_carries_parsedmarc() -> None:
    """It has seventy megabytes with what it needs."""
    root = Path(__file__).parents[2]
    carriers = [path for path in root.glob("*/*/requirements.txt") if "parsedmarc==" in path.read_text(encoding="utf-8")]
    assert [path.parent.name for path in carriers] == ["dmarc_reports"]
