"""From the stream of the Suppression table to the event bus.

Stream records: https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html and
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_Record.html
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import batched
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.alerts import SOURCE
from ses_warden.adapters.entries import entry_from
from ses_warden.adapters.failures import code_of
from ses_warden.domain.announcements import DETAIL_TYPES, Announcement, Privacy, announce

# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html; an entry of ours has less than 2 kB of the 1 MB.
MOST_ENTRIES = 10


@dataclass(frozen=True, slots=True)
class Published:
    """How many were told, how many were kept aside, the sequence numbers of records to be delivered again, and why; no address."""

    told: int
    aside: int
    failed: tuple[str, ...]
    reasons: tuple[str, ...]


class Announcer:
    """Tells the bus of what changed. `events` and `sqs` are boto3's clients; what cannot be read is kept in the queue `aside`."""

    def __init__(self, events: Any, sqs: Any, *, aside: str, privacy: Privacy) -> None:
        self._events = events
        self._sqs = sqs
        self._aside = aside
        self._privacy = privacy

    def publish(self, records: Iterable[Mapping[str, Any]]) -> Published:
        """Tell of records of the stream.

        One that cannot be read is kept aside: to deliver it again would help nobody, and hold back its whole shard.
        """
        waiting: list[tuple[str, dict[str, Any]]] = []
        failed: list[str] = []
        told = aside = 0
        reasons: set[str] = set()
        for record in records:
            number = str(record["dynamodb"]["SequenceNumber"])
            try:
                announcement = announcement_in(record, self._privacy)
            except (KeyError, ValueError, TypeError) as error:
                reasons.add(f"unreadable record: {type(error).__name__}")
                code = self._keep(record)
                if code:
                    failed.append(number)
                    reasons.add(f"SQS: {code}")
                else:
                    aside += 1
                continue
            if announcement:
                waiting.append((number, event_of(announcement)))
        for batch in batched(waiting, MOST_ENTRIES, strict=False):
            refused = self._put([entry for _, entry in batch])
            told += refused.count("")
            failed += [number for (number, _), code in zip(batch, refused, strict=True) if code]
            reasons |= {f"EventBridge: {code}" for code in refused if code}
        return Published(told, aside, tuple(failed), tuple(sorted(reasons)))

    def _keep(self, record: Mapping[str, Any]) -> str:
        """Puts the record into the queue of what was given up; the error code where that fails."""
        try:
            self._sqs.send_message(QueueUrl=self._aside, MessageBody=json.dumps(record, default=str))
        except (ClientError, BotoCoreError) as error:
            return code_of(error)
        return ""

    def _put(self, entries: list[dict[str, Any]]) -> list[str]:
        """Return the error code of each entry, empty where the bus took it."""
        try:
            answer = self._events.put_events(Entries=entries)
        except (ClientError, BotoCoreError) as error:
            return [code_of(error)] * len(entries)
        return [str(entry.get("ErrorCode", "")) for entry in answer["Entries"]]


def announcement_in(record: Mapping[str, Any], privacy: Privacy) -> Announcement | None:
    """What is told of a record; None of removals, of rows that are no entries, and of entries whose address is erased."""
    images = record["dynamodb"]
    new = images.get("NewImage")
    if not new or "facts" not in new or new["scope"]["S"].startswith("audit/") or new["address"]["S"].startswith("hmac:"):
        return None
    old = images.get("OldImage")
    before = entry_from(old) if old else None
    return announce(before, entry_from(new), ident=str(record["eventID"]), privacy=privacy)


def event_of(announcement: Announcement) -> dict[str, Any]:
    """The entry for the bus."""
    detail = announcement.model_dump(mode="json")
    entry = {"Source": SOURCE, "DetailType": DETAIL_TYPES[type(announcement)], "Detail": json.dumps(detail)}
    return {**entry, "Time": announcement.at} if announcement.at else entry
