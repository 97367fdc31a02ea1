"""What samples there are: SES's event types, the sub-types of some, and the sample of each in `events/ses/publishing`."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

# The plainest sample of each event type, by the name that SES gives the type.
SAMPLE_OF: Final[Mapping[str, str]] = {
    "Send": "send",
    "Delivery": "delivery",
    "Bounce": "bounce-permanent-general",
    "Complaint": "complaint-abuse",
    "Open": "open",
    "Click": "click",
    "Reject": "reject",
    "Rendering Failure": "rendering-failure",
    "DeliveryDelay": "delivery-delay",
    "Subscription": "subscription",
}
# By bounce type and sub-type: https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html#bounce-types
_BOUNCES: Final = {
    "Permanent/General": "bounce-permanent-general",
    "Permanent/NoEmail": "bounce-permanent-noemail",
    "Permanent/Suppressed": "bounce-permanent-suppressed",
    "Permanent/OnAccountSuppressionList": "bounce-permanent-on-account-suppression-list",
    "Permanent/OnTenantSuppressionList": "bounce-permanent-on-tenant-suppression-list",
    "Permanent/EmailValidationSuppressed": "bounce-permanent-email-validation-suppressed",
    "Permanent/UnsubscribedRecipient": "bounce-permanent-unsubscribed-recipient",
    "Transient/General": "bounce-transient-general",
    "Transient/MailboxFull": "bounce-transient-mailboxfull",
    "Transient/MessageTooLarge": "bounce-transient-messagetoolarge",
    "Transient/ContentRejected": "bounce-transient-contentrejected",
    "Transient/AttachmentRejected": "bounce-transient-attachmentrejected",
    "Transient/CustomTimeoutExceeded": "bounce-transient-customtimeoutexceeded",
    "Undetermined/Undetermined": "bounce-undetermined",
}
# By feedback type (https://www.iana.org/assignments/marf-parameters), or by sub-type where SES gives one instead.
_COMPLAINTS: Final = {
    "abuse": "complaint-abuse",
    "auth-failure": "complaint-auth-failure",
    "fraud": "complaint-fraud",
    "not-spam": "complaint-not-spam",
    "other": "complaint-other",
    "virus": "complaint-virus",
    "none": "complaint-without-report",
    "OnAccountSuppressionList": "complaint-on-account-suppression-list",
    "OnTenantSuppressionList": "complaint-on-tenant-suppression-list",
}
# By delay type.
_DELAYS: Final = {
    "TransientCommunicationFailure": "delivery-delay",
    "MailboxFull": "delivery-delay-mailbox-full",
    "SendingDeferral": "delivery-delay-bare",
}
SUB_TYPES: Final[Mapping[str, Mapping[str, str]]] = {"Bounce": _BOUNCES, "Complaint": _COMPLAINTS, "DeliveryDelay": _DELAYS}
"""By event type: the sub-types that there are samples of, each with its sample."""


def word(event_type: str) -> str:
    """An event type as one writes it in a terminal: `delivery-delay` for `DeliveryDelay`."""
    return re.sub(r" |(?<=[a-z])(?=[A-Z])", "-", event_type).lower()


def chosen(given: str, choices: Iterable[str]) -> str | None:
    """The one choice that is meant, however it is written; by its last part (`MailboxFull`) where only one ends so."""
    key, keys = _key(given), {choice: _key(choice) for choice in choices}
    whole = [choice for choice, parts in keys.items() if parts == key]
    found = whole or [choice for choice, parts in keys.items() if key == parts[-1:]]
    return found[0] if len(found) == 1 else None


def _key(text: str) -> tuple[str, ...]:
    return tuple(re.sub(r"[\W_]", "", part).lower() for part in text.split("/"))
