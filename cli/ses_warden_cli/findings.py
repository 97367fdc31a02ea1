"""Findings, as every command that has some shows them."""

from collections.abc import Iterable
from typing import Final

from rich.text import Text

from ses_warden.domain.findings import Finding, Standing, is_bad
from ses_warden_cli import shapes, show

STYLES: Final = {Standing.OK: "green", Standing.UNKNOWN: "cyan", Standing.WARN: "yellow", Standing.BROKEN: "bold red"}
_LONGEST = 1_500


def words(finding: Finding, *, placed: bool = False) -> Text:
    """What was found, how to mend it, and of what is bad the rule's source; `placed` says where, for want of a column."""
    text = show.plain(f"{finding.where}: {finding.what}" if placed else finding.what, limit=_LONGEST)
    if finding.mend:
        text.append("\n→ ")
        text.append(show.plain(finding.mend, limit=_LONGEST))
    if finding.source and is_bad(finding):
        text.append("\n  ")
        text.append(show.plain(finding.source, "dim"))
    return text


def standing(finding: Finding) -> Text:
    """How it stands, in the colour of that."""
    return Text(finding.standing.value, STYLES[finding.standing])


def shapes_of(findings: Iterable[Finding]) -> list[shapes.Finding]:
    """Findings for scripts."""
    return [
        shapes.Finding(code=one.code, standing=one.standing.value, where=one.where, what=one.what, mend=one.mend, source=one.source)
        for one in findings
    ]
