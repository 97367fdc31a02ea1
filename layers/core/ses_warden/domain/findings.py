"""What a look at something came to: one line for each thing that was looked at, with what is wrong and how to mend it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Standing(StrEnum):
    """How a thing stands. What could not be asked (DNS timed out, a right is missing) is unknown, and never broken."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARN = "warn"
    BROKEN = "broken"


# From harmless to bad; an unknown is no reason for alarm, but hides what may be one.
_ORDER = (Standing.OK, Standing.UNKNOWN, Standing.WARN, Standing.BROKEN)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    `code` names the rule for ever, such as `spf.lookups`; together with `where` (a DNS name, an identity, a queue) it says
    whether two findings are about the same. `what` and `mend` are whole sentences for people, `mend` empty where nothing is to be
    done. `source` is the RFC's section or the page of AWS that the rule comes from, where there is one.
    """

    code: str
    standing: Standing
    where: str
    what: str
    mend: str = ""
    source: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """What the finding is about."""
        return self.code, self.where


def worst(findings: Iterable[Finding]) -> Standing:
    """The worst standing among them; ok where there is none."""
    return max((finding.standing for finding in findings), key=_ORDER.index, default=Standing.OK)


def is_bad(finding: Finding) -> bool:
    """Whether somebody should look at it."""
    return finding.standing in (Standing.WARN, Standing.BROKEN)


def is_worse(one: Finding, other: Finding) -> bool:
    """Whether the one stands worse than the other."""
    return _ORDER.index(one.standing) > _ORDER.index(other.standing)
