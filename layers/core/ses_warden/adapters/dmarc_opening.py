"""From what came in to documents: a mail's attachments, an archive's members. All in memory, and all of it within limits.

Whoever may write to a report address may send a bomb. RFC 9990 section 8 and CERT say what to expect: archives that unpack to
gigabytes, archives within archives, thousands of members. What a file is, its first bytes say, never its name.
"""

import email
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email.message import Message
from email.policy import Compat32
from io import BytesIO

from ses_warden.adapters.dmarc_sender import sender_of
from ses_warden.application.dmarc_ports import Refused, Trouble
from ses_warden.domain.text import clean, mask_addresses

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What is opened at all, in bytes; `unpacked` is of an archive, and of all documents of a file together.

    Reports have a few kilobytes, of the largest receivers a few megabytes; RFC 7489 section 7.2.1.1 knows addresses that take
    10 MB. `ratio` is of unpacked to packed bytes, from `ratio_from` bytes on: XML of reports comes to 10, to 100 at most, and
    deflate to 1,000 of nothing but zeros.
    """

    file: int = 15 * MIB
    lines: int = 250_000
    boundaries: int = 50
    attachments: int = 20
    unpacked: int = 20 * MIB
    ratio: int = 300
    ratio_from: int = MIB
    members: int = 10
    directory: int = 16 * 1024


@dataclass(frozen=True, slots=True)
class Document:
    """An XML document that may be a report; `part` is the attachment or member that it was in.

    `sender` is the domain that SES found its mail to come from, empty where SES said nothing.
    """

    data: bytes
    part: str = ""
    sender: str = ""


_GZIP = b"\x1f\x8b"
_ZIP = b"PK\x03\x04"
_UTF8_MARK, _UTF16_MARKS = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
# A header field's name is printable ASCII without a colon (RFC 5322 section 2.2); an mbox begins with "From ".
_MAIL = re.compile(rb"\s*(?:From [^\n]*\n)?[!-9;-~]+[ \t]*:")
_END_OF_DIRECTORY, _END_OF_DIRECTORY_64 = b"PK\x05\x06", b"PK\x06\x07"
_END_BYTES, _LOCATOR_BYTES, _LONGEST_COMMENT = 22, 20, 65_535
_ROOT = re.compile(rb"<(?:[\w.-]+:)?feedback\b")
_BEGINNING = 4_096
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_CHUNK = 64 * 1024
_LONGEST_PART = 120


def open_content(content: bytes, limits: Limits = Limits()) -> Iterator[Document | Refused]:
    """The documents in a mail, an archive, or the document that it is; and what was not opened, with the reason."""
    left = limits.unpacked
    for found in _opened(content, limits):
        left -= len(found.data) if isinstance(found, Document) else 0
        if left < 0:
            # One archive is bounded; a mail of many would be read for an hour.
            yield Refused(Trouble.HOSTILE, f"its documents together have more than {limits.unpacked:,} bytes")
            return
        yield found


def _opened(content: bytes, limits: Limits) -> Iterator[Document | Refused]:
    if not content.strip():
        yield Refused(Trouble.NOTHING, "it is empty")
    elif len(content) > limits.file:
        yield Refused(Trouble.HOSTILE, f"it has more than {limits.file:,} bytes")
    elif _is_packed(content) or _is_xml(content):
        yield from _document(content, "", limits)
    elif _MAIL.match(content):
        yield from _mail(content, limits)
    else:
        yield Refused(Trouble.NOTHING, "it is no mail, no archive and no XML")


def _mail(content: bytes, limits: Limits) -> Iterator[Document | Refused]:
    # Python's parser holds each line apart, and looks at each for each open boundary. For it, a lone CR ends a line too.
    lines = content.count(b"\n") + content.count(b"\r") - content.count(b"\r\n")
    if lines > limits.lines or content.lower().count(b"boundary") > limits.boundaries:
        yield Refused(Trouble.HOSTILE, "its lines or its parts are too many for a mail with a report")
        return
    try:
        parts = list(email.message_from_bytes(content, policy=_ShortFields()).walk())
    except (RecursionError, ValueError, LookupError) as error:
        yield Refused(Trouble.DAMAGED, f"it cannot be read as a mail: {type(error).__name__}")
        return
    types = {part.get_content_type() for part in parts}
    if "message/feedback-report" in types:
        # RFC 6591 and RFC 9991: a failure report tells of one mail, and holds it.
        yield Refused(Trouble.OTHER_KIND, "it is a failure report (ruf), which is not kept")
        return
    if types & {"application/tlsrpt+gzip", "application/tlsrpt+json"}:
        yield Refused(Trouble.OTHER_KIND, "it is a report about TLS (RFC 8460), which is not kept")
        return
    found = [(part, data) for part, data in _leaves(parts) if _is_packed(data) or _is_xml(data)]
    if not found:
        yield Refused(Trouble.NOTHING, "it is a mail without a report")
    if len(found) > limits.attachments:
        yield Refused(Trouble.HOSTILE, f"it has {len(found)} attachments; at most {limits.attachments} are opened")
        return
    sender = sender_of(parts[0].get("Authentication-Results"))
    if sender is None:
        yield Refused(Trouble.DAMAGED, "nobody vouches for it: neither SPF nor DKIM of its mail passes (RFC 7489 section 7.2.1.1)")
        return
    for part, data in found:
        for one in _document(data, _name(part), limits):
            yield replace(one, sender=sender) if isinstance(one, Document) else one


class _ShortFields(Compat32):
    """Of a header field no more than so many characters: Python takes the square of its semicolons to find a parameter."""

    longest = 4_096

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[: self.longest]


def _leaves(parts: list[Message]) -> Iterator[tuple[Message, bytes]]:
    for part in parts:
        if not part.is_multipart():
            try:
                payload = part.get_payload(decode=True)
            except (ValueError, LookupError):
                # Of a character set that is none.
                continue
            if isinstance(payload, bytes) and payload.strip():
                yield part, payload


def _name(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except (ValueError, LookupError, TypeError):
        name = ""
    return _shown(name)


def _shown(name: str) -> str:
    """A name that strangers gave, for alerts and logs."""
    return clean(mask_addresses(name[: 10 * _LONGEST_PART]), _LONGEST_PART)


def _document(data: bytes, part: str, limits: Limits) -> Iterator[Document | Refused]:
    try:
        if data.startswith(_GZIP):
            yield _unpacked(_gunzipped(data, limits), part)
        elif data.startswith(_ZIP):
            for name, member in _members(data, limits):
                yield _unpacked(member, name)
        elif len(data) > limits.unpacked:
            yield Refused(Trouble.HOSTILE, f"it has more than {limits.unpacked:,} bytes", part)
        else:
            yield Document(data, part)
    except _Bad as bad:
        yield Refused(bad.trouble, bad.reason, part)


def _unpacked(data: bytes, part: str) -> Document | Refused:
    if _is_packed(data):
        return Refused(Trouble.HOSTILE, "it is an archive within an archive", part)
    if _is_xml(data):
        return Document(data, part)
    if data.lstrip().startswith(b"{"):
        return Refused(Trouble.OTHER_KIND, "it is JSON, as reports about TLS are (RFC 8460)", part)
    return Refused(Trouble.DAMAGED, "it is an archive without XML", part)


class _Bad(Exception):
    def __init__(self, trouble: Trouble, reason: str) -> None:
        super().__init__(reason)
        self.trouble = trouble
        self.reason = reason


class _Collected:
    """What is unpacked, as long as that is no bomb."""

    def __init__(self, packed: int, limits: Limits) -> None:
        self._most = min(limits.unpacked, max(limits.ratio_from, packed * limits.ratio))
        self._packed = packed
        self._chunks = BytesIO()

    def add(self, chunk: bytes) -> None:
        if self._chunks.tell() + len(chunk) > self._most:
            raise _Bad(Trouble.HOSTILE, f"its {self._packed:,} bytes unpack to more than {self._most:,}")
        self._chunks.write(chunk)

    def all(self) -> bytes:
        return self._chunks.getvalue()


def _gunzipped(data: bytes, limits: Limits) -> bytes:
    collected, at = _Collected(len(data), limits), 0
    try:
        # RFC 1952 section 2.2: a file may be several members, one after the other. What else follows is of no concern.
        for _ in range(limits.members):
            at = _gunzip_member(data, at, collected)
            if not data.startswith(_GZIP, at):
                return collected.all()
    except zlib.error as error:
        raise _Bad(Trouble.DAMAGED, "it is a damaged gzip file") from error
    raise _Bad(Trouble.HOSTILE, f"it has more than {limits.members} members")


def _gunzip_member(data: bytes, at: int, collected: _Collected) -> int:
    """Unpacks the member that begins at `at`; returns where it ends."""
    unzip = zlib.decompressobj(zlib.MAX_WBITS | 16)
    while not unzip.eof:
        piece = unzip.unconsumed_tail
        if not piece:
            piece = data[at : at + _CHUNK]
            at += len(piece)
        chunk = unzip.decompress(piece, _CHUNK)
        if not piece and not chunk and not unzip.eof:
            raise _Bad(Trouble.DAMAGED, "it is a gzip file that ends too early")
        collected.add(chunk)
    return at - len(unzip.unused_data)


def _members(data: bytes, limits: Limits) -> Iterator[tuple[str, bytes]]:
    _check_directory(data, limits)
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if not members:
                raise _Bad(Trouble.DAMAGED, "it is a zip file with nothing in it")
            if len(members) > limits.members:
                raise _Bad(Trouble.HOSTILE, f"it has {len(members)} members; at most {limits.members} are opened")
            for member in members:
                yield _shown(member.filename), _member(archive, member, limits)
    # What zipfile raises for files that are none, or damaged, or packed in ways that it cannot unpack.
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, struct.error) as error:
        raise _Bad(Trouble.DAMAGED, f"it is a damaged zip file: {type(error).__name__}") from error


def _check_directory(data: bytes, limits: Limits) -> None:
    """The module zipfile makes an object for each entry of the directory before anybody can count them."""
    at = data.rfind(_END_OF_DIRECTORY, max(0, len(data) - _LONGEST_COMMENT - _END_BYTES))
    end = data[at : at + _END_BYTES]
    if at < 0 or len(end) < _END_BYTES:
        raise _Bad(Trouble.DAMAGED, "it is a zip file that ends too early")
    # https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT section 4.3.16
    (directory_bytes,) = struct.unpack("<I", end[12:16])
    if directory_bytes > limits.directory or data[max(0, at - _LOCATOR_BYTES) : at].startswith(_END_OF_DIRECTORY_64):
        raise _Bad(Trouble.HOSTILE, "it is a zip file with too large a directory")


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limits: Limits) -> bytes:
    if member.flag_bits & 1:
        raise _Bad(Trouble.DAMAGED, "it is a zip file with a password")
    # Others than these two need memory as the file pleases.
    if member.compress_type not in _METHODS:
        raise _Bad(Trouble.HOSTILE, "it is a zip file packed otherwise than by deflate")
    if member.file_size > limits.unpacked:
        raise _Bad(Trouble.HOSTILE, f"it says that it unpacks to {member.file_size:,} bytes; at most {limits.unpacked:,} are taken")
    collected = _Collected(member.compress_size, limits)
    with archive.open(member) as file:
        while chunk := file.read(_CHUNK):
            collected.add(chunk)
    return collected.all()


def _is_packed(data: bytes) -> bool:
    return data.startswith((_GZIP, _ZIP))


def _is_xml(data: bytes) -> bool:
    """Whether it may be a report, and is not a mail's text in HTML."""
    if data.startswith(_UTF16_MARKS):
        return True
    start = data[:_BEGINNING].removeprefix(_UTF8_MARK).lstrip().lower()
    if not start.startswith(b"<") or b"<html" in start or b"<!doctype html" in start:
        return False
    return start.startswith((b"<?xml", b"<!")) or bool(_ROOT.search(start))
