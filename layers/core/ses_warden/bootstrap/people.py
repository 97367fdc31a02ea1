"""The command that forgets a person, with the settings of the stack."""

import time
from datetime import UTC, datetime, timedelta

from ses_warden.adapters.ledger import DynamoLedger, Tables
from ses_warden.adapters.person_rows import DynamoPersonRows
from ses_warden.adapters.suppression_rows import DynamoSuppressionRows
from ses_warden.application.forget_person import Forgotten, forget, plan_forgetting
from ses_warden.bootstrap.connection import Connection
from ses_warden.domain.addresses import Address
from ses_warden.settings import text_from

_UNUSED = "-"
_WAIT_SECONDS = 0.5


class People:
    """Forgets. Its methods raise `WardenError`."""

    def __init__(self, connection: Connection) -> None:
        """Finds the stack; raises `SettingsError` where that fails."""
        environment = connection.environment("FeedbackFunction")
        events, suppression = (text_from(environment, name) for name in ("EVENTS_TABLE", "SUPPRESSION_TABLE"))
        dynamodb = connection.client("dynamodb")
        self._rows = DynamoSuppressionRows(dynamodb, suppression)
        self._person = DynamoPersonRows(dynamodb, events, suppression)
        self._ledger = DynamoLedger(dynamodb, Tables(_UNUSED, suppression, _UNUSED), retention=timedelta(days=1))

    def plan(self, recipient: Address) -> Forgotten:
        """See `plan_forgetting`."""
        return plan_forgetting(recipient, _now, self._rows, self._person)

    def forget(self, recipient: Address, key: bytes | None, *, let_go: bool) -> Forgotten:
        """See `forget`."""
        return forget(
            recipient,
            key,
            _now,
            self._ledger,
            let_go=let_go,
            rows=self._rows,
            person=self._person,
            wait=lambda: time.sleep(_WAIT_SECONDS),
        )


def _now() -> datetime:
    return datetime.now(UTC)
