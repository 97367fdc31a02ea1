"""The commands about identities of SES, and about the DNS records that a sending domain needs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ses_warden.adapters.cloudwatch import CloudWatchSends
from ses_warden.adapters.identity_listing import SesIdentities
from ses_warden.application.look_at_identities import Look, Own, Progress, look_at_identities
from ses_warden.application.print_records import Records, RecordsWish, records_of
from ses_warden.bootstrap.connection import Connection
from ses_warden.errors import SettingsError


class Domains:
    """Looks at identities. Its methods raise `WardenError`."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Asks nobody yet."""
        self._connection = connection
        self._clock = clock
        self._v2 = connection.ses()
        self._ses = SesIdentities(self._v2, lambda: connection.client("ses"))

    def look(self, *, limit: int, progress: Progress) -> Look:
        """See `look_at_identities`. It goes without the stack, too, but then nobody knows which topic is ours."""
        metric = CloudWatchSends(self._connection.client("cloudwatch"), timedelta(days=1))
        return look_at_identities(self._ses, metric, self._own(), self._clock(), limit=limit, progress=progress)

    def records(self, wish: RecordsWish) -> Records:
        """See `records_of`. The stack is not asked."""
        return records_of(self._ses, wish, self._v2.meta.region_name)

    def _own(self) -> Own:
        uses = self._connection.place.uses
        if uses:
            unknown = "" if uses.get("FEEDBACK_TOPIC") else "Which topic is ours was not said (--use FEEDBACK_TOPIC=ARN)."
            return Own(uses.get("FEEDBACK_TOPIC", ""), uses.get("CONFIGURATION_SET", ""), unknown)
        try:
            outputs = self._connection.outputs
        except SettingsError as error:
            return Own(unknown=f"Which topic is ours is not known: {error}.")
        return Own(outputs.get("FeedbackTopicArn", ""), outputs.get("ConfigurationSetName", ""))
