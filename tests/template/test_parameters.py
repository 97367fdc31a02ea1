"""Parameters: what an operator may choose, and what becomes of it."""

import json
import re
from itertools import chain
from typing import Any

import pytest

from ses_warden.settings import Settings
from tests.support.template import Json, load, of_type, resolve

PARAMETERS: Json = load()["Parameters"]

UNITS = {
    "RetentionDays": "Days",
    "QuarantineRetentionDays": "Days",
    "LogRetentionDays": "Days",
    "QueueAgeAlarmSeconds": "Seconds",
    "BatchWindowSeconds": "Seconds",
    "BatchSize": "events",
    "ActivityMaximumConcurrency": "runs",
    "FeedbackReservedConcurrency": "Runs",
    "CounterShards": "Partitions",
    "EventsTableWarmWriteUnits": "Write units a second",
    "BouncePauseRate": "fraction",
    "BounceWarnRate": "fraction",
    "BounceWindowMails": "mails",
    "ComplaintPauseRate": "fraction",
    "ComplaintWarnRate": "fraction",
    "ComplaintWindowMails": "mails",
    "FalsePauseProbability": "Probability",
    "MaxActivityLagSeconds": "Seconds",
    "SuppressionSyncMostChanges": "changes",
    "DmarcRetentionDays": "Days",
}

