"""The sending domain of the stack that was deployed by `sam deploy`, and what `ses-warden domain` says of it."""

import os
import subprocess
import sys
from pathlib import Path

from pydantic import TypeAdapter

from ses_warden_cli.domain import shapes
from tests.support.stack import Stack

ROOT = Path(__file__).resolve().parents[2]


def test_the_domain_is_set_up_and_its_feedback_comes_here(stack: Stack, ses_url: str, zone: str) -> None:
    """Identity and records are there, and the command finds by the stack's outputs that the default set is recorded."""
    domain = stack.outputs["SendingDomain"]
    found = stack.emulator.client("route53").list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    records = {(one["Name"], one["Type"]) for one in found} - {(f"{domain}.", "NS"), (f"{domain}.", "SOA")}
    assert records == {(f"bounce.{domain}.", "MX"), (f"bounce.{domain}.", "TXT"), (f"_dmarc.{domain}.", "TXT")}

    command = [sys.executable, "-m", "ses_warden_cli", "domain", "--json"]
    environment = {**stack.emulator.env(), "PATH": os.environ["PATH"], "AWS_ENDPOINT_URL_SESV2": ses_url}
    result = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    printed = TypeAdapter(shapes.Domains).validate_json(result.stdout)
    [identity] = [one for one in printed["identities"] if one["name"] == domain]
    assert (identity["recorded"], identity["configuration_set"]) == (True, stack.outputs["ConfigurationSetName"])
    assert identity["mail_from"] == f"bounce.{domain}"
