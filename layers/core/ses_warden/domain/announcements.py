"""What other programs hear of a recipient: which change of an entry is told, and the shape in which it is (docs/events.md).

RecipientSuppressed.model_validate(event["detail"])
"""

from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from ses_warden.domain.entries import Change, Entry, Reason, State, change
from ses_warden.domain.signals import Confidence


class Privacy(StrEnum):
    """How an event names its recipient; the values of the template's `RecipientEvents`, without `off`."""

    HASHED = "hashed"
    PLAIN = "plain"


class _Announcement(BaseModel):
    """What all details have.

    `id` is the same whenever a change is told again: deduplicate by it. `version` grows with each write of the entry: ignore a
    lower one than you have seen of the same address and scope. `address_sha256` is that of the address in its normal form,
    `address` the form itself, or null where the stack hides it. `at` is the time of the latest fact that the verdict rests on.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    schema_version: Literal[1] = 1
    id: str
    version: int
    scope: str
    address_sha256: str
    address: str | None = None
    at: AwareDatetime | None = None


class RecipientSuppressed(_Announcement):
    """Mail is held back from `since` until `expires_at` (null: for good); `was_suppressed` where only that end has moved."""

    reason: Reason
    confidence: Confidence
    since: AwareDatetime
    expires_at: AwareDatetime | None = None
    was_suppressed: bool = False


class RecipientUnsubscribed(RecipientSuppressed):
    """The recipient unsubscribed at `unsubscribed_at`; the verdict may rest on a stronger reason."""

    unsubscribed_at: AwareDatetime


class RecipientReleased(_Announcement):
    """Mail is no longer held back, by a fact and not by the passing of time."""


type Announcement = RecipientSuppressed | RecipientUnsubscribed | RecipientReleased

DETAIL_TYPES: dict[type[_Announcement], str] = {
    RecipientSuppressed: "Recipient Suppressed",
    RecipientUnsubscribed: "Recipient Unsubscribed",
    RecipientReleased: "Recipient Released",
}


def announce(before: Entry | None, after: Entry, *, ident: str, privacy: Privacy) -> Announcement | None:
    """What is told of a write of an entry, at most one thing; None if it changed nothing that a sender would act upon."""
    changed = change(before, after)
    common = {
        "id": ident,
        "version": after.version,
        "scope": after.scope,
        "address_sha256": sha256(after.address.encode()).hexdigest(),
        "address": after.address if privacy is Privacy.PLAIN else None,
        "at": after.last_seen,
    }
    if changed is Change.RELEASED:
        return RecipientReleased.model_validate(common)
    if after.state is not State.SUPPRESSED:
        return None
    verdict = common | {
        "reason": after.reason,
        "confidence": after.confidence,
        "since": after.since,
        "expires_at": after.expires_at,
        "was_suppressed": changed is not Change.SUPPRESSED,
    }
    gone = _unsubscribed(after)
    if gone and not (before and _unsubscribed(before)):
        return RecipientUnsubscribed.model_validate(verdict | {"unsubscribed_at": gone})
    if changed is Change.SUPPRESSED or (before and before.expires_at != after.expires_at):
        return RecipientSuppressed.model_validate(verdict)
    return None


def _unsubscribed(entry: Entry) -> datetime | None:
    """Since when the recipient wants no mail, unless they came back or an operator released them later."""
    gone, back, released = entry.unsubscribed_at, entry.subscribed_at, entry.released
    holds = gone and (back is None or gone >= back) and (released is None or gone > released.at)
    return gone if holds else None
