"""Whether a resource's policy lets a service in: the statements that are written, and those that strangers write."""

import json
from typing import Any

import pytest

from ses_warden.domain.policies import Caller, Grant, grant

TOPIC = "arn:aws:sns:eu-west-1:111122223333:feedback"
SES = Caller("ses.amazonaws.com", "111122223333", "arn:aws:ses:eu-west-1:111122223333:configuration-set/mail")
ACCOUNT = {"StringEquals": {"AWS:SourceAccount": "111122223333"}}


def statement(**changed: Any) -> dict[str, Any]:
    """The statement of the template, changed; None takes a part away."""
    usual = {
        "Effect": "Allow",
        "Principal": {"Service": "ses.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": TOPIC,
        "Condition": ACCOUNT,
    }
    return {name: value for name, value in (usual | changed).items() if value is not None}


DENY = statement(Effect="Deny", Condition=None)

CASES = {
    "as the template has it": ([statement()], Grant.ALLOWED),
    "one statement that is no list": (statement(), Grant.ALLOWED),
    "the account in a pattern of ARNs": (
        [statement(Condition={"ArnLike": {"aws:SourceArn": ["arn:aws:ses:*:111122223333:identity/*", SES.arn[:-4] + "*"]}})],
        Grant.ALLOWED,
    ),
    "both conditions": (
        [statement(Condition={**ACCOUNT, "ArnLike": {"AWS:SourceArn": "arn:aws:ses:*:111122223333:*"}})],
        Grant.ALLOWED,
    ),
    "several services and actions": (
        [statement(Principal={"Service": ["sns.amazonaws.com", "ses.amazonaws.com"]}, Action=["sns:Subscribe", "SNS:publish"])],
        Grant.ALLOWED,
    ),
    "all actions of the service": ([statement(Action="sns:*")], Grant.ALLOWED),
    "no condition": ([statement(Condition=None)], Grant.ANYBODY),
    "everybody, of this account": ([statement(Principal="*")], Grant.ALLOWED),
    "any resource": ([statement(Resource="*")], Grant.ALLOWED),
    "another account": ([statement(Condition={"StringEquals": {"AWS:SourceAccount": "999999999999"}})], Grant.NONE),
    "another configuration set": ([statement(Condition={"ArnEquals": {"aws:SourceArn": SES.arn + "-2"}})], Grant.NONE),
    "another service": ([statement(Principal={"Service": "s3.amazonaws.com"})], Grant.NONE),
    "another action": ([statement(Action="sns:Subscribe")], Grant.NONE),
    "another topic": ([statement(Resource=TOPIC + "-2")], Grant.NONE),
    "no statement": ([], Grant.NONE),
    "the owner's condition of a new topic": (
        [statement(Principal={"AWS": "*"}, Condition={"StringEquals": {"AWS:SourceOwner": "111122223333"}})],
        Grant.UNCLEAR,
    ),
    "a condition that nobody can judge from here": (
        [statement(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})],
        Grant.UNCLEAR,
    ),
    "… and another account": (
        [statement(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "StringEquals": {"aws:SourceAccount": "9"}})],
        Grant.NONE,
    ),
    "denied beside allowed": ([statement(), DENY], Grant.DENIED),
    "denied before allowed": ([DENY, statement()], Grant.DENIED),
    "denied without TLS, which services have": (
        [statement(), statement(Effect="Deny", Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}})],
        Grant.ALLOWED,
    ),
    "denied to other accounts": (
        [statement(), statement(Effect="Deny", Condition={"StringNotEquals": {"aws:SourceAccount": "111122223333"}})],
        Grant.ALLOWED,
    ),
    "denied outside an organisation": (
        [statement(), statement(Effect="Deny", Condition={"StringNotEquals": {"aws:SourceOrgID": "o-1"}})],
        Grant.UNCLEAR,
    ),
    "denied to all but somebody": (
        [statement(), statement(Effect="Deny", Principal=None, NotPrincipal={"Service": "s3.amazonaws.com"}, Condition=None)],
        Grant.DENIED,
    ),
    "allowed all but something": ([statement(Action=None, NotAction="sns:Subscribe")], Grant.ALLOWED),
    "denied to another service": (
        [statement(), statement(Effect="Deny", Principal={"Service": "s3.amazonaws.com"})],
        Grant.ALLOWED,
    ),
    "denied to all but somebody else": (
        [
            statement(),
            statement(Effect="Deny", Principal=None, NotPrincipal={"AWS": "arn:aws:iam::111122223333:root"}, Condition=None),
        ],
        Grant.DENIED,
    ),
    "denied to all but SES": (
        [statement(), statement(Effect="Deny", Principal=None, NotPrincipal={"Service": "ses.amazonaws.com"}, Condition=None)],
        Grant.ALLOWED,
    ),
    "all actions but one denied": (
        [statement(), statement(Effect="Deny", Action=None, NotAction="sns:Subscribe", Condition=None)],
        Grant.DENIED,
    ),
    "all but this action denied": (
        [statement(), statement(Effect="Deny", Action=None, NotAction="sns:Publish", Condition=None)],
        Grant.ALLOWED,
    ),
    "all topics but another denied": (
        [statement(), statement(Effect="Deny", Resource=None, NotResource=TOPIC + "-2", Condition=None)],
        Grant.DENIED,
    ),
    "another topic allowed by exception": ([statement(Resource=None, NotResource=TOPIC)], Grant.NONE),
    "denied to people, by their being no service": (
        [statement(), statement(Effect="Deny", Principal="*", Condition={"Bool": {"aws:PrincipalIsAWSService": "false"}})],
        Grant.ALLOWED,
    ),
    "denied to services": (
        [statement(), statement(Effect="Deny", Principal="*", Condition={"BoolIfExists": {"aws:PrincipalIsAWSService": "true"}})],
        Grant.DENIED,
    ),
    "denied without a source": (
        [statement(), statement(Effect="Deny", Condition={"Null": {"aws:SourceArn": "true"}})],
        Grant.ALLOWED,
    ),
    "a star where only patterns have stars": (
        [statement(Condition={"StringEquals": {"aws:SourceArn": SES.arn[:-4] + "*"}})],
        Grant.NONE,
    ),
    "another case": ([statement(Condition={"StringEquals": {"aws:SourceArn": SES.arn[:-4] + "Mail"}})], Grant.NONE),
    "another case, which does not matter": (
        [statement(Condition={"StringEqualsIgnoreCase": {"aws:SourceArn": SES.arn[:-4] + "Mail"}})],
        Grant.ALLOWED,
    ),
    "a star of an ARN that would reach over colons": (
        [statement(Condition={"ArnLike": {"aws:SourceArn": "arn:aws:*:111122223333:configuration-set/*"}})],
        Grant.NONE,
    ),
    "another partition": (
        [statement(Condition={"ArnLike": {"aws:SourceArn": SES.arn.replace("arn:aws:", "arn:aws-us-gov:")}})],
        Grant.NONE,
    ),
    "an unknown operator": ([statement(Condition={"ForAnyValue:StringEquals": {"aws:SourceArn": SES.arn}})], Grant.UNCLEAR),
    "pattern characters are no regular expression": ([statement(Action="sns:P.blish")], Grant.NONE),
    "a question mark": ([statement(Action="sns:P?blish")], Grant.ALLOWED),
}


@pytest.mark.parametrize("case", CASES)
def test_a_policy_grants_what_its_statements_say(case: str) -> None:
    """The template's, and what may have become of it."""
    statements, expected = CASES[case]
    assert grant(json.dumps({"Version": "2012-10-17", "Statement": statements}), SES, "sns:Publish", TOPIC) is expected


@pytest.mark.parametrize("policy", ["", "null", "[]", "{", '{"Statement": "x"}', '{"Statement": [1]}', "[" * 100_000])
def test_what_is_no_policy_grants_nothing(policy: str) -> None:
    """And raises nothing."""
    assert grant(policy, SES, "sns:Publish", TOPIC) is Grant.NONE


def test_a_key_is_granted_by_a_pattern_of_actions() -> None:
    """`kms:GenerateDataKey*`, on the resource `*`, which is the key itself."""
    policy = json.dumps({"Statement": statement(Action=["kms:Decrypt", "kms:GenerateDataKey*"], Resource="*")})
    assert grant(policy, SES, "kms:GenerateDataKey", "*") is Grant.ALLOWED
    assert grant(policy, SES, "kms:Encrypt", "*") is Grant.NONE
