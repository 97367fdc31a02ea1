"""What `doctor` goes by, and how it is shown."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from ses_warden.application.send_test import WANTED
from ses_warden.bootstrap.connection import Connection, Place
from ses_warden.bootstrap.doctor import Doctor, Probe
from ses_warden.domain.findings import Finding, Standing
from ses_warden.errors import LedgerError, NotSent, SettingsError
from ses_warden_cli.pipeline.doctor import deserves_a_look, show_findings

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-west-1:111122223333:feedback"


class Asked(Connection):
    """A connection whose clients have nobody to talk to but their stubs."""

    def __init__(self, **uses: str) -> None:
        super().__init__(Place(stack="mail", uses=uses, region="eu-west-1"))
        self.clients: dict[str, Any] = {}

    def client(self, service: str, **_: Any) -> Any:
        """One of each."""
        if service not in self.clients:
            made: Any = boto3.client  # its stubs take literal names of services only
            self.clients[service] = made(service, region_name="eu-west-1", aws_access_key_id="t", aws_secret_access_key="t")
        return self.clients[service]


def described(**outputs: str) -> dict[str, Any]:
    """CloudFormation's answer about a stack that watches two sets."""
    parameters = {"ConfigurationSetName": "unused", "ExistingConfigurationSetName": "mail", "AdditionalConfigurationSet3": "news"}
    stack = {
        "StackName": "mail",
        "CreationTime": NOW,
        "StackStatus": "CREATE_COMPLETE",
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
    }
    return {"Stacks": [stack]}


@contextmanager
def stacked(resources: list[dict[str, Any]] | str, **outputs: str) -> Iterator[Connection]:
    """A connection to a stack, whose parts are told or refused."""
    connection = Asked()
    with ExitStack() as entered:
        stub = entered.enter_context(Stubber(connection.client("cloudformation")))
        stub.add_response("describe_stacks", described(**outputs), {"StackName": "mail"})
        if isinstance(resources, str):
            stub.add_client_error("list_stack_resources", resources)
        for page in resources if isinstance(resources, list) else ():
            stub.add_response("list_stack_resources", page)
        yield connection


def part(logical: str, physical: str) -> dict[str, Any]:
    """A part of a stack."""
    kind = {"ResourceType": "T", "LastUpdatedTimestamp": NOW, "ResourceStatus": "CREATE_COMPLETE"}
    return {"LogicalResourceId": logical, "PhysicalResourceId": physical, **kind}


def test_a_stack_is_what_its_parameters_outputs_and_parts_say() -> None:
    """Outputs go over parameters; parts come in pages."""
    pages: list[dict[str, Any]] = [
        {"StackResourceSummaries": [part("TenantStatusRule", "mail-rule")], "NextToken": "n"},
        {"StackResourceSummaries": [part("PublisherFunction", "mail-publisher")]},
    ]
    with stacked(pages, FeedbackTopicArn=TOPIC, ConfigurationSetName="mail") as connection:
        plan = Doctor(connection).plan
    assert list(plan.sets()) == ["mail", "news"]
    assert (plan.of("FeedbackTopicArn"), plan.since) == (TOPIC, NOW)
    assert plan.resources == {"TenantStatusRule": "mail-rule", "PublisherFunction": "mail-publisher"}


def test_parts_that_may_not_be_asked_for_hide_nothing_else() -> None:
    """They are unknown."""
    with stacked("AccessDenied", FeedbackTopicArn=TOPIC) as connection:
        plan = Doctor(connection).plan
    assert (plan.resources, list(plan.sets())) == (None, ["mail", "news"])


def test_another_stack_is_refused() -> None:
    """Instead of being called broken in every part."""
    with (
        stacked([{"StackResourceSummaries": []}], BucketName="x") as connection,
        pytest.raises(SettingsError, match="it is another one"),
    ):
        Doctor(connection)


def test_without_a_stack_things_are_named_as_elsewhere() -> None:
    """By the names of settings, outputs and parameters, in capitals."""
    uses = {
        "EVENTS_TABLE": "events",
        "QUARANTINE_BUCKET": "kept",
        "FEEDBACK_TOPIC_ARN": TOPIC,
        "GUARD_MODE": "off",
        "CONFIGURATION_SET": "a",
    }
    plan = Doctor(Asked(**uses, ADDITIONAL_CONFIGURATION_SET1="b")).plan
    found = [plan.of(name) for name in ("EventsTableName", "QuarantineBucketName", "FeedbackTopicArn", "GuardMode")]
    assert found == ["events", "kept", TOPIC, "off"]
    assert list(plan.sets()) == ["a", "b"]
    assert plan.resources is None


