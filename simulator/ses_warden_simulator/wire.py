"""The bodies of SES's requests, API version 2, as far as the simulator reads them; what it does not know is ignored.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html and its neighbours
"""

from base64 import b64decode
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_pascal

from ses_warden_simulator.errors import ApiError, BadRequest


class Body(BaseModel):
    """A part of a request: PascalCase outside, snake_case inside."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_pascal, populate_by_name=True)


def _decoded(value: object) -> bytes:
    if not isinstance(value, str):
        raise ValueError("not base64")
    return b64decode(value)  # what is not base64 is a ValueError


type Blob = Annotated[bytes, BeforeValidator(_decoded)]
type Name = Annotated[str, Field(max_length=64, pattern="^[A-Za-z0-9_-]+$")]
type Switch = Literal["ENABLED", "DISABLED"]
type Reason = Literal["BOUNCE", "COMPLAINT"]
type Contact = Annotated[str, Field(min_length=6, max_length=254, pattern="^(.+)@(.+)$")]
type SendingStatus = Literal["ENABLED", "REINSTATED", "DISABLED"]


class Pair(Body):
    """A message tag, or a header field."""

    name: Annotated[str, Field(min_length=1, max_length=256)]
    value: Annotated[str, Field(max_length=995)]


class Destination(Body):
    """Who is to get the mail."""

    to_addresses: tuple[str, ...] = ()
    cc_addresses: tuple[str, ...] = ()
    bcc_addresses: tuple[str, ...] = ()


class Text(Body):
    """A text; its character set matters to no one here."""

    data: str


class Parts(Body):
    """The two forms of a body."""

    text: Text | None = None
    html: Text | None = None


class Attachment(Body):
    """A file that goes along."""

    raw_content: Blob
    file_name: Annotated[str, Field(max_length=255)]


type Headers = Annotated[tuple[Pair, ...], Field(max_length=15)]


class Simple(Body):
    """A message that SES puts together."""

    subject: Text
    body: Parts
    headers: Headers = ()
    attachments: tuple[Attachment, ...] = ()


class Raw(Body):
    """A message that is ready (MIME)."""

    data: Blob


class TemplateContent(Body):
    """A template that comes along."""

    subject: str = ""
    text: str = ""
    html: str = ""


class Template(Body):
    """A template, and what to put into it."""

    template_name: str | None = None
    template_arn: str | None = None
    template_content: TemplateContent | None = None
    template_data: Annotated[str, Field(max_length=262_144)] = ""
    headers: Headers = ()
    attachments: tuple[Attachment, ...] = ()


class Content(Body):
    """One of three."""

    simple: Simple | None = None
    raw: Raw | None = None
    template: Template | None = None


class Tracking(Body):
    """Whether opens and clicks are seen."""

    open_tracking_enabled: Switch = "ENABLED"
    click_tracking_enabled: Switch = "ENABLED"


class Overrides(Body):
    """What differs from the configuration set."""

    tracking: Tracking = Tracking()


class Common(Body):
    """What both ways of sending share."""

    from_email_address: str | None = None
    reply_to_addresses: tuple[str, ...] = ()
    configuration_set_name: Name | None = None
    tenant_name: Name | None = None
    configuration_overrides: Overrides = Overrides()


class SendEmail(Common):
    """One mail."""

    destination: Destination = Destination()
    content: Content
    email_tags: Annotated[tuple[Pair, ...], Field(max_length=50)] = ()


class ReplacementTemplate(Body):
    """What this recipient gets in the template."""

    replacement_template_data: Annotated[str, Field(max_length=262_144)] = ""


class ReplacementContent(Body):
    """What this recipient gets."""

    replacement_template: ReplacementTemplate = ReplacementTemplate()


class BulkEntry(Body):
    """One mail of many."""

    destination: Destination
    replacement_tags: Annotated[tuple[Pair, ...], Field(max_length=50)] = ()
    replacement_email_content: ReplacementContent = ReplacementContent()
    replacement_headers: Headers = ()


class BulkContent(Body):
    """What all of them get."""

    template: Template


class SendBulkEmail(Common):
    """Many mails from one template."""

    default_content: BulkContent
    default_email_tags: Annotated[tuple[Pair, ...], Field(max_length=50)] = ()
    bulk_email_entries: Annotated[tuple[BulkEntry, ...], Field(min_length=1, max_length=50)]


class SendingSwitch(Body):
    """On or off; SES takes a missing value as off."""

    sending_enabled: bool = False


class AccountDetails(Body):
    """The request to leave the sandbox."""

    mail_type: Literal["MARKETING", "TRANSACTIONAL"]
    website_url: Annotated[str, Field(alias="WebsiteURL", min_length=1, max_length=1000)]
    contact_language: Literal["EN", "JA"] | None = None
    use_case_description: Annotated[str, Field(max_length=5000)] | None = None
    additional_contact_email_addresses: Annotated[tuple[Contact, ...], Field(min_length=1, max_length=4)] | None = None
    production_access_enabled: bool | None = None


class SuppressedReasons(Body):
    """For which reasons SES puts addresses on its list."""

    suppressed_reasons: tuple[Reason, ...] = ()


class PutSuppressed(Body):
    """An address for the list."""

    email_address: Annotated[str, Field(min_length=3, max_length=320)]
    reason: Reason
    tenant_name: Name | None = None


class StatusChange(Body):
    """A tenant's switch."""

    sending_status: SendingStatus


class Enforcement(Body):
    """What AWS thinks of the account; it has no such operation, tests need one."""

    enforcement_status: Literal["HEALTHY", "PROBATION", "SHUTDOWN"]


class Review(Body):
    """What AWS's reviewers come to; it has no such operation, tests need one."""

    status: Literal["PENDING", "FAILED", "GRANTED", "DENIED"]


class ListEntities(Body):
    """Which tenants, and from where on."""

    filter: dict[Literal["ENTITY_TYPE", "REPUTATION_IMPACT", "SENDING_STATUS", "ENTITY_REFERENCE_PREFIX"], str] = {}
    next_token: Annotated[str, Field(max_length=1000)] | None = None
    page_size: Annotated[int, Field(ge=1, le=1000)] | None = None


def read[B: Body](model: type[B], body: bytes) -> B:
    """The body of a request; a fault is named by its place, never by its content."""
    try:
        return model.model_validate_json(body or b"{}", by_alias=True, by_name=False)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise ApiError("The body is not JSON.", "SerializationException") from None
        raise BadRequest(f"{_place(first['loc'])}: {first['type']}") from None


def _place(location: Sequence[int | str]) -> str:
    """Where the fault is; a key that came from outside is not repeated."""
    parts = (str(part) for part in location)
    return ".".join(part if part.isalnum() and len(part) <= 40 else "?" for part in parts) or "body"  # noqa: PLR2004 - SES's longest
