"""The sending domain's part of template.yaml, made by CloudFormation of an emulator: what is there already stays as it is.

The emulator's CloudFormation does not tell the tokens of DKIM, so its three records are left out here.
"""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.support.dynamo import session
from tests.support.emulator import REGION
from tests.support.template import Json, load

PARTS = ("AWS::SES::EmailIdentity", "AWS::Route53::RecordSet", "AWS::SES::ConfigurationSet")
LATER = {"Delay": 1, "MaxAttempts": 60}

type Deploy = Callable[..., str]


@pytest.fixture(scope="module")
def client(endpoint: str) -> Callable[[str], Any]:
    """Clients of the emulator."""
    if endpoint == "aws":
        pytest.skip("makes identities and hosted zones")
    made: Any = session().client
    return lambda service: made(service, endpoint_url=endpoint)


@pytest.fixture
def domain() -> str:
    """A domain that nobody used yet."""
    return f"{uuid.uuid4().hex[:12]}.example"


@pytest.fixture
def zone(client: Callable[[str], Any], domain: str) -> str:
    """Its hosted zone."""
    made = client("route53").create_hosted_zone(Name=domain, CallerReference=uuid.uuid4().hex)
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


@pytest.fixture
def deploy(client: Callable[[str], Any]) -> Iterator[Deploy]:
    """Makes a stack of the template's part with these parameters; says how it ended."""
    cloudformation, names = client("cloudformation"), set[str]()

    def _deploy(name: str, **parameters: str) -> str:
        given = [
            {"ParameterKey": key, "ParameterValue": value} for key, value in {"ConfigurationSetName": name, **parameters}.items()
        ]
        change = cloudformation.update_stack if name in names else cloudformation.create_stack
        waiter = cloudformation.get_waiter("stack_update_complete" if name in names else "stack_create_complete")
        names.add(name)
        change(StackName=name, TemplateBody=json.dumps(part()), Parameters=given)
        with suppress(WaiterError):  # it says what the status says
            waiter.wait(StackName=name, WaiterConfig=LATER)
        return str(cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"])

    yield _deploy
    for name in names:
        cloudformation.delete_stack(StackName=name)


def part() -> Json:
    """What of the template is about the domain, with all its rules."""
    whole = load()
    resources = {name: body for name, body in whole["Resources"].items() if body["Type"] in PARTS and not name.startswith("Dkim")}
    return {key: whole[key] for key in ("Parameters", "Rules", "Conditions")} | {"Resources": resources}


def test_a_domain_is_made_with_its_records_and_stays(client: Callable[[str], Any], deploy: Deploy, domain: str, zone: str) -> None:
    """Identity and records are there after the stack was made, follow its parameters, and are there after it was deleted."""
    name = f"s-{uuid.uuid4().hex[:8]}"
    wanted = {"SendingDomain": domain, "HostedZoneId": zone, "DmarcPolicy": "none", "DmarcReportAddress": f"dmarc@{domain}"}
    assert deploy(name, **wanted) == "CREATE_COMPLETE"
    assert records(client, zone) == {
        (f"bounce.{domain}.", "MX"): f"10 feedback-smtp.{REGION}.amazonses.com",
        (f"bounce.{domain}.", "TXT"): '"v=spf1 include:amazonses.com ~all"',
        (f"_dmarc.{domain}.", "TXT"): f'"v=DMARC1; p=none; rua=mailto:dmarc@{domain}"',
    }

    stricter = wanted | {"DmarcPolicy": "quarantine", "DmarcTesting": "true"}
    assert deploy(name, **stricter) == "UPDATE_COMPLETE"
    dmarc = f'"v=DMARC1; p=quarantine; t=y; rua=mailto:dmarc@{domain}"'
    assert records(client, zone)[f"_dmarc.{domain}.", "TXT"] == dmarc

    cloudformation = client("cloudformation")
    cloudformation.delete_stack(StackName=name)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=LATER)
    identity = client("sesv2").get_email_identity(EmailIdentity=domain)
    assert identity["ConfigurationSetName"] == name
    assert identity["MailFromAttributes"]["MailFromDomain"] == f"bounce.{domain}"
    assert len(records(client, zone)) == 3


def test_a_record_that_is_there_fails_the_deployment_and_stays(
    client: Callable[[str], Any], deploy: Deploy, domain: str, zone: str
) -> None:
    """Another DMARC record is not written over; the deployment ends as if it had not been, and succeeds without that record."""
    theirs = '"v=DMARC1; p=reject; rua=mailto:theirs@example.net"'
    put(client, zone, f"_dmarc.{domain}", theirs)
    wanted = {"SendingDomain": domain, "HostedZoneId": zone}
    assert deploy(f"s-{uuid.uuid4().hex[:8]}", **wanted, DmarcPolicy="none") == "ROLLBACK_COMPLETE"
    assert records(client, zone)[f"_dmarc.{domain}.", "TXT"] == theirs
    with pytest.raises(ClientError, match="NotFoundException"):
        client("sesv2").get_email_identity(EmailIdentity=domain)

    assert deploy(f"s-{uuid.uuid4().hex[:8]}", **wanted, WriteMailFromRecords="false") == "CREATE_COMPLETE"
    assert records(client, zone)[f"_dmarc.{domain}.", "TXT"] == theirs


def test_an_existing_identity_is_left_alone(client: Callable[[str], Any], deploy: Deploy, domain: str, zone: str) -> None:
    """Only records come; what SES has of the identity is as it was."""
    ses = client("sesv2")
    ses.create_email_identity(EmailIdentity=domain)
    before = ses.get_email_identity(EmailIdentity=domain)
    del before["ResponseMetadata"]
    wanted = {"ExistingSendingDomain": domain, "HostedZoneId": zone, "DmarcPolicy": "none"}
    assert deploy(f"s-{uuid.uuid4().hex[:8]}", **wanted) == "CREATE_COMPLETE"
    assert ses.get_email_identity(EmailIdentity=domain).items() >= before.items()
    assert len(records(client, zone)) == 3


def test_contradictions_are_refused_before_anything_is_made(deploy: Deploy, domain: str) -> None:
    """CloudFormation itself says the rule's sentence."""
    with pytest.raises(ClientError, match="DmarcPolicy writes a record to HostedZoneId"):
        deploy(f"s-{uuid.uuid4().hex[:8]}", SendingDomain=domain, DmarcPolicy="none")


def records(client: Callable[[str], Any], zone: str) -> dict[tuple[str, str], str]:
    """The zone's records but for its own two, by name and type."""
    found = client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    return {(one["Name"], one["Type"]): one["ResourceRecords"][0]["Value"] for one in found if one["Type"] not in ("NS", "SOA")}


def put(client: Callable[[str], Any], zone: str, name: str, value: str) -> None:
    """Adds a TXT record."""
    record = {"Name": name, "Type": "TXT", "TTL": 300, "ResourceRecords": [{"Value": value}]}
    changes = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    client("route53").change_resource_record_sets(HostedZoneId=zone, ChangeBatch=changes)
