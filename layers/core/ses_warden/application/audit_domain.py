"""Looks at a domain as SES and as the world sees it, and says what is wrong with it and how to mend that."""

from collections.abc import Iterator
from dataclasses import dataclass

from ses_warden.application.audit_ports import Identities, Names, Records
from ses_warden.domain.audit_dkim import Selector, look_at_dkim, selector_name
from ses_warden.domain.audit_dmarc import DmarcEvidence, Signed, look_at_dmarc, look_at_reports
from ses_warden.domain.audit_identity import look_at_identity
from ses_warden.domain.audit_mx import look_at_mail_from, look_at_mx
from ses_warden.domain.audit_spf import look_at_spf, spf_records
from ses_warden.domain.dmarc_policies import Policy, Walk, destinations, ends_walk, policy_from, steps, walk_from
from ses_warden.domain.dns_answers import Absence, Answer, ascii_name
from ses_warden.domain.findings import Finding
from ses_warden.domain.identities import Identity, IdentityView

# A record may name any number of addresses; a domain of good faith has few.
_MOST_DESTINATIONS = 5


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found of a domain, group by group. `view` is SES's own."""

    domain: str
    view: IdentityView
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class World:
    """What the audit asks."""

    identities: Identities
    names: Names
    records: Records


def audit_domain(domain: str, world: World) -> Audit:
    """Audits one domain, in its ASCII form. Whatever cannot be asked is an unknown finding; nothing is raised."""
    view = world.identities.view(domain)
    look = _Look(domain, view.identity, world)
    # SPF last: a record may lead to so many questions that none are left.
    findings = [*look_at_identity(domain, view), *look.dkim(), *look.mail_from(view.region), *look.dmarc(), *look.mx(), *look.spf()]
    return Audit(domain, view, tuple(findings))


@dataclass(frozen=True, slots=True)
class _Look:
    domain: str
    identity: Identity | None
    world: World

    def _ask(self, name: str, kind: str) -> Answer:
        return self.world.names.ask(name, kind)

    def dkim(self) -> Iterator[Finding]:
        identity = self.identity
        if identity is None or not (identity.dkim.signs or identity.dkim.tokens):
            return
        selectors = []
        for token in identity.dkim.tokens:
            name = selector_name(token, identity)
            cname = None if identity.dkim.is_own else self._ask(name, "CNAME")
            selectors.append(Selector(token, cname, self._ask(name, "TXT")))
        yield from look_at_dkim(identity, selectors)

    def mail_from(self, region: str) -> Iterator[Finding]:
        if self.identity and self.identity.mail_from:
            name = self.identity.mail_from.domain
            yield from look_at_mail_from(self._ask(name, "MX"), region, self.domain)

    def spf(self) -> Iterator[Finding]:
        mail_from = self.identity.mail_from.domain if self.identity and self.identity.mail_from else None
        if mail_from:
            yield from self._spf_of(mail_from, for_envelope=True)
        if mail_from != self.domain:
            yield from self._spf_of(self.domain, for_envelope=False)

    def _spf_of(self, name: str, *, for_envelope: bool) -> Iterator[Finding]:
        answer = self._ask(name, "TXT")
        records = spf_records(answer)
        reading = self.world.records.read_spf(records[0], name) if len(records) == 1 else None
        yield from look_at_spf(answer, reading, for_envelope=for_envelope)

    def dmarc(self) -> Iterator[Finding]:
        walk = self._walk(self.domain)
        policy = walk.policy
        evidence = DmarcEvidence(
            walk=walk,
            own=self._ask(f"_dmarc.{self.domain}", "TXT"),
            apex=self._ask(self.domain, "TXT"),
            exists=self._ask(self.domain, "MX").absence is not Absence.NXDOMAIN,
            syntax=self.world.records.fault_of_dmarc(policy.record, policy.domain) if policy else "",
            signed=self._signed(),
        )
        yield from look_at_dmarc(evidence)
        if policy and walk.is_sure:
            for tag in ("rua", "ruf"):
                yield from self._reports(policy, tag)

    def _signed(self) -> Signed | None:
        identity = self.identity
        if identity is None:
            return None
        return Signed(
            dkim=self._walk(identity.name) if identity.dkim.is_in_use else None,
            spf=self._walk(identity.sends_from) if identity.sends_from else None,
        )

    def _reports(self, policy: Policy, tag: str) -> Iterator[Finding]:
        for raw in destinations(policy, tag)[:_MOST_DESTINATIONS]:
            destination = ascii_name(raw)
            if destination is None or destination == policy.domain:
                continue
            # RFC 9990, section 4: only another organization has to agree.
            ours, theirs = self._walk(policy.domain), self._walk(destination)
            if ours.organization == theirs.organization:
                continue
            name = f"{policy.domain}._report._dmarc.{destination}"
            may_be_ours = ours.is_open or theirs.is_open
            yield look_at_reports(policy, tag, destination, self._ask(name, "TXT"), may_be_ours=may_be_ours)

    def _walk(self, domain: str) -> Walk:
        answers = []
        for step in steps(domain):
            answer = self._ask(f"_dmarc.{step}", "TXT")
            answers.append((step, answer))
            if ends_walk(policy_from(step, answer), domain):
                break
        return walk_from(domain, answers)

    def mx(self) -> Iterator[Finding]:
        mx = self._ask(self.domain, "MX")
        addresses = mx
        if not mx.records and not mx.failure:
            addresses = self._ask(self.domain, "A")
            if not addresses.records:
                addresses = self._ask(self.domain, "AAAA")
        yield from look_at_mx(mx, addresses)