ENVIRONMENT = {
    "EVENTS_TABLE",
    "SUPPRESSION_TABLE",
    "REPUTATION_TABLE",
    "QUARANTINE_BUCKET",
    "RETENTION_DAYS",
    "COUNTER_SHARDS",
    "SUPPRESSION_AUTHORITY",
    "NO_FEEDBACK_DOMAINS",
    "DRILL_CONFIGURATION_SET",
    "POWERTOOLS_SERVICE_NAME",
    "PYDANTIC_DISABLE_PLUGINS",
    "POWERTOOLS_METRICS_NAMESPACE",
    "POWERTOOLS_LOG_LEVEL",
    "AWS_ENDPOINT_URL",
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_has_a_type_a_default_and_a_description(name: str) -> None:
    """Each parameter can be left alone, and says in a sentence what it does."""
    parameter = PARAMETERS[name]
    assert parameter["Type"] in ("String", "Number")
    assert "Default" in parameter
    assert len(parameter["Description"]) > 40
    assert parameter["Description"].endswith(".")


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_is_bounded(name: str) -> None:
    """A number has a range, a text a pattern and a length, or either has a list of values."""
    parameter = PARAMETERS[name]
    if "AllowedValues" in parameter:
        assert len(parameter["AllowedValues"]) > 1
    elif parameter["Type"] == "Number":
        assert parameter["MinValue"] < parameter["MaxValue"]
    else:
        assert re.compile(parameter["AllowedPattern"])
        assert 1 <= parameter["MaxLength"] <= 1024


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_default_keeps_to_its_own_bounds(name: str) -> None:
    """CloudFormation would accept each default."""
    parameter = PARAMETERS[name]
    assert _accepts(parameter, parameter["Default"])


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("ConfigurationSetName", ["ses-warden", "A_b-9", "x" * 64], ["", "a b", "a.b", "x" * 65]),
        ("ExistingConfigurationSetName", ["", "mine"], ["a/b", "x" * 65]),
        ("AdditionalConfigurationSet1", ["", "mine"], ["a,b"]),
        ("CustomRedirectDomain", ["", "click.example.com"], ["https://click.example.com", "localhost", "a_b.example.com"]),
        (
            "SendingDomain",
            ["", "example.com", "mail.example.co.uk", "xn--bcher-kva.example"],
            ["com", "Example.com", "a_b.example.com"],
        ),
        ("ExistingSendingDomain", ["", "example.com"], ["example.com.", "-a.example.com", "a..com", "https://example.com"]),
        (
            "SendingAddress",
            ["", "jane@example.com", "jane+x@mail.example.com"],
            ["jane", "jane@example", "a@example.com,b@example.com"],
        ),
        ("MailFromSubdomain", ["", "bounce", "b-1"], ["a.b", "-b", "b-", "Bounce", "b" * 64]),
        ("MailFromFailure", ["USE_DEFAULT_VALUE", "REJECT_MESSAGE"], ["UseDefaultValue"]),
        ("HostedZoneId", ["", "Z0123456789ABCDEFGHIJ"], ["/hostedzone/Z1", "z1", "example.com"]),
        ("DmarcPolicy", ["", "none", "quarantine", "reject"], ["None", "pass"]),
        (
            "DmarcReportAddress",
            ["", "dmarc@example.com", "a+b@example.com,c@example.net,d@example.org"],
            [
                "mailto:dmarc@example.com",
                "a@x.example, b@x.example",
                "a!10m@example.com",
                'a";p=none@example.com',
                "a@b.de," * 3 + "a@b.de",
            ],
        ),
        ("NoFeedbackDomains", ["", "gmail.com", "gmail.com,googlemail.com"], ["Gmail.com", "a.com, b.com", "a.com,"]),
        ("ExistingEventsTableName", ["", "ses-warden-EventsTable-1ABC"], ["ab", "a b c"]),
        (
            "ExistingKeyArn",
            [
                "",
                "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
                "arn:aws-cn:kms:cn-north-1:111122223333:key/mrk-1",
            ],
            ["alias/mine", "arn:aws:kms:eu-west-1:111122223333:alias/mine"],
        ),
        ("AlertEmail", ["", "ops@example.com", "ops+ses@mail.example.com"], ["ops", "ops@example", "a@example.com,b@example.com"]),
        ("EmulatorEndpoint", ["", "http://127.0.0.1:4566", "http://host.docker.internal:4566/"], ["127.0.0.1:4566", "ftp://x"]),
        ("BatchSize", [1, 1000], [0, 1001]),
        ("BatchWindowSeconds", [1, 60], [0, 61]),
        ("ActivityMaximumConcurrency", [2, 1000], [1, 1001]),
        (
            "FeedbackReservedConcurrency",
            ["0", "5", "9", "10", "99", "100", "999", "1000"],
            ["", "1", "4", "05", "-5", "1001", "2000", "5.0"],
        ),
        ("CounterShards", [1, 64], [0, 65]),
        ("RetentionDays", [1, 3650], [0, 3651]),
        ("EventsTableWarmWriteUnits", [0, 4000, 40000], [1, 3999, 40001]),
        ("LogRetentionDays", [1, 30, 3653], [0, 2, 31]),
        ("Architecture", ["arm64", "x86_64"], ["x86"]),
        ("TlsPolicy", ["REQUIRE", "OPTIONAL"], ["Require"]),
        ("SuppressionAuthority", ["ses", "warden"], ["both"]),
        ("SuppressionSync", ["off", "report", "apply"], ["on", "true", ""]),
        ("SuppressionSyncMostChanges", [1, 50, 500], [0, 501]),
        ("GuardMode", ["off", "dry-run", "active"], ["on", "true"]),
        ("GuardAccountMode", ["off", "dry-run", "active"], ["on"]),
        ("BouncePauseRate", [0.0001, 0.04, 0.09], [0, 4, 0.1]),
        ("ComplaintWarnRate", [0.00001, 0.0006], [0, 0.6]),
        ("FalsePauseProbability", [0.0001, 0.01, 0.02], [0, 0.05]),
        ("MaxActivityLagSeconds", [60, 900, 86400], [59]),
        ("AuditMode", ["on", "off"], ["true", "daily"]),
        (
            "AuditDomains",
            ["", "example.com", "a.example,xn--bcher-kva.example"],
            ["Example.com", "a.example, b.example", ",", "a@b.example"],
        ),
        (
            "AuditSchedule",
            ["rate(1 day)", "rate(12 hours)", "cron(0 6 * * ? *)", "cron(0/30 6 ? * MON-FRI *)"],
            ["", "daily", "rate(0 days)", "rate(1 days)", "rate(1 minute)", "cron()"],
        ),
        ("DmarcReports", ["off", "on"], ["true", "On"]),
        (
            "DmarcReportsDomain",
            ["", "dmarc.example.com", "rua@example.com"],
            ["example", "a@b@example.com", "Example.com", "a b.com"],
        ),
        ("ReceiptRuleSetName", ["", "default-rule-set", "a.b_c"], ["a b", "x" * 65, "a/b"]),
        ("DmarcRetentionDays", [1, 400, 3650], [0, 3651]),
        ("SesEmulatorEndpoint", ["", "http://127.0.0.1:8025"], ["127.0.0.1:8025"]),
    ],
)
def test_a_parameter_refuses_what_would_fail_later(name: str, good: list[str | int], bad: list[str | int]) -> None:
    """The bounds let each good value in and keep each bad one out."""
    parameter = PARAMETERS[name]
    assert [value for value in good if not _accepts(parameter, value)] == []
    assert [value for value in bad if _accepts(parameter, value)] == []


