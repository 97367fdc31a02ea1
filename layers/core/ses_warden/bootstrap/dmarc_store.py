"""The reports of a stack, for commands."""

from collections.abc import Mapping
from datetime import timedelta

from ses_warden.adapters.dmarc_kept_rows import DynamoKeptReports
from ses_warden.adapters.dmarc_rows import DynamoReports
from ses_warden.bootstrap.connection import Connection
from ses_warden.errors import SettingsError
from ses_warden.settings import number_from, text_from

# What template.yaml sets by default, for those who name their table instead of their stack.
USUAL = {"DMARC_RETENTION_DAYS": "400"}
_FUNCTION = "DmarcReportsFunction"


def reports_of(connection: Connection) -> DynamoReports:
    """The table of the stack's reports. Raises `SettingsError`, also where the stack keeps none."""
    environment = _environment(connection)
    return DynamoReports(
        connection.client("dynamodb"),
        text_from(environment, "DMARC_TABLE"),
        retention=timedelta(days=number_from(environment, "DMARC_RETENTION_DAYS", 1, 3650)),
    )


def kept_of(connection: Connection) -> DynamoKeptReports:
    """The same table, for who looks at the reports themselves. Raises `SettingsError`."""
    return DynamoKeptReports(connection.client("dynamodb"), text_from(_environment(connection), "DMARC_TABLE"))


def _environment(connection: Connection) -> Mapping[str, str]:
    if not connection.place.uses and f"{_FUNCTION}Name" not in connection.outputs:
        raise SettingsError(f"the stack {connection.place.stack} keeps no DMARC reports: deploy it with DmarcReports=on")
    return connection.environment(_FUNCTION, USUAL)
