"""`ses-warden domain` as a process, on an emulator behind the local SES."""

import json
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, override
from urllib.parse import parse_qsl

import pytest
from pydantic import TypeAdapter

from ses_warden.domain.vdm import OURS_A_MONTH
from ses_warden_cli.domain import shapes
from ses_warden_simulator.server import Server
from tests.integration.command_line import Run, environment_of, run_apart
from tests.support.dynamo import session
from tests.support.emulator import REGION

NAMESPACE = "http://ses.amazonaws.com/doc/2010-12-01/"
THEIRS = f"arn:aws:sns:{REGION}:111122223333:old-bounces"


class FirstApi(BaseHTTPRequestHandler):
    """Answers GetIdentityNotificationAttributes, which the emulator does not: old domains tell an old topic of bounces."""

    def do_POST(self) -> None:
        """One answer for each identity that is asked about."""
        asked = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        assert asked["Action"] == "GetIdentityNotificationAttributes"
        entries = "".join(self._entry(name) for key, name in asked.items() if key.startswith("Identities.member."))
        result = f"<NotificationAttributes>{entries}</NotificationAttributes>"
        action = "GetIdentityNotificationAttributes"
        body = f'<{action}Response xmlns="{NAMESPACE}"><{action}Result>{result}</{action}Result></{action}Response>'.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _entry(self, name: str) -> str:
        topic = f"<BounceTopic>{THEIRS}</BounceTopic>" if name.startswith("old") else ""
        return f"<entry><key>{name}</key><value>{topic}<ForwardingEnabled>true</ForwardingEnabled></value></entry>"

    @override
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def first_api() -> Iterator[str]:
    """Its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), FirstApi)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def client(endpoint: str, simulator: Server) -> Callable[[str], Any]:  # noqa: ARG001 - it skips where identities are real
    """Clients of the emulator."""
    made: Any = session().client
    return lambda service: made(service, endpoint_url=endpoint)


@pytest.fixture
def stack(client: Callable[[str], Any]) -> Iterator[str]:
    """A stack that has what the command asks the outputs for: a topic, and a set that publishes feedback to it. And a domain."""
    name = f"s-{uuid.uuid4().hex[:8]}"
    destination = {
        "Name": "feedback",
        "Enabled": True,
        "MatchingEventTypes": ["bounce", "complaint"],
        "SnsDestination": {"TopicARN": {"Ref": "Topic"}},
    }
    resources = {
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Set": {"Type": "AWS::SES::ConfigurationSet", "Properties": {"Name": name}},
        "Domain": {
            "Type": "AWS::SES::EmailIdentity",
            "Properties": {
                "EmailIdentity": f"{name}.example",
                "ConfigurationSetAttributes": {"ConfigurationSetName": {"Ref": "Set"}},
            },
        },
        "Destination": {
            "Type": "AWS::SES::ConfigurationSetEventDestination",
            "Properties": {"ConfigurationSetName": {"Ref": "Set"}, "EventDestination": destination},
        },
    }
    outputs = {"FeedbackTopicArn": {"Value": {"Ref": "Topic"}}, "ConfigurationSetName": {"Value": {"Ref": "Set"}}}
    cloudformation = client("cloudformation")
    cloudformation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources, "Outputs": outputs}))
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    yield name
    cloudformation.delete_stack(StackName=name)


@pytest.fixture
def identities(client: Callable[[str], Any], stack: str) -> Iterator[list[str]]:
    """The stack's domain, one in no set that tells an old topic, and an address."""
    suffix, ses = uuid.uuid4().hex[:8], client("sesv2")
    names = [f"{stack}.example", f"old-{suffix}.example", f"jane@old-{suffix}.example"]
    for name in names[1:]:
        ses.create_email_identity(EmailIdentity=name)
    yield names
    for name in names[1:]:
        ses.delete_email_identity(EmailIdentity=name)


@pytest.fixture
def run(endpoint: str, simulator: Server, first_api: str) -> Run:
    """Runs `ses-warden domain` as a process of its own."""
    environment = environment_of(endpoint, simulator.url) | {"AWS_ENDPOINT_URL_SES": first_api}
    return lambda *words, **others: run_apart(["domain", *words], environment | others)


def test_the_list_shows_where_feedback_goes(run: Run, stack: str, identities: list[str]) -> None:
    """The new domain's comes here, the old one's goes past us; without a command the group lists."""
    result = run("--json", "--stack", stack)
    assert (result.returncode, result.stderr) == (1, "")
    printed = TypeAdapter(shapes.Domains).validate_json(result.stdout)
    found = {one["name"]: one for one in printed["identities"]}
    new, old, address = (found[name] for name in identities)
    assert (new["configuration_set"], new["recorded"], new["forwards"], new["topics"]) == (stack, True, True, {})
    assert (old["configuration_set"], old["recorded"], old["topics_elsewhere"]) == ("", False, ["Bounce"])
    assert (address["domain"], address["recorded"]) == (False, False)
    standings = {one["where"]: one["standing"] for one in printed["findings"] if one["code"] == "identity.feedback"}
    assert [standings[name] for name in identities] == ["ok", "warn", "warn"]
    assert (printed["vdm"]["enabled"], printed["vdm"]["mails"]) == (False, 0)


