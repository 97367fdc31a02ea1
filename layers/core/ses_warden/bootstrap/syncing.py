"""The reconciliation of the suppression table with SES's own list, with the settings of the stack."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from ses_warden.adapters.ledger import DynamoLedger, Tables
from ses_warden.adapters.ses_list import SesSuppressionList
from ses_warden.adapters.suppression_rows import DynamoSuppressionRows
from ses_warden.application.sync_suppression import Applied, Plan, Progress, apply_sync, plan_sync, refuse_to_empty
from ses_warden.bootstrap.connection import Connection
from ses_warden.domain.authority import AUTHORITIES, Authority
from ses_warden.errors import SettingsError
from ses_warden.settings import choice_from, text_from

# What template.yaml sets by default, for those who name their tables instead of their stack.
USUAL = {"SUPPRESSION_AUTHORITY": "ses"}
_UNUSED = "-"


class Sync:
    """Compares and reconciles. Its methods raise `WardenError`."""

    def __init__(
        self, connection: Connection, authority: str | None = None, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """Finds the stack; raises `SettingsError` where that fails. `authority` overrides the stack's."""
        environment = connection.environment("SyncFunction", USUAL)
        if authority:
            environment = {**environment, "SUPPRESSION_AUTHORITY": authority}
        table = text_from(environment, "SUPPRESSION_TABLE")
        self._authority: Authority = choice_from(environment, "SUPPRESSION_AUTHORITY", AUTHORITIES)
        self._bucket = environment.get("QUARANTINE_BUCKET", "")
        self._connection = connection
        self._clock = clock
        dynamodb = connection.client("dynamodb")
        self._rows = DynamoSuppressionRows(dynamodb, table)
        self._ledger = DynamoLedger(dynamodb, Tables(_UNUSED, table, _UNUSED), retention=timedelta(days=1))
        self._ses = SesSuppressionList(connection.ses(environment), self._s3, self._bucket)

    def plan(self, progress: Progress, key: bytes | None) -> Plan:
        """See `plan_sync`."""
        return plan_sync(self._rows, self._ses, self._authority, self._clock(), progress, key=key)

    def apply(self, plan: Plan, progress: Progress) -> Applied:
        """See `refuse_to_empty` and `apply_sync`."""
        refuse_to_empty(plan)
        return apply_sync(plan, self._ledger, self._ses, self._clock(), progress)

    def _s3(self) -> object:
        if not self._bucket:
            raise SettingsError("so many changes need an import job and its file: name a bucket too (--use QUARANTINE_BUCKET=…)")
        return self._connection.client("s3")
