"""What `dmarc inbox` prints with `--json`."""

from typing import TypedDict

from pydantic import ConfigDict, with_config

from ses_warden_cli.shapes import Finding


@with_config(ConfigDict(extra="forbid", strict=True))
class DmarcInbox(TypedDict):
    """What `dmarc inbox` prints."""

    findings: list[Finding]
