"""What the audit of domains needs from the world."""

from collections.abc import Mapping
from typing import Protocol

from ses_warden.domain.audit_spf import SpfReading
from ses_warden.domain.dns_answers import Answer
from ses_warden.domain.identities import IdentityView


class Names(Protocol):
    """The DNS. A question is asked once in an audit; none raises, and the number of questions is bounded."""

    def ask(self, name: str, kind: str) -> Answer:
        """The records of `TXT`, `MX`, `A`, `AAAA`; for `CNAME` the alias itself, of which none is followed."""
        ...


class Records(Protocol):
    """The grammar of records, and the evaluation of SPF, on the same DNS."""

    def read_spf(self, record: str, domain: str) -> SpfReading:
        """What evaluating an SPF record comes to."""
        ...

    def fault_of_dmarc(self, record: str, domain: str) -> str:
        """What is wrong with the form of a DMARC record; empty where it is well-formed."""
        ...


class Identities(Protocol):
    """The domain identities of SES in one Region. `view` never raises."""

    def view(self, domain: str) -> IdentityView:
        """The identity that SES would send the domain's mail by."""
        ...

    def domains(self) -> Mapping[str, bool]:
        """All of them, in order, and whether SES may send from each. Raises `AuditError`."""
        ...
