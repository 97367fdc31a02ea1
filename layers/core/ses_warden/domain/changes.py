"""What became worse or better between two looks at the same thing, so that people hear of changes, and of nothing twice."""

from collections.abc import Iterable
from dataclasses import dataclass

from ses_warden.domain.findings import Finding, Standing, is_bad, is_worse

# Whose rules are looked at only where an identity of SES is known, which says where its keys and its envelopes are.
_LED = {"identity": frozenset({"dkim", "mailfrom", "spf", "dmarc"})}


@dataclass(frozen=True, slots=True)
class Changes:
    """What a look found against the one before.

    `worse` are findings that are bad now and were not, or were less so; `mended` those that were bad and are no longer, as they
    were then. `bad` is all that is bad as far as is known: what the next look is compared with.
    """

    worse: tuple[Finding, ...] = ()
    mended: tuple[Finding, ...] = ()
    bad: tuple[Finding, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is something to tell."""
        return bool(self.worse or self.mended)


def changes(before: Iterable[Finding], after: Iterable[Finding]) -> Changes:
    """Compares two looks; `before` needs only its bad findings, and is empty for the first look.

    An unknown leaves what was known: neither it nor its end is a change. A rule whose record could not be read is often not
    looked at at all, so that an unknown of the same group (the code up to its first dot) also keeps what is missing in `after`,
    and one of SES's view what depends on it.
    """
    known = {finding.key: finding for finding in before if is_bad(finding)}
    found = {finding.key: finding for finding in _worst_of_each(after)}
    unknown = {_group(finding) for finding in found.values() if finding.standing is Standing.UNKNOWN}
    hidden = unknown.union(*(_LED.get(group, ()) for group in unknown))
    bad = [finding for finding in found.values() if is_bad(finding)]
    mended = []
    for key, old in known.items():
        new = found.get(key)
        if new is None and _group(old) not in hidden:
            mended.append(old)
        elif new is None or new.standing is Standing.UNKNOWN:
            bad.append(old)
        elif not is_bad(new):
            mended.append(old)
    return Changes(
        worse=tuple(new for key, new in found.items() if is_bad(new) and (key not in known or is_worse(new, known[key]))),
        mended=tuple(mended),
        bad=tuple(bad),
    )


def _worst_of_each(findings: Iterable[Finding]) -> Iterable[Finding]:
    worst: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        if finding.key not in worst or is_worse(finding, worst[finding.key]):
            worst[finding.key] = finding
    return worst.values()


def _group(finding: Finding) -> str:
    return finding.code.partition(".")[0]