@pytest.mark.parametrize(("name", "unit"), UNITS.items())
def test_a_number_says_its_unit(name: str, unit: str) -> None:
    """The description of a number names what is counted."""
    assert unit in PARAMETERS[name]["Description"]


def test_every_number_has_its_unit_checked() -> None:
    """No number is missing from the table above, be it written as a text for the sake of a pattern."""
    assert {name for name, parameter in PARAMETERS.items() if re.fullmatch(r"[\d.]+", str(parameter["Default"]))} == UNITS.keys()


def test_every_parameter_is_used(template: Json) -> None:
    """No parameter is a promise that nothing keeps."""
    rest = json.dumps({key: value for key, value in template.items() if key not in ("Parameters", "Metadata")})
    assert [name for name in PARAMETERS if f'{{"Ref": "{name}"}}' not in rest] == []


def test_every_parameter_stands_in_one_group_of_the_console(template: Json) -> None:
    """The console shows each parameter once, under a heading."""
    groups = template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    shown = list(chain.from_iterable(group["Parameters"] for group in groups))
    assert sorted(shown) == sorted(PARAMETERS)


@pytest.mark.parametrize("function", ["FeedbackFunction", "ActivityFunction"])
def test_a_function_gets_the_whole_environment(stack: Json, function: str) -> None:
    """Both functions find every variable of the contract, and none besides."""
    properties = of_type(stack, "AWS::Serverless::Function")[function]
    assert properties["Environment"]["Variables"].keys() == ENVIRONMENT


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"RetentionDays": 1, "CounterShards": 1, "SuppressionAuthority": "warden", "NoFeedbackDomains": ""},
        {"RetentionDays": 3650, "CounterShards": 64, "EmulatorEndpoint": "http://127.0.0.1:1"},
    ],
)
def test_the_settings_accept_what_the_parameters_allow(template: Json, parameters: dict[str, str | int]) -> None:
    """The functions start at the defaults and at both ends of each range."""
    variables = of_type(resolve(template, **parameters), "AWS::Serverless::Function")["ActivityFunction"]["Environment"][
        "Variables"
    ]
    settings = Settings.read({name: value["Ref"] if isinstance(value, dict) else str(value) for name, value in variables.items()})
    assert settings.events_table == "EventsTable"
    assert settings.retention.days == parameters.get("RetentionDays", 30)
    assert settings.counter_shards == parameters.get("CounterShards", 8)
    assert settings.authority == parameters.get("SuppressionAuthority", "ses")


def _accepts(parameter: Json, value: Any) -> bool:
    """What CloudFormation checks before it starts."""
    if "AllowedValues" in parameter:
        return value in parameter["AllowedValues"]
    if parameter["Type"] == "Number":
        return bool(parameter["MinValue"] <= value <= parameter["MaxValue"])
    return len(value) <= parameter["MaxLength"] and re.fullmatch(parameter["AllowedPattern"], value) is not None
