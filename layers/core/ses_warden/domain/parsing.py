"""Reads the JSON text of an SES event into its model, and says what is wrong with a text that cannot be read."""

import json
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, TypeAdapter, ValidationError
from pydantic_core import CoreSchema, ErrorDetails, core_schema

from ses_warden.domain.events import MODELS, SesEvent, SetupMessage, UnknownEvent
from ses_warden.errors import UnparsableEvent


class _ByType:
    """Picks the model by `eventType`, or else `notificationType`, in Rust: a callable discriminator costs twice the time."""

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices = {model.type: handler.generate_schema(model) for model in MODELS}
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
