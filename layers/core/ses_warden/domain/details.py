"""The objects of an SES event that only its type has: `bounce`, `complaint`, `delivery`, …

Type-like fields are open strings, since AWS adds values; those documented today are in `known_values`, so that others can be
counted.

Source: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, TypedDict

from pydantic import BeforeValidator, Field

from ses_warden.domain.mail import OpenWire, Timestamp, Wire


class Detail(OpenWire):
    """An object that only one type of event has."""

    known_values: ClassVar[Mapping[str, frozenset[str]]] = {}


class BouncedRecipient(Wire):
    """Somebody whose mail bounced. All but the address come from the DSN (RFC 3464) and are absent without one."""

    email_address: str
    action: str | None = None
    status: str | None = None
    diagnostic_code: str | None = None


class BounceDetail(Detail):
    """Why a mail bounced: `bounce_type` and `bounce_sub_type` are open strings, since AWS adds sub-types."""

    known_values: ClassVar = {
        "bounce_type": frozenset({"Permanent", "Transient", "Undetermined"}),
        "bounce_sub_type": frozenset(
            {
                "AttachmentRejected",
                "ContentRejected",
                "CustomTimeoutExceeded",
                "EmailValidationSuppressed",
                "General",
                "MailboxFull",
                "MessageTooLarge",
                "NoEmail",
                "OnAccountSuppressionList",
                "OnTenantSuppressionList",
                "Suppressed",
                "Undetermined",
                "UnsubscribedRecipient",
            }
        ),
    }

    bounce_type: str
    bounce_sub_type: str | None = None
    bounced_recipients: tuple[BouncedRecipient, ...] = ()
    timestamp: Timestamp | None = None
    feedback_id: str | None = None
    reporting_mta: str | None = Field(None, alias="reportingMTA")
    remote_mta_ip: str | None = None


class ComplainedRecipient(Wire):
    """Somebody who may have complained: providers redact the complainer, so SES lists the candidates."""

    email_address: str


class ComplaintDetail(Detail):
    """A complaint (RFC 5965 feedback report); the feedback type may be missing, and `not-spam` is the opposite of one."""

    # https://www.iana.org/assignments/marf-parameters
    known_values: ClassVar = {
        "complaint_feedback_type": frozenset({"abuse", "auth-failure", "fraud", "not-spam", "other", "virus"}),
        "complaint_sub_type": frozenset({"OnAccountSuppressionList", "OnTenantSuppressionList"}),
    }

    complained_recipients: tuple[ComplainedRecipient, ...] = ()
    timestamp: Timestamp | None = None
    feedback_id: str | None = None
    complaint_sub_type: str | None = None
    complaint_feedback_type: str | None = None
    user_agent: str | None = None
    arrival_date: str | None = None


class DeliveryDetail(Detail):
    """The recipient's mail server accepted the mail; `processing_time_millis` in milliseconds since it was sent."""

    timestamp: Timestamp | None = None
    processing_time_millis: int | None = None
    recipients: tuple[str, ...] = ()
    smtp_response: str | None = None
    reporting_mta: str | None = Field(None, alias="reportingMTA")
    remote_mta_ip: str | None = None


class SendDetail(Detail):
    """Empty: SES accepted the request and will try to deliver."""


class RejectDetail(Detail):
    """SES refused to deliver, since it found a virus."""

    reason: str | None = None


class Engagement(Detail):
    """What an open and a click share; `is_bot_event` is `Likely` or `Unlikely`, as SES guesses."""

    known_values: ClassVar = {"is_bot_event": frozenset({"Likely", "Unlikely"})}

    timestamp: Timestamp | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    is_bot_event: str | None = None


class OpenDetail(Engagement):
    """The tracking pixel was fetched."""


class ClickDetail(Engagement):
    """A tracked link was followed."""

    link: str | None = None
    link_tags: dict[str, tuple[str, ...]] | None = None


class FailureDetail(Detail):
    """A template could not be rendered, so nothing was sent."""

    template_name: str | None = None
    error_message: str | None = None


class DelayedRecipient(Wire):
    """Somebody whose mail is late."""

    email_address: str
    status: str | None = None
    diagnostic_code: str | None = None


def _as_list(value: object) -> object:
    """AWS's text says that `delayedRecipients` is an object, its example has a list."""
    return [value] if isinstance(value, dict) else value


class DelayDetail(Detail):
    """A temporary failure; SES goes on trying until `expiration_time`."""

    known_values: ClassVar = {
        "delay_type": frozenset(
            {
                "BYOIPHostNameLookupUnavailable",
                "General",
                "IPFailure",
                "InternalFailure",
                "MailboxFull",
                "RecipientServerError",
                "SendingDeferral",
                "SpamDetected",
                "TransientCommunicationFailure",
                "Undetermined",
            }
        )
    }

    delay_type: str | None = None
    # As with timestamps, only what is not as usual goes through Python.
    delayed_recipients: Annotated[
        tuple[DelayedRecipient, ...] | Annotated[tuple[DelayedRecipient, ...], BeforeValidator(_as_list)],
        Field(union_mode="left_to_right"),
    ] = ()
    expiration_time: Timestamp | None = None
    timestamp: Timestamp | None = None
    reporting_mta: str | None = Field(None, alias="reportingMTA")


class TopicStatus(TypedDict):
    """A contact's choice for one topic: `OptIn` or `OptOut`."""

    topicName: str  # SES's own spelling: a dictionary has no aliases
    subscriptionStatus: str


class TopicPreferences(Wire):
    """What a contact wants to get from a contact list."""

    unsubscribe_all: bool | None = None
    topic_subscription_status: tuple[TopicStatus, ...] | None = None
    topic_default_subscription_status: tuple[TopicStatus, ...] | None = None


class SubscriptionDetail(Detail):
    """A contact changed preferences; `source` is the mechanism (`UnsubscribeHeader`) or the sender, AWS says both."""

    contact_list: str
    timestamp: Timestamp | None = None
    source: str | None = None
    new_topic_preferences: TopicPreferences | None = None
    old_topic_preferences: TopicPreferences | None = None
