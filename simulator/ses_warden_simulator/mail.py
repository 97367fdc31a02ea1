"""A mail that the simulator accepted, and how one is made of each kind of content."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from uuid import uuid4

from ses_warden_simulator import wire
from ses_warden_simulator.addresses import several
from ses_warden_simulator.errors import BadRequest, Rejected
from ses_warden_simulator.exchange import Caller

# https://www.eicar.org/download-anti-malware-testfile/: the file by which AWS says to test a rejection, in halves, so that no
# scanner takes this module for it.
_VIRUS = b"EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE"
# Bounded throughout: what does not match costs no more than its length.
_LINK = re.compile(r"""<a\s[^<>]{0,2000}?href\s{0,9}=\s{0,9}["'](https?://[^"'\s<>]{1,2000})["']""", re.IGNORECASE)
MOST_LINKS = 250
# What SES calls the region in its ids; others are not known.
_REGIONS = {"us-east-1": "0100", "us-west-2": "0101", "eu-west-1": "0102", "eu-central-1": "0107"}
HEADER_BYTES = 10 * 1024
# Of all addresses of a message together; Python's parser is slow with hostile ones. 50 of the longest take 16 KB.
ADDRESS_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Mail:
    """What every event says of the mail, and what decides its fate.

    `operation` is the API's name for the way it was sent; `links` are those of its HTML, which is None where it has none;
    `headers` are cut at 10 KB, as SES does (`headers_truncated`).
    """

    caller: Caller
    at: datetime
    message_id: str
    source: str
    destination: tuple[str, ...]
    operation: str
    headers: tuple[tuple[str, str], ...]
    tags: Mapping[str, str]
    configuration_set: str | None
    tenant: str | None
    links: tuple[str, ...] | None
    headers_truncated: bool = False
    infected: bool = False
    opens_tracked: bool = True
    clicks_tracked: bool = True


@dataclass(frozen=True, slots=True)
class Composed:
    """A message's content, whichever way it came."""

    operation: str
    headers: tuple[tuple[str, str], ...]
    html: str | None = None
    infected: bool = False


def new_id(at: datetime, region: str) -> str:
    """An id as SES makes them: region and milliseconds in hexadecimal, then a UUID."""
    return f"{_REGIONS.get(region, '0100')}{int(at.timestamp() * 1000):012x}-{uuid4()}-000000"


def cut(headers: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """As many header fields as fit into the size that SES repeats in events."""
    kept, size = [], 0
    for name, value in headers:
        size += len(name) + len(value) + 4  # ": " and the end of the line
        if size > HEADER_BYTES:
            break
        kept.append((name, value))
    return tuple(kept)


def links_of(html: str | None) -> tuple[str, ...] | None:
    """The links that SES would track."""
    if html is None:
        return None
    found = (match[1] for match in _LINK.finditer(html))
    return tuple(link for link, _ in zip(found, range(MOST_LINKS), strict=False))


@dataclass(frozen=True, slots=True)
class Text:
    """What a message says, in up to three forms."""

    subject: str
    text: str | None
    html: str | None
    extra: tuple[wire.Pair, ...] = ()
    attachments: tuple[wire.Attachment, ...] = ()


def compose(operation: str, body: wire.Common, to: wire.Destination, said: Text) -> Composed:
    """Puts together what SES puts together."""
    text, html = said.text, said.html
    kinds = {(True, True): 'multipart/alternative; boundary="----=_Part"', (False, True): "text/html; charset=UTF-8"}
    kind = kinds.get((text is not None, html is not None), "text/plain; charset=UTF-8")
    named = (
        ("From", body.from_email_address or ""),
        ("Reply-To", ", ".join(body.reply_to_addresses)),
        ("To", ", ".join(to.to_addresses)),
        ("Cc", ", ".join(to.cc_addresses)),
        ("Subject", said.subject),
        ("MIME-Version", "1.0"),
        ("Content-Type", 'multipart/mixed; boundary="----=_Part"' if said.attachments else kind),
    )
    headers = (*((name, value) for name, value in named if value), *((pair.name, pair.value) for pair in said.extra))
    texts = [part.encode("utf-8", "replace") for part in (text, html) if part is not None]
    infected = any(_VIRUS in content for content in (*texts, *(file.raw_content for file in said.attachments)))
    return Composed(operation, headers, html, infected)


@dataclass(frozen=True, slots=True)
class Parsed:
    """A MIME message, read."""

    composed: Composed
    sender: str | None
    recipients: tuple[str, ...]
    configuration_set: str | None
    tenant: str | None
    tags: Mapping[str, str]


def parse(data: bytes) -> Parsed:
    """Reads a MIME message, and SES's own header fields in it; raises `Rejected`.

    https://docs.aws.amazon.com/ses/latest/dg/send-email-raw.html
    """
    try:
        message = message_from_bytes(data)
        html, infected = _look_through(message)
        headers = tuple((name, _one_line(value)) for name, value in message.items())
    # Hostile messages bring Python's parser to all of these.
    except (RecursionError, ValueError, LookupError, AttributeError, TypeError):
        raise Rejected("The message cannot be read.") from None
    fields: dict[str, list[str]] = {}
    for name, value in headers:
        fields.setdefault(name.lower(), []).append(value)
    everybody = [field for name in ("to", "cc", "bcc") for field in fields.get(name, [])]
    if sum(map(len, everybody)) > ADDRESS_BYTES:
        raise Rejected("The message has too many recipients.")
    return Parsed(
        Composed("SendRawEmail", headers, html, infected),
        fields.get("from", [None])[0],
        tuple(several(everybody)),
        fields.get("x-ses-configuration-set", [None])[0],
        fields.get("x-ses-tenant", [None])[0],
        _header_tags(fields.get("x-ses-message-tags", [])),
    )


def _one_line(value: object) -> str:
    """Unfolded (RFC 5322, section 2.2.3)."""
    return " ".join(str(value).split())


def _look_through(message: Message) -> tuple[str | None, bool]:
    html, infected = None, False
    for part in message.walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            infected = infected or _VIRUS in content
            if html is None and part.get_content_type() == "text/html":
                html = content.decode("utf-8", "replace")
    return html, infected


def _header_tags(fields: Sequence[str]) -> dict[str, str]:
    tags = {}
    for pair in ",".join(fields).split(","):
        name, equals, value = pair.strip().partition("=")
        if equals:
            tags[name.strip()] = value.strip()
    return checked_tags(tags.items())


_TAG = re.compile(r"[A-Za-z0-9_.@-]{1,256}")
# The two names of SES's own that a sender may set: https://docs.aws.amazon.com/ses/latest/dg/monitor-sending-activity.html
_OWN_TAGS = frozenset({"ses:feedback-id-a", "ses:feedback-id-b"})
MOST_TAGS = 50


def checked_tags(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Message tags, if SES would take them; raises `BadRequest`."""
    tags = dict(pairs)
    if len(tags) > MOST_TAGS:
        raise BadRequest(f"More than {MOST_TAGS} message tags")
    for name, value in tags.items():
        if not (name in _OWN_TAGS or _TAG.fullmatch(name)) or not _TAG.fullmatch(value):
            raise BadRequest("Message tags may hold letters of ASCII, digits, '_', '-', '.' and '@' only")
    return tags


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)
