"""The audit of domains, for its function and for the command; the one place of all that loads checkdmarc and dnspython."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from botocore.config import Config

from ses_warden.adapters.alerts import AwsAlerts
from ses_warden.adapters.checkdmarc_view import CheckdmarcRecords
from ses_warden.adapters.dns_view import DnsNames, nameserver_of
from ses_warden.adapters.identities import SesIdentities
from ses_warden.adapters.memory import DynamoMemory
from ses_warden.application.audit_domain import Audit, World, audit_domain
from ses_warden.application.audit_domains import AuditServices, Round, audit_domains
from ses_warden.application.audit_ports import Identities
from ses_warden.audit_settings import AuditSettings
from ses_warden.bootstrap.connection import Connection
from ses_warden.bootstrap.sending import Operator
from ses_warden.domain.bulk_sender_rules import Seen
from ses_warden.domain.counters import ACCOUNT
from ses_warden.domain.identities import IdentityView
from ses_warden.errors import WardenError

_CLIENT = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "max_attempts": 3})
# For the last domain (half a minute of DNS, as long for SES with all its tries), then the alert and the memory.
_RESERVE_SECONDS = 120.0


@cache
def _services() -> AuditServices:
    settings = AuditSettings.read(os.environ)
    client: Any = boto3.client  # the stubs of some of these services are not installed
    identities = SesIdentities(client("sesv2", config=_CLIENT))
    return AuditServices(
        identities=identities,
        world=lambda: _world(identities, ()),
        memory=DynamoMemory(client("dynamodb", config=_CLIENT), settings.reputation_table),
        alerts=AwsAlerts(
            client("sns", config=_CLIENT), client("events", config=_CLIENT), topic=settings.alert_topic, stack=settings.stack
        ),
        named=settings.domains,
    )


def daily_round(seconds_left: Callable[[], float]) -> Round:
    """One round of the function, for as long as Lambda lets it run. Raises `AuditError`, and `SettingsError` at first."""
    services = replace(_services(), has_time=lambda: seconds_left() > _RESERVE_SECONDS)
    return audit_domains(services, datetime.now(UTC))


class Auditor:
    """Audits domains for an operator."""

    def __init__(self, connection: Connection, nameservers: Sequence[str] = (), *, ask_ses: bool = True) -> None:
        """Raises `SettingsError` where there is no Region, `AuditError` for what is no name server."""
        self._connection = connection
        self._ask_ses = ask_ses
        self._nameservers = [nameserver_of(one) for one in nameservers]
        self._identities: Identities = SesIdentities(connection.ses(self._environment())) if ask_ses else _NoIdentities()

    def audit(self, domain: str) -> Audit:
        """See `audit_domain`."""
        return audit_domain(domain, _world(self._identities, self._nameservers))

    def seen(self) -> Seen:
        """What the stack counted, where there is one that can be asked; it need not be there for an audit."""
        if not self._ask_ses:
            return Seen()
        try:
            (standing,) = Operator(self._connection).report([ACCOUNT]).standings
        except WardenError:
            return Seen()
        assessment = standing.assessment
        return Seen(assessment.complaints.recent.rate if assessment and assessment.complaints.recent.mails else None)

    def _environment(self) -> dict[str, str]:
        try:
            return dict(self._connection.environment("AuditFunction"))
        except WardenError:
            return {}


class _NoIdentities:
    """The `Identities` port where SES shall not be asked."""

    def view(self, domain: str) -> IdentityView:  # noqa: ARG002 - the port's signature
        """See the port."""
        return IdentityView(region="")

    def domains(self) -> Mapping[str, bool]:
        """See the port."""
        return {}


def _world(identities: Identities, nameservers: Sequence[tuple[str, int]]) -> World:
    names = DnsNames(nameservers, monotonic=time.monotonic)
    return World(identities, names, CheckdmarcRecords(names))