def test_people_see_a_table_and_how_to_mend_it(run: Run, stack: str, identities: list[str]) -> None:
    """Nothing is cut off that is to be copied."""
    result = run("list", "--stack", stack)
    assert (result.returncode, result.stderr) == (1, "")
    assert "recorded" in result.stdout.splitlines()[0]
    [row] = [line for line in result.stdout.splitlines() if line.startswith(identities[0])]
    assert stack in row
    assert (
        f"    aws sesv2 put-email-identity-feedback-attributes --email-identity {identities[0]} --no-email-forwarding-enabled\n"
        in (result.stdout)
    )
    assert "Virtual Deliverability Manager: off" in result.stdout
    assert f"SES Warden about ${OURS_A_MONTH:.2f}" in result.stdout


def test_the_limit_leaves_the_rest_and_says_so(run: Run, stack: str, identities: list[str]) -> None:
    """Only so many are looked at."""
    result = run("list", "--stack", stack, "--limit", "1", "--json")
    printed = TypeAdapter(shapes.Domains).validate_json(result.stdout)
    assert len(printed["identities"]) == 1
    assert printed["not_looked_at"] >= len(identities) - 1


def test_without_a_stack_it_still_lists(run: Run, identities: list[str]) -> None:
    """What needs the stack is unknown, and no finding of itself."""
    result = run("list", "--stack", "no-such-stack", "--json")
    printed = TypeAdapter(shapes.Domains).validate_json(result.stdout)
    assert {one["recorded"] for one in printed["identities"]} == {None}
    assert {one["name"] for one in printed["identities"]} >= set(identities)
    [stack] = [one for one in printed["findings"] if one["code"] == "stack.found"]
    assert (stack["standing"], "does not exist" in stack["what"]) == ("unknown", True)


@pytest.mark.parametrize("words", [["--json"], ["--format", "json"]])
def test_records_are_printed_for_scripts(run: Run, client: Callable[[str], Any], identities: list[str], words: list[str]) -> None:
    """The tokens are SES's; it sees none of the records yet, hence exit code 1."""
    domain = identities[1]
    result = run("records", domain, "--dmarc", "none", "--rua", f"dmarc@{domain}", *words)
    assert (result.returncode, result.stderr) == (1, "")
    printed = TypeAdapter(shapes.DomainRecords).validate_json(result.stdout)
    tokens = client("sesv2").get_email_identity(EmailIdentity=domain)["DkimAttributes"]["Tokens"]
    assert [(one["type"], one["name"], one["value"], one["seen"]) for one in printed["records"]] == [
        *(("CNAME", f"{token}._domainkey.{domain}", f"{token}.dkim.amazonses.com", False) for token in tokens),
        ("MX", f"bounce.{domain}", f"10 feedback-smtp.{REGION}.amazonses.com", False),
        ("TXT", f"bounce.{domain}", "v=spf1 include:amazonses.com ~all", None),
        ("TXT", f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:dmarc@{domain}", None),
    ]


def test_a_zone_file_has_nothing_but_records(run: Run, identities: list[str]) -> None:
    """What else there is to know goes to standard error."""
    result = run("records", identities[1], "--mail-from", "mail", "--format", "bind")
    assert [line.split()[2:4] for line in result.stdout.splitlines()] == [["IN", kind] for kind in ("CNAME",) * 3 + ("MX", "TXT")]
    assert f"mail.{identities[1]} must have this MX record" in " ".join(result.stderr.split())


def test_people_see_the_records_whole(run: Run, identities: list[str]) -> None:
    """With what SES sees of them."""
    result = run("records", identities[1])
    assert f"TXT    bounce.{identities[1]}" in result.stdout
    assert '"v=spf1 include:amazonses.com ~all"' in result.stdout
    assert "does not look" in result.stdout


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["records", "none-of-ours.example"], "SES has no identity none-of-ours.example in eu-west-1"),
        (["records", "jane@example.com"], "an address needs no DNS records"),
        (["records", "no domain"], "is no domain"),
    ],
)
def test_what_has_no_records_is_refused(run: Run, words: list[str], complaint: str) -> None:
    """In a sentence, exit code 2."""
    result = run(*words)
    assert (result.returncode, result.stdout) == (2, "")
    assert complaint in " ".join(result.stderr.split())


def test_a_wrong_wish_for_dmarc_is_refused(run: Run, identities: list[str]) -> None:
    """An address that is none; testing where there is nothing to test."""
    for more, complaint in ((["--rua", "nobody"], "is none"), (["--testing"], "there is none")):
        result = run("records", identities[1], "--dmarc", "none", *more)
        assert result.returncode == 2
        assert complaint in " ".join(result.stderr.split())
