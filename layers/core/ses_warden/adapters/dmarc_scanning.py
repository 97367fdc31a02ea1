"""The XML of a report, looked through before any parser makes objects of it: refused if hostile, cut into bites if long.

A parser of documents takes some twenty times the memory of what it reads. So a report is handed to it a few hundred records at
a time: its frame, which is all but the records, with these records in it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from ses_warden.application.dmarc_ports import Trouble

_KIB = 1024
# A frame has a kilobyte or two. A record has one; its comments and results may be many.
_FRAME_BYTES, _RECORD_BYTES, _BITE_BYTES = 256 * _KIB, 128 * _KIB, 512 * _KIB
# What a parser that mends is given whole.
_MENDED_BYTES = 1024 * _KIB
_DEEPEST = 30
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_DECLARATION = re.compile(r"<\?xml[^<>]*\?>")
# RFC 9990 section 7.5, and in 7489 no report has one: entities that grow, or that are fetched, need one.
_DOCTYPE = re.compile(r"<!\s*(?:DOCTYPE|ENTITY|ELEMENT|ATTLIST|NOTATION)", re.IGNORECASE)
# Some reporters leave tags of their schema in.
_SCHEMA_TAG = re.compile(r"</?xs:schema[^<>]*>")
_PREFIX = re.compile(r"<([A-Za-z_][\w.-]*):feedback[\s>]")
# An empty one is no reason.
_NO_REASON = re.compile(r"<reason\s*/>|<reason>\s*</reason>")


class BadXml(Exception):
    """A document that no parser shall see; `trouble` says of which kind."""

    def __init__(self, trouble: Trouble, reason: str) -> None:
        """The reason is for people."""
        super().__init__(reason)
        self.trouble = trouble


@dataclass(slots=True)
class Scanned:
    """A document in bites, and how many records it has. `mended` where it is not well-formed, and is one bite as it is."""

    text: str
    records: int
    spans: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    data: bytes = b""
    mended: bool = False

    def bites(self) -> Iterator[tuple[str, int]]:
        """Documents with some of the records each, and how many."""
        if not self.spans:
            yield self.text, self.records
            return
        first, last = self.spans[0][0], self.spans[-1][1]
        head, tail = self.data[:first], self._between() + self.data[last:]
        start = 0
        while start < len(self.spans):
            end = start + 1
            while end < len(self.spans) and self.spans[end][1] - self.spans[start][0] <= _BITE_BYTES:
                end += 1
            records = b"".join(self.data[begin:stop] for begin, stop in self.spans[start:end])
            yield (head + records + tail).decode(), end - start
            start = end

    def _between(self) -> bytes:
        """What stands among the records: nothing, as a rule."""
        gaps = (self.data[stop:begin] for (_, stop), (begin, _) in zip(self.spans, self.spans[1:], strict=False))
        return b"".join(gap for gap in gaps if gap.strip())


def text_of(data: bytes) -> str:
    """The document's text, without what declares its encoding. What is no UTF-8 is left out, as parsedmarc does."""
    text = data.decode("utf-16" if data.startswith(_UTF16_MARKS) else "utf-8-sig", "ignore")
    # XML has no NUL, and half a surrogate pair no encoding.
    text = text.replace("\0", "").strip()
    if declaration := _DECLARATION.match(text):
        text = text[declaration.end() :].lstrip()
    if prefix := _PREFIX.search(text[: 4 * _KIB]):
        text = text.replace(f"<{prefix[1]}:", "<").replace(f"</{prefix[1]}:", "</")
    return _NO_REASON.sub("", _SCHEMA_TAG.sub("", text))


def scan(data: bytes) -> Scanned:
    """Raises `BadXml` for a document with a DTD, or that is too deep, or too long where reports are short."""
    text = text_of(data)
    if _DOCTYPE.search(text):
        raise BadXml(Trouble.HOSTILE, "it has a document type (DTD) or an entity, which no report has")
    scanned = _Scanner(text.encode())
    try:
        return scanned.result(text)
    except expat.ExpatError as error:
        if len(text) > _MENDED_BYTES:
            raise BadXml(Trouble.DAMAGED, f"it is no well-formed XML (line {error.lineno}), and too long to be mended") from error
        return Scanned(text, len(re.findall(r"<record[\s>]", text)), mended=True)


class _Scanner:
    """Notes where each record begins and ends."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._open: list[str] = []
        self._begin: int | None = None  # of the record that is open
        self._in_records = 0
        self._spans: list[tuple[int, int]] = []

    def result(self, text: str) -> Scanned:
        parser = expat.ParserCreate("utf-8")
        self._parser = parser
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.StartDoctypeDeclHandler = self._doctype
        parser.Parse(self._data, True)
        self._check(len(self._data))
        return Scanned(text, len(self._spans), self._spans, self._data)

    def _check(self, at: int) -> None:
        """Before the next element, so that a hostile document is not looked through to its end."""
        if self._begin is None and at - self._in_records > _FRAME_BYTES:
            raise BadXml(Trouble.HOSTILE, f"it has more than {_FRAME_BYTES:,} bytes beside its records")
        if self._begin is not None and at - self._begin > _RECORD_BYTES:
            raise BadXml(Trouble.HOSTILE, f"one of its records has more than {_RECORD_BYTES:,} bytes")

    def _start(self, name: str, _: object) -> None:
        at = self._parser.CurrentByteIndex
        self._check(at)
        if len(self._open) == _DEEPEST:
            raise BadXml(Trouble.HOSTILE, f"its elements are nested more than {_DEEPEST} deep")
        if name == "record" and self._open == ["feedback"]:
            self._begin = at
        self._open.append(name)

    def _end(self, _: str) -> None:
        self._open.pop()
        if self._begin is not None and self._open == ["feedback"]:
            stop = self._parser.CurrentByteIndex
            self._check(stop)
            # Of `<record/>` expat says where it ended.
            if self._data.startswith(b"</", stop):
                stop = self._data.index(b">", stop) + 1
            self._spans.append((self._begin, stop))
            self._in_records += stop - self._begin
            self._begin = None

    def _doctype(self, *_: object) -> None:
        raise BadXml(Trouble.HOSTILE, "it has a document type (DTD), which no report has")
