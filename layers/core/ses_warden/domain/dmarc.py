"""A DMARC aggregate report as we keep it: who reports about which domain and days, and what each source of mail came to.

RFC 7489, appendix C, and RFC 9990 describe the documents; both come to this.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

LONGEST_DOMAIN = 253


@dataclass(frozen=True, slots=True)
class Authenticated:
    """One result of SPF or DKIM in a record: the domain (and for DKIM the selector) that was looked at, and what came of it."""

    domain: str
    result: str
    selector: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """Why a receiver did not do what the policy asks, such as `forwarded` or `mailing_list`."""

    kind: str
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """One record of a report: mails from one address of a sender that fared alike.

    `disposition` is what the receiver did (`none`, `pass`, `quarantine`, `reject`). `dkim_aligned` and `spf_aligned` are DMARC's
    own verdicts, of which one is enough to pass.
    """

    ip: str
    count: int
    disposition: str
    dkim_aligned: bool
    spf_aligned: bool
    header_from: str
    envelope_from: str = ""
    dkim: tuple[Authenticated, ...] = ()
    spf: tuple[Authenticated, ...] = ()
    overrides: tuple[Override, ...] = ()

    @property
    def passes(self) -> bool:
        """Whether the mails pass DMARC."""
        return self.dkim_aligned or self.spf_aligned


@dataclass(frozen=True, slots=True)
class Report:
    """One aggregate report. `domain` is whose policy was applied; `reporter` and `report_id` together name the report.

    `domain` is as `domain_key` makes it. `testing` is RFC 9989's `t`; `percent` is RFC 7489's historic `pct`. A policy that the
    reporter does not give is None. `unread` is how many of its records could not be read, and are not among the sources. `sender`
    is the domain that the mail proved to come from, empty where nobody looked. `discarded`: an operator took it out of all sums.
    """

    reporter: str
    report_id: str
    domain: str
    begin: datetime
    end: datetime
    sources: tuple[Source, ...]
    policy: str | None = None
    subdomain_policy: str | None = None
    nonexistent_policy: str | None = None
    testing: bool | None = None
    percent: int | None = None
    reporter_contact: str = ""
    unread: int = 0
    sender: str = ""
    discarded: bool = False

    @property
    def name(self) -> str:
        """What tells it from other reports about its domain that begin at the same time.

        RFC 7489 section 7.2.1.1: the reporter's id names a report. Ids are reused all the same, and anybody can send one first in
        a reporter's name, so that what the report tells belongs to its name.
        """
        found = blake2b(digest_size=16)
        found.update(f"{self.reporter}\n{self.report_id}\n{self.end.timestamp()}\n{self.policy}".encode("utf-8", "replace"))
        for one in self.sources:
            told = f"\n{one.ip} {one.count} {one.dkim_aligned} {one.spf_aligned} {one.header_from}"
            found.update(told.encode("utf-8", "replace"))
        return found.hexdigest()

    @property
    def mails(self) -> int:
        """How many mails it tells of."""
        return sum(source.count for source in self.sources)


def domain_key(domain: str) -> str:
    """A domain as reports are found by: lower case, in its ASCII form where it has one, without the root's dot."""
    name = domain.strip().rstrip(".").lower()
    # RFC 1035 section 2.3.4: a longer one is none, and the codec takes long for it.
    if name.isascii() or len(name) > LONGEST_DOMAIN:
        return name[:LONGEST_DOMAIN]
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return name[:LONGEST_DOMAIN]
