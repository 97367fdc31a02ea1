"""What happens to the mails of a campaign, told as SES would tell it.

Everything that the stack must make of an event is written here by hand, beside the sample that the event is made from: the demo
checks the stack against these words, never against the stack's own code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from random import Random
from types import MappingProxyType
from typing import Any, NamedTuple

FEEDBACK, ACTIVITY = "FeedbackTopic", "ActivityTopic"
NOTHING: Mapping[str, Any] = MappingProxyType({})


class Sort(NamedTuple):
    """A sort of event: its topic, the sample that it is made from, and the row, counter and metric that it must become.

    `twin` is the sample of the same event as an identity notification, `detail` what both set beside the sample's own.
    """

    topic: str
    sample: str
    type: str
    kind: str
    counter: str
    metric: str
    twin: str | None = None
    detail: Mapping[str, Any] = NOTHING


SORTS = {
    "send": Sort(ACTIVITY, "send", "Send", "sent", "sent", "Sends"),
    "delivery": Sort(ACTIVITY, "delivery", "Delivery", "delivered", "delivered", "Deliveries"),
    "open": Sort(ACTIVITY, "open", "Open", "open", "opens", "Opens"),
    "bot open": Sort(ACTIVITY, "open-bot", "Open", "bot-open", "bot_opens", "BotOpens"),
    "click": Sort(ACTIVITY, "click", "Click", "click", "clicks", "Clicks"),
    "bot click": Sort(ACTIVITY, "click-bot", "Click", "bot-click", "bot_clicks", "BotClicks"),
    "delay": Sort(ACTIVITY, "delivery-delay", "DeliveryDelay", "delayed", "delays", "Delays"),
    "hard bounce": Sort(
        FEEDBACK,
        "bounce-permanent-noemail",
        "Bounce",
        "hard-bounce",
        "hard",
        "HardBounces",
        twin="identity-bounce",
        detail={"bounceSubType": "NoEmail"},
    ),
    "full mailbox": Sort(FEEDBACK, "bounce-transient-mailboxfull", "Bounce", "soft-bounce", "soft", "SoftBounces"),
    "auto-reply": Sort(FEEDBACK, "bounce-transient-general", "Bounce", "auto-reply", "auto_replies", "AutoReplies"),
    "undetermined": Sort(FEEDBACK, "bounce-undetermined", "Bounce", "undetermined-bounce", "undetermined", "UndeterminedBounces"),
    "too large": Sort(FEEDBACK, "bounce-transient-messagetoolarge", "Bounce", "content-refusal", "content", "ContentRefusals"),
    "policy refusal": Sort(FEEDBACK, "bounce-policy-refusal", "Bounce", "policy-refusal", "policy", "PolicyRefusals"),
    "global list": Sort(FEEDBACK, "bounce-permanent-suppressed", "Bounce", "global-list", "hard", "HardBounces"),
    "account list": Sort(FEEDBACK, "bounce-permanent-on-account-suppression-list", "Bounce", "list-hit", "listed", "ListHits"),
    "complaint": Sort(FEEDBACK, "complaint-abuse", "Complaint", "complaint", "complaints", "Complaints"),
    "no spam": Sort(FEEDBACK, "complaint-not-spam", "Complaint", "not-spam", "withdrawn", "ComplaintsWithdrawn"),
    "unsubscribe": Sort(FEEDBACK, "subscription", "Subscription", "subscription", "subscriptions", "Subscriptions"),
    "reject": Sort(FEEDBACK, "reject", "Reject", "rejected", "rejects", "Rejects"),
    "rendering failure": Sort(
        FEEDBACK, "rendering-failure", "Rendering Failure", "rendering-failure", "rendering_failures", "RenderingFailures"
    ),
}

# Several kinds of event may move one counter.
KINDS_OF = {
    sort.counter: frozenset(other.kind for other in SORTS.values() if other.counter == sort.counter) for sort in SORTS.values()
}
METRIC_OF = {sort.counter: sort.metric for sort in SORTS.values()}

MINUTE, HOUR = 60.0, 3600.0


class Chapter(NamedTuple):
    """One mail of a story: so many days ago, with these events, each so many seconds after the mail was sent."""

    days_ago: int
    events: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Story:
    """What one recipient lives through, in one mail or several; told about a share of all mails, or (0) about one recipient."""

    name: str
    chapters: tuple[Chapter, ...]
    share: float = 0.0


def _story(name: str, *events: tuple[str, float], share: float = 0.0) -> Story:
    return Story(name, (Chapter(0, (("send", 0), *events)),), share)


STORIES = (
    _story("hard bounce", ("hard bounce", 1.2), share=0.04),
    _story("full mailbox", ("delay", 5 * MINUTE), ("full mailbox", 40 * MINUTE), share=0.02),
    _story("out of office", ("delivery", 2), ("auto-reply", 9), share=0.02),
    _story("late", ("delay", 3 * MINUTE), ("delay", 13 * MINUTE), ("delivery", 31 * MINUTE), share=0.01),
    _story("complaint", ("delivery", 3), ("open", 4 * MINUTE), ("complaint", 5 * MINUTE), share=0.002),
    _story("complaint taken back", ("delivery", 3), ("open", 60), ("complaint", 2 * MINUTE), ("no spam", 9 * MINUTE)),
    _story("bounce after delivery", ("delivery", 3), ("hard bounce", 20 * MINUTE)),
    _story("delivery after bounce", ("full mailbox", 5 * MINUTE), ("delivery", 25 * MINUTE)),
    _story("undetermined", ("undetermined", 4)),
    _story("too large", ("too large", 4)),
    _story("policy refusal", ("policy refusal", 2)),
    _story("on the global list", ("global list", 1)),
    _story("on the account's list", ("account list", 1)),
    _story("unsubscribe", ("delivery", 2), ("open", 5 * MINUTE), ("unsubscribe", 6 * MINUTE)),
    _story("reject", ("reject", 0)),
    _story("rendering failure", ("rendering failure", 0)),
    Story(
        "mailbox full for weeks",
        tuple(Chapter(days, (("send", 0), ("full mailbox", 40 * MINUTE))) for days in (20, 9, 0)),
    ),
    Story(
        "mailbox emptied",
        (Chapter(8, (("send", 0), ("full mailbox", 40 * MINUTE))), Chapter(0, (("send", 0), ("delivery", 2)))),
    ),
)


# Shares: of delivered mails, of scanned mails, of delivered mails, of opened mails.
SCANNED, SCANNED_LINKS, OPENED, CLICKED = 0.06, 0.3, 0.25, 0.15


def delivered(chance: Random) -> Story:
    """The story of most mails: delivered, perhaps looked at by a scanner on the way, perhaps opened, perhaps clicked."""
    # Seconds with milliseconds: two opens of one mail at the same moment would be one event.
    arrived = round(chance.uniform(0.8, 40), 3)
    events = [("delivery", arrived)]
    if chance.random() < SCANNED:
        events.append(("bot open", round(arrived + chance.uniform(0.5, 3), 3)))
        if chance.random() < SCANNED_LINKS:
            events.append(("bot click", round(arrived + chance.uniform(4, 6), 3)))
    if chance.random() < OPENED:
        opened = round(arrived + chance.uniform(10, 20 * MINUTE), 3)
        events += [("open", round(opened + again * 97.31, 3)) for again in range(chance.choice((1, 1, 1, 2)))]
        if chance.random() < CLICKED:
            events.append(("click", round(opened + chance.uniform(5, 60), 3)))
    return _story("delivered", *events)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail of the campaign, to one recipient."""

    message_id: str
    recipient: str
    sent_at: datetime
    configuration_set: str
    story: str

    @property
    def key(self) -> str:
        """The recipient as a mailbox: case does not matter."""
        return self.recipient.lower()


class Event(NamedTuple):
    """Something that happened to a mail, and when."""

    sort: Sort
    mail: Mail
    at: datetime
