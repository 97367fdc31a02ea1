"""The `mail` object that every SES event carries: the message that was sent.

Source: https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html#event-publishing-retrieving-sns-contents-mail-object
and, for identity feedback, https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html#mail-object
"""

import re
from datetime import UTC, datetime
from typing import Annotated, TypedDict

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel


class Wire(BaseModel):
    """A part of SES's JSON: camelCase outside, snake_case inside, immutable; fields that AWS adds later are ignored."""

    # Validators of the single models are made when one is asked for: `parse_event` has a validator for all of them.
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, defer_build=True)


class OpenWire(Wire):
    """A part of SES's JSON whose unknown fields are kept in `model_extra`, so that they can be counted and looked at."""

    model_config = ConfigDict(extra="allow")


def _lenient_timestamp(value: object) -> object:
    """Reads the spellings that ISO 8601 parsers refuse: a space before the offset, and no offset at all (then UTC)."""
    if not isinstance(value, str):
        raise ValueError("not a timestamp")
    moment = datetime.fromisoformat(value.strip().replace(" +", "+").replace(" -", "-"))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# AWS's usual form is read in Rust; only what that refuses takes the slow way ("2018-10-08T14:05:45 +0000" is an AWS sample).
Timestamp = Annotated[AwareDatetime | Annotated[datetime, BeforeValidator(_lenient_timestamp)], Field(union_mode="left_to_right")]


# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_CreateConfigurationSet.html and …/API_CreateTenant.html
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Header(TypedDict):
    """One header field of the message; names may repeat."""

    name: str
    value: str


class CommonHeaders(OpenWire):
    """The headers that SES parses for us; which are present depends on the message.

    `message_id` is SES's id in event publishing and the message's own `Message-ID` in identity notifications.
    `subject` is missing from the Send event of a templated mail, which is rendered later.
    """

    from_: tuple[str, ...] | None = Field(None, alias="from")
    to: tuple[str, ...] | None = None
    cc: tuple[str, ...] | None = None
    bcc: tuple[str, ...] | None = None
    reply_to: tuple[str, ...] | None = None
    sender: str | tuple[str, ...] | None = None
    return_path: str | None = None
    date: str | None = None
    message_id: str | None = None
    subject: str | None = None


class Mail(OpenWire):
    """The message as it was handed to SES.

    `source` may carry a display name; `source_arn` is absent from opens and clicks; `tags` exist with event publishing only and
    their values are lists; `headers` are cut at 10 KB (`headers_truncated`); `source_ip` and `caller_identity` come with identity
    notifications only.
    """

    timestamp: Timestamp
    message_id: Annotated[str, Field(max_length=128, pattern="^[!-~]+$")]  # SES's have 60 characters, hexadecimal and dashes
    source: str = ""
    source_arn: str | None = None
    source_ip: str | None = None
    caller_identity: str | None = None
    sending_account_id: str | None = None
    destination: tuple[str, ...] = ()
    headers_truncated: bool | None = None
    headers: tuple[Header, ...] | None = None
    common_headers: CommonHeaders | None = None
    # A factory: pydantic copies a mutable default deeply, and in Python.
    tags: dict[str, tuple[str, ...]] = Field(default_factory=dict)

    def tag(self, name: str) -> str | None:
        """The first value of a message tag, or None."""
        values = self.tags.get(name)
        return values[0] if values else None

    @property
    def configuration_set(self) -> str | None:
        """The configuration set that the mail was sent through, where the event says so."""
        return self._name("ses:configuration-set")

    @property
    def tenant(self) -> str | None:
        """The tenant that the mail was sent for (AWS tags bounces and complaints with it), where the event says so."""
        return self._name("ses:tenant-name")

    def _name(self, tag: str) -> str | None:
        """A tag that names a resource; what could be no such name is none, and gets into no key and no metric."""
        value = self.tag(tag)
        return value if value and _NAME.fullmatch(value) else None
