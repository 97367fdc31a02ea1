"""`dmarc report`, with the stack's tables of reports and of what was seen."""

from datetime import datetime

from ses_warden.adapters.dmarc_rows import DynamoReports
from ses_warden.adapters.outgoing_rows import DynamoOutgoing
from ses_warden.application.report_dmarc import DmarcReport, report_dmarc
from ses_warden.bootstrap.connection import Connection
from ses_warden.errors import SettingsError
from ses_warden.settings import text_from


class DmarcDesk:
    """What can be asked about DMARC reports. Its methods raise `WardenError`."""

    def __init__(self, connection: Connection) -> None:
        """Finds the stack; raises `SettingsError` where that fails, or where it keeps no reports."""
        environment = connection.environment("FeedbackFunction")
        dynamodb = connection.client("dynamodb")
        self._rows = DynamoReports(dynamodb, _table(connection))
        self._seen = DynamoOutgoing(dynamodb, text_from(environment, "REPUTATION_TABLE"))

    def report(self, domain: str, since: datetime, until: datetime) -> DmarcReport:
        """See `report_dmarc`."""
        return report_dmarc(domain, since, until, self._rows, self._seen)


def _table(connection: Connection) -> str:
    if connection.place.uses:
        return text_from(connection.place.uses, "DMARC_TABLE")
    name = connection.outputs.get("DmarcTableName")
    if not name:
        raise SettingsError(f"the stack {connection.place.stack} keeps no DMARC reports: deploy it with DmarcReports=on")
    return name
