"""`dmarc report`, with the stack's tables of reports and of what was seen."""

from collections.abc import Callable
from datetime import datetime

from ses_warden.adapters.outgoing_rows import DynamoOutgoing
from ses_warden.application.report_dmarc import DmarcReport, report_dmarc
from ses_warden.bootstrap.connection import Connection
from ses_warden.bootstrap.dmarc_store import reports_of
from ses_warden.settings import text_from


class DmarcDesk:
    """What can be asked about DMARC reports. Its methods raise `WardenError`."""

    def __init__(self, connection: Connection) -> None:
        """Finds the stack; raises `SettingsError` where that fails, or where it keeps no reports."""
        self._rows = reports_of(connection)
        environment = connection.environment("FeedbackFunction")
        self._seen = DynamoOutgoing(connection.client("dynamodb"), text_from(environment, "REPUTATION_TABLE"))

    def report(self, domain: str, since: datetime, until: datetime, tell: Callable[[int], None]) -> DmarcReport:
        """See `report_dmarc`."""
        return report_dmarc(domain, since, until, self._rows, self._seen, tell)
