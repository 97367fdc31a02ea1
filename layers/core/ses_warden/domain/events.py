"""Amazon SES events as typed models, in both forms that SES sends.

*Event publishing* (a configuration set's event destination) names the type in `eventType`, *identity feedback notifications* name
it in `notificationType`; the rest is nearly the same, so one model serves both and `form` tells which it was. Unknown types,
sub-types, enum values and fields are kept: AWS adds to them without notice.

Sources: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html and
https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html
"""

import json
from typing import Annotated, Any, ClassVar, Literal

from pydantic import GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import CoreSchema, ErrorDetails, core_schema

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
from ses_warden.errors import UnparsableEvent

__all__ = ["SesEvent", "parse_event"]

Form = Literal["event-publishing", "identity-feedback"]


class Event(OpenWire):
    """What all events share. `type` is SES's own name of the event's type; `key` that of the object with the details."""

    type: ClassVar[str]
    key: ClassVar[str]
    event_type: str | None = None
    notification_type: str | None = None

    @property
    def form(self) -> Form:
        """Which of SES's two channels the event came through."""
        return "event-publishing" if self.event_type is not None else "identity-feedback"


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

_MODELS: tuple[type[Event], ...] = (
    Bounce,
    Complaint,
    Delivery,
    Send,
    Reject,
    Open,
    Click,
    RenderingFailure,
    DeliveryDelay,
    Subscription,
    SetupMessage,
)


class _ByType:
    """Picks the model by `eventType`, or else `notificationType`, in Rust: a callable discriminator costs twice the time."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices = {model.type: handler.generate_schema(model) for model in _MODELS}
        # A list of paths is documented for the core schema alone: the first path that is present decides.
        paths: list[list[str | int]] = [["eventType"], ["notificationType"]]
        return core_schema.tagged_union_schema(choices, discriminator=paths)


_validate_json = TypeAdapter(Annotated[Any, _ByType]).validator.validate_json

# The first message on a topic is a sentence, not JSON (seen on real topics).
_SETUP_TEXT = "Successfully validated SNS topic for Amazon SES event publishing."


def parse_event(raw: str | bytes) -> SesEvent:
    """Reads one SES event, of either form, from its JSON text.

    A field that cannot be read is left out and stands among the unknown ones, unless the event is nothing without it.
    Raises `UnparsableEvent`, which names the place and kind of the fault but never repeats the content.
    """
    try:
        event: SesEvent = _validate_json(raw)
        return event
    except ValidationError as error:
        return _parse_otherwise(raw, error)
    except UnicodeError as error:
        raise UnparsableEvent("the text is not valid Unicode") from error


def _parse_otherwise(raw: str | bytes, error: ValidationError) -> SesEvent:
    kind = _faults(error)[0]["type"]
    if kind == "union_tag_invalid":
        return _unknown(raw)
    text = raw if isinstance(raw, str) else raw[:200].decode("utf-8", "replace")
    if text.strip().startswith(_SETUP_TEXT):
        return SetupMessage(message=_SETUP_TEXT)
    if kind == "json_invalid":
        raise UnparsableEvent(_fault(error)) from None
    return _without_unreadable_fields(raw, error)


# What an event is nothing without: which mail, when, whom it is about, and what happened to them.
_DECISIVE = frozenset(
    {
        "mail",
        "messageId",
        "destination",
        "timestamp",
        "bounce",
        "bounceType",
        "bounceSubType",
        "bouncedRecipients",
        "complaint",
        "complainedRecipients",
        "complaintFeedbackType",
        "complaintSubType",
        "delivery",
        "recipients",
        "deliveryDelay",
        "delayedRecipients",
        "subscription",
        "contactList",
        "newTopicPreferences",
        "failure",
        "reject",
        "open",
        "click",
    }
)


def _without_unreadable_fields(raw: str | bytes, error: ValidationError) -> SesEvent:
    """The event without the fields that have another type than they should, if none of them is decisive."""
    try:
        document: Any = json.loads(raw)
    except (ValueError, RecursionError):
        raise UnparsableEvent(_fault(error)) from None
    unreadable: dict[str, Any] = {}
    for fault in _faults(error):
        # The first part of a place is the type of the event; a path leads through a list, a mapping or a union to the fault.
        path = [str(part) for part in fault["loc"][1:]]
        name = path[1] if path[:1] and path[0] in document and len(path) > 1 else path[0] if path else ""
        parent = document.get(path[0]) if len(path) > 1 else document
        if name in _DECISIVE or not isinstance(parent, dict) or name not in parent:
            raise UnparsableEvent(_fault(error)) from None
        unreadable[".".join(path[:2])] = parent.pop(name)
    try:
        event: SesEvent = _validate_json(json.dumps({**document, "unreadable": unreadable}))
    except ValidationError:
        raise UnparsableEvent(_fault(error)) from None
    return event


def _unknown(raw: str | bytes) -> UnknownEvent:
    try:
        event = UnknownEvent.model_validate_json(raw)
    except ValidationError as error:
        raise UnparsableEvent(_fault(error)) from None
    if not event.name:
        raise UnparsableEvent("eventType: missing")
    return event


_LONGEST_NAME = 40


def _fault(error: ValidationError) -> str:
    """Place and kind of up to three faults; keys that came from outside are cut to what a field's name can be."""
    return "; ".join(f"{_place(fault['loc'])}: {fault['type']}" for fault in _faults(error)[:3])


def _faults(error: ValidationError) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_context=False, include_input=False)


def _place(location: tuple[int | str, ...]) -> str:
    parts = (str(part) for part in location)
    return ".".join(part if part.isalnum() and len(part) <= _LONGEST_NAME else "?" for part in parts) or "document"