def test_what_is_no_arn_is_refused() -> None:
    """Before anything is asked."""
    with pytest.raises(SettingsError, match="FeedbackTopicArn is no ARN of a topic: feedback"):
        Doctor(Asked(FEEDBACK_TOPIC_ARN="feedback"))


@pytest.mark.parametrize(
    ("uses", "wanted", "words"),
    [
        ({"CONFIGURATION_SET_NAME": "mail", "EVENTS_TABLE": "e"}, "other", "other is none of the watched configuration sets: mail"),
        ({"EVENTS_TABLE": "e"}, None, "no set is none of the watched configuration sets: none is named"),
        ({"CONFIGURATION_SET_NAME": "mail"}, None, "EVENTS_TABLE"),
        (
            {"CONFIGURATION_SET_NAME": "mail", "EVENTS_TABLE": "e", "DRILL_CONFIGURATION_SET_NAME": "mail"},
            None,
            "where mail to the simulator counts",
        ),
    ],
)
def test_a_test_that_cannot_be_made_is_refused_before_anything_is_sent(
    uses: dict[str, str], wanted: str | None, words: str
) -> None:
    """With what would help."""
    with pytest.raises(SettingsError, match=re.escape(words)):
        Doctor(Asked(**uses)).probe("ops@example.com", wanted)


class Neither:
    """Takes mail, and cannot tell what came; or does not take it."""

    def __init__(self, *, takes: bool) -> None:
        self.takes = takes

    def send(self, sender: str, recipient: str, configuration_set: str) -> str:
        """As the port."""
        if not self.takes:
            raise NotSent("MessageRejected")
        return f"{sender}{recipient}{configuration_set}"

    def rows(self, message_ids: Any) -> Any:
        """As the port."""
        raise LedgerError(f"AccessDeniedException {len(message_ids)}")


@pytest.mark.parametrize(("takes", "code", "sent"), [(False, "test.sent", 0), (True, "test.seen", len(WANTED))])
def test_what_hinders_a_test_is_its_finding(*, takes: bool, code: str, sent: int) -> None:
    """So that the other lines are shown all the same."""
    both = Neither(takes=takes)
    tried = Probe("mail", "ops@example.com", both, both).run(1, lambda _: None)
    assert ([one.code for one in tried.findings], len(tried.trials)) == ([code], sent)
    assert deserves_a_look(tried.findings, strict=False)


def finding(code: str, standing: Standing, where: str = "here", what: str = "what") -> Finding:
    """A line."""
    return Finding(code, standing, where, what, "" if standing is Standing.OK else "Mend it.", "https://docs.aws.amazon.com/x")


@pytest.mark.parametrize(
    ("code", "standing", "lax", "strict"),
    [
        ("queue.dead", Standing.OK, False, False),
        ("queue.dead", Standing.UNKNOWN, False, True),
        ("queue.dead", Standing.WARN, True, True),
        ("queue.dead", Standing.BROKEN, True, True),
        ("test.sent", Standing.UNKNOWN, True, True),
    ],
)
def test_the_exit_code_is_about_what_is_bad(code: str, standing: Standing, *, lax: bool, strict: bool) -> None:
    """And, if that is wished, about what may not be seen; a test that was asked for must come to something."""
    found = [finding(code, standing)]
    assert (deserves_a_look(found, strict=False), deserves_a_look(found, strict=True)) == (lax, strict)


def test_lines_are_grouped_by_subject_and_short_where_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    """In the order of the mail's way, with what mends the rest; what strangers wrote is on one line and harmless."""
    show_findings(
        [
            finding("queue.dead", Standing.BROKEN, "DeadLetters", "3 were\x1b[2J given up"),
            finding("function.state", Standing.OK, "Function", "it is active"),
            finding("function.invoker", Standing.OK, "Function", "SNS may invoke it"),
            finding("account.sending", Standing.UNKNOWN, "[bold]account", "could not be seen"),
        ]
    )
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "SES's account",
        "unknown [bold]account could not be seen",
        "→ Mend it.",
        "functions",
        "ok Function it is active; SNS may invoke it",
        "queues",
        "broken DeadLetters 3 were given up",
        "→ Mend it.",
        "https://docs.aws.amazon.com/x",
        "1 broken, 0 warn, 1 unknown, 2 ok",
    ]
