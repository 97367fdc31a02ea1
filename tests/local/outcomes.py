"""What a sample must leave behind, by a walk over the sample that knows nothing of the product; and what it left."""

import base64
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.support.stack import Stack

# How SES announces itself when a topic is connected: neither is an event, neither is kept.
SETUP = ("Successfully validated", "AmazonSnsSubscriptionSucceeded")
# Where each type lists whom it is about; all others are about the mail's destinations.
RECIPIENTS = {
    "Bounce": ("bounce", "bouncedRecipients"),
    "Complaint": ("complaint", "complainedRecipients"),
    "Delivery": ("delivery", "recipients"),
    "DeliveryDelay": ("deliveryDelay", "delayedRecipients"),
}
TYPES = {*RECIPIENTS, "Send", "Open", "Click", "Reject", "Rendering Failure", "Subscription"}


@dataclass(frozen=True)
class Outcome:
    """How many rows there are of each mail and type, and how many payloads were put aside."""

    rows: Counter[tuple[str, str]]
    kept: int


def left(stack: Stack) -> Outcome:
    """What is in the ledger and the quarantine."""
    keys = ((row["message_id"], row["event"].split("#")[-2]) for row in stack.rows("EventsTable"))
    return Outcome(Counter(keys), len(stack.objects("QuarantineBucket")))


def expected(payload: Any) -> Outcome:
    """What must be in the ledger and the quarantine after a function got this payload."""
    events, kept = set[tuple[str, str, str, str]](), 0
    for leaf in _leaves(payload):
        kind = leaf.get("eventType") or leaf.get("notificationType") if isinstance(leaf, dict) else None
        if kind in TYPES and isinstance(leaf.get("mail"), dict):
            text = json.dumps(leaf, sort_keys=True)
            events |= {(leaf["mail"]["messageId"], kind, recipient, text) for recipient in _recipients(kind, leaf)}
        elif not any(mark in str(leaf) for mark in SETUP):
            kept += 1
    return Outcome(Counter((message_id, kind) for message_id, kind, _, _ in events), kept)


def _leaves(node: Any) -> Iterator[Any]:
    """The innermost payloads: events, and whatever is none."""
    if isinstance(node, str):
        try:
            node = json.loads(node)
        except ValueError:
            yield node
            return
    match node:
        case {"Records": list(inner)} | {"records": list(inner)}:
            for record in inner:
                yield from _leaves(record)
        case {"data": str(data)}:
            for line in base64.b64decode(data).decode().splitlines():
                yield from _leaves(line)
        case {"Sns": inner} | {"Message": inner} | {"body": inner} | {"requestPayload": inner}:
            yield from _leaves(inner)
        case {"detail-type": _, "detail": inner}:
            yield from _leaves(inner)
        case _:
            yield node


def _recipients(kind: str, event: Any) -> set[str]:
    destination = event["mail"]["destination"]
    if kind in ("Open", "Click"):
        # SES does not say which of several recipients it was
        return {destination[0] if len(destination) == 1 else "*"}
    section, key = RECIPIENTS.get(kind, ("mail", "destination"))
    return {who if isinstance(who, str) else who["emailAddress"] for who in event[section][key]}
