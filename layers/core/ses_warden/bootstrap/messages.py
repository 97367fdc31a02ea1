"""The commands about mails, with the stack's events table."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta

from ses_warden.adapters.mails import DynamoMails
from ses_warden.application.find_mails import Page, find_mails
from ses_warden.bootstrap.connection import Connection
from ses_warden.domain.recorded import RecordedEvent
from ses_warden.domain.search import Position, Query
from ses_warden.domain.timeline import Timeline, timelines
from ses_warden.settings import number_from, text_from

# What template.yaml sets by default, for those who name their table instead of their stack.
USUAL = {"RETENTION_DAYS": "30"}


class Archive:
    """What can be asked about mails. Its methods raise `WardenError`."""

    def __init__(self, connection: Connection) -> None:
        """Finds the stack; raises `SettingsError` where that fails."""
        environment = connection.environment("FeedbackFunction", USUAL)
        self._mails = DynamoMails(connection.client("dynamodb"), text_from(environment, "EVENTS_TABLE"))
        self.retention = timedelta(days=number_from(environment, "RETENTION_DAYS", 1, 3650))

    @property
    def oldest(self) -> date:
        """The first day of which anything is kept still; its mail goes one by one in the course of today."""
        return (datetime.now(UTC) - self.retention).date()

    def mail(self, message_id: str) -> Mapping[str, Timeline[RecordedEvent]]:
        """What became of a mail, by recipient; nothing where it is not known."""
        [rows] = self._mails.rows([message_id])
        return timelines(rows)

    def find(self, query: Query, *, limit: int, after: Position | None, progress: Callable[[date], None]) -> Page:
        """See `find_mails`."""
        return find_mails(self._mails, query, limit=limit, after=after, progress=progress)
