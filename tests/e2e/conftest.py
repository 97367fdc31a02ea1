"""The stack as deployed: built and deployed once, to an emulator that all end-to-end tests share."""

from collections.abc import Generator, Iterator

import pytest

from demo.second_act import local_ses, prepare
from tests.support.emulator import Emulator
from tests.support.stack import Stack, build, deploy

FUNCTIONS = ("FeedbackFunction", "ActivityFunction", "PublisherFunction", "SyncFunction", "AuditFunction", "DmarcReportsFunction")
LOG_LINES = 40
DOMAIN = "warden.example"


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """The emulator that the stack is deployed to."""
    with Emulator() as started:
        yield started


@pytest.fixture(scope="session")
def ses_url(emulator: Emulator) -> Iterator[str]:
    """A local SES in front of it, by which the stack's guard pauses."""
    with local_ses(emulator) as url:
        yield url


@pytest.fixture(scope="session")
def zone(emulator: Emulator) -> str:
    """The hosted zone of the domain that the stack sends for."""
    made = emulator.client("route53").create_hosted_zone(Name=DOMAIN, CallerReference=DOMAIN)
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


@pytest.fixture(scope="session")
def stack(emulator: Emulator, ses_url: str, zone: str) -> Stack:
    """The deployed stack."""
    build()
    # The emulator's CloudFormation does not tell DKIM's tokens.
    domain = {"SendingDomain": DOMAIN, "HostedZoneId": zone, "WriteDkimRecords": "false", "DmarcPolicy": "none"}
    parameters = {"BatchWindowSeconds": "1", "RecipientEvents": "plain", "DmarcReports": "on"}
    return deploy(emulator, {**parameters, **domain, **prepare(emulator, ses_url)})


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failed test what the functions and the emulator logged."""
    report = yield
    stack = getattr(item, "funcargs", {}).get("stack")
    if report.when == "call" and report.failed and isinstance(stack, Stack):
        for function in FUNCTIONS:
            report.sections.append((f"log of {function}", "\n".join(stack.log(function)[-LOG_LINES:])))
        report.sections.append(("log of the emulator", stack.emulator.log_tail()))
    return report
