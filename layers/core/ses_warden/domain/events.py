"""Amazon SES events as typed models, in both forms that SES sends.

*Event publishing* (a configuration set's event destination) names the type in `eventType`, *identity feedback notifications* name
it in `notificationType`; the rest is nearly the same, so one model serves both. Unknown types, sub-types, enum values and fields
are kept: AWS adds to them without notice.

Sources: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html and
https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
"""

from typing import Any, ClassVar, get_args

from ses_warden.domain.details import (
    BounceDetail,
    ClickDetail,
    ComplaintDetail,
    DelayDetail,
    DeliveryDetail,
    Detail,
    FailureDetail,
    OpenDetail,
    RejectDetail,
    SendDetail,
    SubscriptionDetail,
)
from ses_warden.domain.mail import Mail, OpenWire


class Event(OpenWire):
    """What all events share. `type` is SES's own name of the event's type; `key` that of the object with the details."""

    type: ClassVar[str]
    key: ClassVar[str]
    event_type: str | None = None
    notification_type: str | None = None


class MailEvent(Event):
    """An event about a mail; `detail` is the object that only this type has."""

    mail: Mail

    @property
    def detail(self) -> Detail:
        """The object that carries what is particular to this type of event."""
        detail: Detail = getattr(self, self.key)
        return detail

    @property
    def unknown_fields(self) -> dict[str, Any]:
        """What these models do not know, by where it stands (`mail.newField`)."""
        detail = self.detail
        if not (self.model_extra or self.mail.model_extra or detail.model_extra):
            return {}
        parts = (("", self), ("mail.", self.mail), (f"{self.key}.", detail))
        return {prefix + name: value for prefix, part in parts for name, value in (part.model_extra or {}).items()}

    @property
    def unknown_values(self) -> tuple[str, ...]:
        """Where this event says what was not documented when these models were written (`bounce.bounce_sub_type`)."""
        detail = self.detail
        return tuple(
            f"{self.key}.{name}"
            for name, known in detail.known_values.items()
            if (value := getattr(detail, name)) is not None and value not in known
        )


class Bounce(MailEvent):
    """A hard bounce, or a soft bounce that SES stopped retrying, or an out-of-office reply."""

    type, key = "Bounce", "bounce"
    bounce: BounceDetail


class Complaint(MailEvent):
    """A recipient's provider reported the mail."""

    type, key = "Complaint", "complaint"
    complaint: ComplaintDetail


class Delivery(MailEvent):
    """The mail reached the recipient's mail server."""

    type, key = "Delivery", "delivery"
    delivery: DeliveryDetail


class Send(MailEvent):
    """SES accepted the mail."""

    type, key = "Send", "send"
    send: SendDetail = SendDetail()


class Reject(MailEvent):
    """SES refused the mail."""

    type, key = "Reject", "reject"
    reject: RejectDetail


class Open(MailEvent):
    """The mail was opened."""

    type, key = "Open", "open"
    open: OpenDetail


class Click(MailEvent):
    """A link of the mail was followed."""

    type, key = "Click", "click"
    click: ClickDetail


class RenderingFailure(MailEvent):
    """The mail's template could not be rendered. The type's name has a space, and the object is called `failure`."""

    type, key = "Rendering Failure", "failure"
    failure: FailureDetail


class DeliveryDelay(MailEvent):
    """The mail is late."""

    type, key = "DeliveryDelay", "delivery_delay"
    delivery_delay: DelayDetail


class Subscription(MailEvent):
    """The recipient changed subscription preferences."""

    type, key = "Subscription", "subscription"
    subscription: SubscriptionDetail


class SetupMessage(Event):
    """What SES posts when a topic is connected; to be ignored."""

    type, key = "AmazonSnsSubscriptionSucceeded", ""
    message: str | None = None


class UnknownEvent(Event):
    """An event of a type that these models do not know, kept as it came in `model_extra`."""

    type, key = "Unknown", ""

    @property
    def name(self) -> str:
        """What SES calls the type."""
        return self.event_type or self.notification_type or ""


type SesEvent = (
    Bounce
    | Complaint
    | Delivery
    | Send
    | Reject
    | Open
    | Click
    | RenderingFailure
    | DeliveryDelay
    | Subscription
    | SetupMessage
    | UnknownEvent
)

# All types that are known.
MODELS: tuple[type[Event], ...] = tuple(model for model in get_args(SesEvent.__value__) if model is not UnknownEvent)
