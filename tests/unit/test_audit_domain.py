"""The audit of a domain against a DNS server of our own: each zone, and what must be found in it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from ses_warden.adapters.checkdmarc_view import CheckdmarcRecords
from ses_warden.adapters.dns_view import DnsNames
from ses_warden.application.audit_domain import Audit, World, audit_domain
from ses_warden.application.audit_ports import Identities
from ses_warden.domain.findings import Standing
from ses_warden.domain.identities import IdentityView
from tests.audit_zones import CASES, Case
from tests.support.dns_server import DnsServer


@dataclass
class FakeIdentities:
    """The `Identities` port: one view for all."""

    known: IdentityView

    def view(self, domain: str) -> IdentityView:  # noqa: ARG002 - the port's signature
        """See the port."""
        return self.known

    def domains(self) -> Mapping[str, bool]:
        """See the port."""
        return {"example.com": True}


_: type[Identities] = FakeIdentities


def audited(case: Case, server: DnsServer) -> Audit:
    """The audit of a case."""
    names = DnsNames([server.address], lifetime=server.patience)
    return audit_domain(case.domain, World(FakeIdentities(case.view()), names, CheckdmarcRecords(names)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_zone_has_the_findings_that_it_must_have(case: Case) -> None:
    """All that is not ok is named, with what to do about it; nothing else is."""
    with DnsServer(case.whole_zone()) as server:
        audit = audited(case, server)
    found = sorted(f"{one.code} {one.standing.value}" for one in audit.findings if one.standing is not Standing.OK)
    assert found == sorted(case.expected), [one for one in audit.findings if one.standing is not Standing.OK]
    for one in audit.findings:
        assert one.what.isprintable()
        assert len(one.what) < 1_200
        assert one.mend or one.standing in (Standing.OK, Standing.UNKNOWN)
