"""The commands that bring events back: replay of stored ones, redrive of those that were given up."""

import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from ses_warden.adapters.dead_letters import SqsDeadLetters
from ses_warden.adapters.ledger import DynamoLedger, Tables
from ses_warden.adapters.quarantine import S3Quarantine
from ses_warden.adapters.stored import Bucket, Files
from ses_warden.application.outcome import Outcome
from ses_warden.application.ports import Quarantine
from ses_warden.application.record_events import Policy, record_events
from ses_warden.application.redrive_events import Redrive, redrive_events
from ses_warden.application.replay_events import Problem, Replay, replay_events
from ses_warden.bootstrap.connection import Connection
from ses_warden.domain.envelopes import Envelope
from ses_warden.errors import SettingsError, StorageError
from ses_warden.settings import Settings

_OUTPUTS = {"feedback": "FeedbackDeadLetterQueueUrl", "activity": "ActivityDeadLetterQueueUrl"}
_USES = {"feedback": "FEEDBACK_DEAD_LETTER_QUEUE_URL", "activity": "ACTIVITY_DEAD_LETTER_QUEUE_URL"}
# What template.yaml sets by default, for those who name their tables instead of their stack.
USUAL = {"RETENTION_DAYS": "30", "COUNTER_SHARDS": "8", "SUPPRESSION_AUTHORITY": "ses"}
LANES = tuple(_OUTPUTS)


class Pipeline:
    """What an operator can do about events that were not recorded. Its methods raise `WardenError`."""

    def __init__(self, connection: Connection) -> None:
        """Asks nobody yet."""
        self._connection = connection

    def replay(self, source: str, *, plan: bool, report: Callable[[Replay, list[Problem]], None]) -> Replay:
        """Replays a file, `-`, or `s3://bucket/key-or-prefix`; see `replay_events`."""
        sources = self._bucket(source) if source.startswith("s3://") else Files(source)
        found = replay_events(sources, None if plan else self._record(), report=report)
        if not found.sources:
            raise StorageError(f"there is nothing at {source}: is it misspelt?")
        return found

    def replay_quarantine(self, *, plan: bool, report: Callable[[Replay, list[Problem]], None]) -> Replay:
        """Replays the stack's quarantine, and removes from it what was recorded."""
        sources = Bucket(self._connection.client("s3"), self._settings().quarantine_bucket, "events/")
        return replay_events(sources, None if plan else self._record(), whole=True, report=report)

    def redrive(self, lane: str, *, apply: bool, report: Callable[[Redrive], None]) -> Redrive:
        """Goes through the dead-letter queue of a lane; see `redrive_events`."""
        queue = SqsDeadLetters(self._connection.client("sqs"), self._queue(lane))
        kept = self._kept() if apply else None
        return redrive_events(queue, kept, clock=lambda: datetime.now(UTC), report=report)

    def _queue(self, lane: str) -> str:
        uses = self._connection.place.uses
        url = uses.get(_USES[lane]) if uses else self._connection.outputs.get(_OUTPUTS[lane])
        if not url:
            missing = f"name it: --use {_USES[lane]}=…" if uses else f"the stack has no output {_OUTPUTS[lane]}"
            raise SettingsError(f"the dead-letter queue of the {lane} lane is not known: {missing}")
        return url

    def _bucket(self, source: str) -> Bucket:
        bucket, _, prefix = source.removeprefix("s3://").partition("/")
        if not bucket:
            raise SettingsError(f"{source} names no bucket: it is s3://bucket/key-or-prefix")
        return Bucket(self._connection.client("s3"), bucket, prefix)

    def _settings(self) -> Settings:
        return Settings.read(self._connection.environment("FeedbackFunction", USUAL))

    def _kept(self) -> Callable[[list[Envelope]], Outcome]:
        """Records as the functions do: what cannot be read goes to the quarantine."""
        record = self._record()
        s3 = self._connection.client("s3")
        quarantine = S3Quarantine(lambda: s3, self._settings().quarantine_bucket)
        return lambda envelopes: record(envelopes, quarantine)

    def _record(self) -> Callable[[Iterable[Envelope], Quarantine], Outcome]:
        settings = self._settings()
        ledger = DynamoLedger(
            self._connection.client("dynamodb"),
            Tables(settings.events_table, settings.suppression_table, settings.reputation_table),
            retention=settings.retention,
            shards=settings.counter_shards,
            shard=random.randrange(settings.counter_shards),  # noqa: S311  # spreads writers, no secret
        )
        policy = Policy(settings.retention, settings.authority, settings.no_feedback_domains)
        return lambda envelopes, quarantine: record_events(
            envelopes, ledger=ledger, quarantine=quarantine, policy=policy, now=datetime.now(UTC)
        )
