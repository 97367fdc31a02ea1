"""The sending domain: its identity, its records, and that nothing which is there already comes to harm."""

from typing import Any

import pytest

from ses_warden.domain.dmarc_record import DmarcWish, Policy, dmarc_text
from ses_warden.domain.dns_records import DnsRecord, mail_from_records, quoted
from tests.support.template import Json, of_type, refusals, resolve, text_of

IDENTITY, RECORD = "AWS::SES::EmailIdentity", "AWS::Route53::RecordSet"
REGION = "eu-west-1"
DOMAIN: dict[str, str | int] = {"SendingDomain": "example.com", "HostedZoneId": "Z1"}
EXISTING: dict[str, str | int] = {"ExistingSendingDomain": "example.com", "HostedZoneId": "Z1"}
DKIM = {"DkimRecord1", "DkimRecord2", "DkimRecord3"}
MAIL_FROM = {"MailFromMxRecord", "MailFromSpfRecord"}
LONGEST_STRING = 255


def test_nobody_gets_an_identity_or_a_record_unasked(stack: Json) -> None:
    """At its defaults the template touches no domain."""
    assert of_type(stack, IDENTITY) == of_type(stack, RECORD) == {}


def test_a_domain_is_signed_with_a_long_key_and_sends_through_the_set(template: Json) -> None:
    """Easy DKIM with 2048 bits, a MAIL FROM domain below it, and the stack's set as default."""
    assert of_type(resolve(template, SendingDomain="example.com"), IDENTITY) == {
        "SendingDomainIdentity": {
            "EmailIdentity": "example.com",
            "DkimAttributes": {"SigningEnabled": True},
            "DkimSigningAttributes": {"NextSigningKeyLength": "RSA_2048_BIT"},
            "MailFromAttributes": {
                "MailFromDomain": {"Fn::Sub": "${MailFromSubdomain}.${SendingDomain}"},
                "BehaviorOnMxFailure": "USE_DEFAULT_VALUE",
            },
            "ConfigurationSetAttributes": {"ConfigurationSetName": {"Ref": "ConfigurationSet"}},
        }
    }


def test_an_address_sends_through_the_set_too(template: Json) -> None:
    """An existing set is as good as one of the stack's own."""
    stack = resolve(template, SendingAddress="jane@example.net", ExistingConfigurationSetName="mine")
    assert of_type(stack, IDENTITY) == {
        "SendingAddressIdentity": {
            "EmailIdentity": "jane@example.net",
            "ConfigurationSetAttributes": {"ConfigurationSetName": "mine"},
        }
    }


def test_mail_from_may_be_left_to_ses(template: Json) -> None:
    """Without a label the identity has no MAIL FROM domain, and there are no records for one."""
    stack = resolve(template, **DOMAIN, MailFromSubdomain="")
    assert "MailFromAttributes" not in of_type(stack, IDENTITY)["SendingDomainIdentity"]
    assert of_type(stack, RECORD).keys() == DKIM


@pytest.mark.parametrize(
    ("parameters", "records"),
    [
        ({"SendingDomain": "example.com"}, set()),
        (DOMAIN, DKIM | MAIL_FROM),
        (DOMAIN | {"DmarcPolicy": "none"}, DKIM | MAIL_FROM | {"DmarcRecord"}),
        (DOMAIN | {"WriteDkimRecords": "false"}, MAIL_FROM),
        (DOMAIN | {"WriteMailFromRecords": "false"}, DKIM),
        (EXISTING, MAIL_FROM),
        (EXISTING | {"WriteMailFromRecords": "false", "DmarcPolicy": "reject"}, {"DmarcRecord"}),
        ({"SendingAddress": "jane@example.net"}, set()),
    ],
)
def test_each_kind_of_record_can_be_left_out(template: Json, parameters: dict[str, str | int], records: set[str]) -> None:
    """So that a kind which is there already is skipped; an identity that is there already gives no DKIM records."""
    assert of_type(resolve(template, **parameters), RECORD).keys() == records


def test_an_existing_identity_is_not_created(template: Json) -> None:
    """It is named in the outputs all the same, as one that is made is."""
    stack = resolve(template, **EXISTING)
    assert of_type(stack, IDENTITY) == {}
    assert [resolve(template, **shape)["Outputs"]["SendingDomain"]["Value"] for shape in (EXISTING, DOMAIN)] == ["example.com"] * 2


@pytest.mark.parametrize("shape", [DOMAIN, EXISTING])
def test_the_records_are_those_that_the_command_prints(template: Json, shape: dict[str, str | int]) -> None:
    """MX and SPF, to the letter."""
    records = of_type(resolve(template, **shape), RECORD)
    expected = [(one.name, one.kind, _value(one)) for one in mail_from_records("bounce.example.com", REGION)]
    assert [_written(records[name], shape) for name in ("MailFromMxRecord", "MailFromSpfRecord")] == expected


def test_the_dkim_records_are_what_ses_says(template: Json) -> None:
    """Three names and targets, which SES makes when it makes the identity."""
    records = of_type(resolve(template, **DOMAIN), RECORD)
    for number in (1, 2, 3):
        record = records[f"DkimRecord{number}"]
        assert record["Type"] == "CNAME"
        assert record["Name"] == {"Fn::GetAtt": ["SendingDomainIdentity", f"DkimDNSTokenName{number}"]}
        assert record["ResourceRecords"] == [{"Fn::GetAtt": ["SendingDomainIdentity", f"DkimDNSTokenValue{number}"]}]


