"""Raw events as they lie in files and buckets: found in a stream of bytes, in constant memory.

JSON Lines, one document over many lines, a list of documents, and documents one behind another without anything between, which is
what Firehose writes (https://docs.aws.amazon.com/firehose/latest/dg/record-format-conversion.html speaks of them); gzip or plain.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

# SNS and SES's event destinations send at most 256 KB, an SQS batch to Lambda is 6 MB.
_LARGEST = 16 * 1024 * 1024
_GZIP = b"\x1f\x8b"
# Possessive, since the parts of a string exclude each other: nothing is remembered to go back to.
_TOKEN = re.compile(rb'"(?:[^"\\\n]++|\\[^\n])*+"|"|[{}\[\]]|\n|[^\s{}\[\]"]+')
_INSIDE = re.compile(rb'(?:[^"\\\n]++|\\[^\n])*+')
# In JSON, a brace within a document follows one of these alone: after anything else, the document before it was cut off.
_BEFORE_A_VALUE = b"[,:"


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a stream, where it begins, and why it cannot be used, if it cannot."""

    number: int
    line: int
    text: str
    problem: str | None = None


def plain(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes, decompressed where they are gzip, of which several members may follow each other.

    Raises `ValueError` where the compressed bytes are broken or cut off.
    """
    feed = iter(chunks)
    head = b""
    for chunk in feed:
        head += chunk
        if len(head) >= len(_GZIP):
            break
    if not head.startswith(_GZIP):
        yield head
        yield from feed
        return
    inflate = zlib.decompressobj(wbits=31)
    while True:
        try:
            data = inflate.decompress(head, _LARGEST)
        except zlib.error as error:
            raise ValueError("the compressed data are broken") from error
        if data:
            yield data
        if inflate.eof:
            head = inflate.unused_data or next(feed, b"")
            if not head:
                return
            inflate = zlib.decompressobj(wbits=31)
        else:
            head = inflate.unconsumed_tail or next(feed, b"")
            if not head:
                raise ValueError("the compressed data end too soon")


def whole_of(chunks: Iterable[bytes]) -> bytes:
    """All the bytes as one document. Raises `ValueError` for more than any payload has."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > _LARGEST:
            raise ValueError(f"it has more than {_LARGEST // 1024 // 1024} MB")
    return bytes(body)


def documents(chunks: Iterable[bytes]) -> Iterator[Document]:
    """The documents of a stream. One that is cut off is handed over with its problem, and its neighbours are found."""
    splitter = _Splitter()
    for chunk in chunks:
        yield from splitter.feed(chunk)
    yield from splitter.feed(b"", last=True)


@dataclass(slots=True)
class _Splitter:
    """Follows braces and strings.

    `buffer` begins with the document that is open, `position` is how far it was read; `inside` is how far a string was read that
    begins there and goes on in the next chunk, so that no byte is read again for each chunk.
    """

    buffer: bytes = b""
    position: int = 0
    inside: int | None = None
    start: int | None = None
    closers: list[int] = field(default_factory=list[int])
    before: int = 0
    number: int = 0
    line: int = 1
    first_line: int = 1
    dropped: bool = False
    torn: bool = False

    def feed(self, chunk: bytes, *, last: bool = False) -> Iterator[Document]:
        self.buffer += chunk
        if not last and self._is_amid():
            self._shorten()
            return
        for match in _TOKEN.finditer(self.buffer, self.position):
            token = match[0]
            # What touches the end may go on in the next chunk; half a string may too, up to the end of its line.
            if not last and (
                (match.end() == len(self.buffer) and token not in b"{}[]\n")
                or (token == b'"' and self.buffer.find(b"\n", match.end()) < 0)
            ):
                self.inside = match.end() if token == b'"' else None
                break
            if token == b"\n":
                yield from self._end_line(match.start())
            elif not self.torn:
                yield from self._take(token, match.start(), match.end())
            self.position = match.end()
        if last and self.start is not None:
            yield self._cut(len(self.buffer), "it is cut off")
        self._shorten()

    def _is_amid(self) -> bool:
        """Whether what is open goes on in the next chunk: a string, or a line of which nothing is wanted but its end."""
        if self.torn:
            end = self.buffer.find(b"\n", self.position)
            self.position = len(self.buffer) if end < 0 else end
            return end < 0
        if self.inside is None:
            return False
        match = _INSIDE.match(self.buffer, self.inside)
        self.inside = match.end() if match else self.inside
        amid = self.buffer[self.inside :] in (b"", b"\\")
        if not amid:
            self.inside = None
        return amid

    def _end_line(self, at: int) -> Iterator[Document]:
        """Outside of braces, and within a string that is never closed, a document ends with its line."""
        if self.start is not None and (not self.closers or self.torn):
            yield self._cut(at, "it is cut off" if self.closers else None)
        self.line += 1

    def _take(self, token: bytes, begin: int, end: int) -> Iterator[Document]:
        opens = token in (b"{", b"[")
        if opens and self.start is not None and (not self.closers or self.before not in _BEFORE_A_VALUE):
            yield self._cut(begin, "it is cut off" if self.closers else None)
        if self.start is None:
            # A list of documents is as good as the documents.
            if token in (b"[", b",", b"]"):
                return
            self.start, self.first_line = begin, self.line
        # A quotation mark alone opens a string that its line does not close.
        self.torn = token == b'"'
        self.before = token[-1]
        if opens:
            self.closers.append(ord("}") if token == b"{" else ord("]"))
        elif token in (b"}", b"]") and self.closers:
            if self.closers.pop() != token[0]:
                yield self._cut(end, "its braces do not match")
            elif not self.closers:
                yield self._cut(end, None)

    def _cut(self, end: int, problem: str | None) -> Document:
        raw = self.buffer[self.start or 0 : end]
        self.number += 1
        if self.dropped:
            problem = f"it has more than {_LARGEST // 1024 // 1024} MB"
        self.start, self.dropped, self.torn, self.before = None, False, False, 0
        self.closers.clear()
        try:
            # The quarantine keeps half surrogate pairs as they came.
            text = raw.strip().removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            text, problem = "", problem or "it is not UTF-8"
        return Document(self.number, self.first_line, text, problem)

    def _shorten(self) -> None:
        keep = self.position if self.start is None else self.start
        if len(self.buffer) - keep > _LARGEST:
            # Of what is too large nothing but its place is kept; of a string that is open, no more than that it is.
            self.dropped = True
            if self.start is None:
                self.start, self.first_line = self.position, self.line
            keep = self.position
            if len(self.buffer) - keep > _LARGEST:
                self.torn, self.inside = True, None
                keep = self.position = len(self.buffer)
        self.buffer = self.buffer[keep:]
        self.position -= keep
        if self.inside is not None:
            self.inside -= keep
        if self.start is not None:
            self.start = 0