@pytest.mark.parametrize(
    ("parameters", "wish"),
    [
        ({"DmarcPolicy": "none"}, DmarcWish(policy=Policy.NONE)),
        (
            {"DmarcPolicy": "none", "DmarcReportAddress": "dmarc+x@example.com"},
            DmarcWish(policy=Policy.NONE, reports=("dmarc+x@example.com",)),
        ),
        (
            {
                "DmarcPolicy": "reject",
                "DmarcTesting": "true",
                "DmarcSubdomainPolicy": "quarantine",
                "DmarcNonexistentPolicy": "reject",
                "DmarcReportAddress": "a@example.com,b=c@example.net",
            },
            DmarcWish(
                policy=Policy.REJECT,
                testing=True,
                subdomains=Policy.QUARANTINE,
                nonexistent=Policy.REJECT,
                reports=("a@example.com", "b=c@example.net"),
            ),
        ),
    ],
)
def test_the_dmarc_record_is_the_one_that_the_command_prints(
    template: Json, parameters: dict[str, str | int], wish: DmarcWish
) -> None:
    """Whatever the parameters are; `pct` is in none."""
    shape = DOMAIN | parameters
    name, kind, value = _written(of_type(resolve(template, **shape), RECORD)["DmarcRecord"], shape)
    assert (name, kind, value) == ("_dmarc.example.com", "TXT", quoted(dmarc_text(wish)))
    assert "pct" not in value


def test_the_longest_dmarc_record_is_one_string(template: Json) -> None:
    """The parameters' bounds keep it below 255 characters."""
    most = template["Parameters"]["DmarcReportAddress"]["MaxLength"]
    addresses = ",".join(["a@example.com", "b@example.com", "c" * (most - 28 - 12) + "@example.com"])
    assert len(addresses) == most
    shape = DOMAIN | {
        "DmarcPolicy": "quarantine",
        "DmarcSubdomainPolicy": "quarantine",
        "DmarcNonexistentPolicy": "quarantine",
        "DmarcTesting": "true",
        "DmarcReportAddress": addresses,
    }
    _, _, value = _written(of_type(resolve(template, **shape), RECORD)["DmarcRecord"], shape)
    assert len(value.strip('"')) <= LONGEST_STRING


def test_what_mail_depends_on_outlives_the_stack(template: Json) -> None:
    """Identities and records are retained.

    A failed creation takes back an identity, which cannot have been there before, but no record, which may have been.
    """
    kept = {IDENTITY: "RetainExceptOnCreate", RECORD: "Retain"}
    found = [body for body in template["Resources"].values() if body["Type"] in kept]
    assert [(body["DeletionPolicy"], body["UpdateReplacePolicy"]) for body in found] == [
        (kept[body["Type"]], "Retain") for body in found
    ]


@pytest.mark.parametrize(
    ("parameters", "refusal"),
    [
        ({"SendingDomain": "example.com", "ExistingSendingDomain": "example.org"}, "but not both"),
        ({"HostedZoneId": "Z1"}, "HostedZoneId takes the records of"),
        ({"HostedZoneId": "Z1", "SendingAddress": "jane@example.net"}, "HostedZoneId takes the records of"),
        ({"SendingDomain": "example.com", "DmarcPolicy": "none"}, "DmarcPolicy writes a record to HostedZoneId"),
        (DOMAIN | {"DmarcReportAddress": "dmarc@example.com"}, "belong to a DMARC record"),
        (DOMAIN | {"DmarcTesting": "true"}, "belong to a DMARC record"),
        (DOMAIN | {"DmarcSubdomainPolicy": "none"}, "belong to a DMARC record"),
        (DOMAIN | {"DmarcNonexistentPolicy": "reject"}, "belong to a DMARC record"),
        (DOMAIN | {"DmarcPolicy": "none", "DmarcTesting": "true"}, "softens a policy"),
        ({"SendingDomain": "example.com", "MailFromSubdomain": "", "MailFromFailure": "REJECT_MESSAGE"}, "REJECT_MESSAGE is about"),
        ({"ExistingSendingDomain": "example.com", "MailFromFailure": "REJECT_MESSAGE"}, "REJECT_MESSAGE is about"),
    ],
)
def test_parameters_that_contradict_each_other_are_refused(template: Json, parameters: dict[str, str | int], refusal: str) -> None:
    """Before anything is made, in a sentence that says what to do."""
    [said] = refusals(template, **parameters)
    assert refusal in said


@pytest.mark.parametrize(
    "parameters",
    [
        DOMAIN | {"DmarcPolicy": "none", "DmarcTesting": "true", "DmarcNonexistentPolicy": "reject"},
        {"SendingDomain": "example.com", "MailFromFailure": "REJECT_MESSAGE"},
        {"SendingAddress": "jane@example.net"},
    ],
)
def test_parameters_that_agree_are_not_refused(template: Json, parameters: dict[str, str | int]) -> None:
    """A milder policy for subdomains may be tested alone; an identity needs no records."""
    assert refusals(template, **parameters) == []


def _written(record: Json, parameters: dict[str, str | int]) -> tuple[str, str, str]:
    values: dict[str, Any] = {"AWS::Region": REGION, "MailFromSubdomain": "bounce", **parameters}
    assert record["HostedZoneId"] == "Z1"
    assert record["TTL"] == "3600"
    [value] = record["ResourceRecords"]
    return text_of(record["Name"], values), record["Type"], text_of(value, values)


def _value(record: DnsRecord) -> str:
    return quoted(record.value) if record.kind == "TXT" else record.value
