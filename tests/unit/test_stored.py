"""Documents are found in whatever files hold them, chunk by chunk."""

import gzip
import json
import tracemalloc
from itertools import chain, repeat

import pytest

from ses_warden.domain.stored import documents, plain, whole_of

FIRST, SECOND = '{"a":[{"b":"x}\\"{"},{"c":1}],"d":"é"}', '{"e":{}}'
PRETTY = json.dumps(json.loads(FIRST), indent=2, ensure_ascii=False)


def found(text: str | bytes, size: int) -> list[tuple[int, str, str | None]]:
    """The documents of a text that comes in chunks of this size."""
    raw = text if isinstance(text, bytes) else text.encode()
    chunks = [raw[begin : begin + size] for begin in range(0, len(raw), size)]
    return [(one.line, one.text, one.problem) for one in documents(chunks)]


@pytest.mark.parametrize("size", [1, 3, 7, 10_000])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("\n \n", []),
        (FIRST, [(1, FIRST, None)]),
        (f"{FIRST}\n{SECOND}\n", [(1, FIRST, None), (2, SECOND, None)]),
        (f"{FIRST}\r\n\r\n{SECOND}", [(1, FIRST, None), (3, SECOND, None)]),
        (FIRST + SECOND + FIRST, [(1, FIRST, None), (1, SECOND, None), (1, FIRST, None)]),
        (PRETTY + SECOND, [(1, PRETTY, None), (PRETTY.count("\n") + 1, SECOND, None)]),
        (f"[{FIRST},\n{SECOND}]", [(1, FIRST, None), (2, SECOND, None)]),
        (f"some sentence.\n{SECOND}", [(1, "some sentence.", None), (2, SECOND, None)]),
        (f'{{"a":{{"b":1\n{SECOND}', [(1, '{"a":{"b":1', "it is cut off"), (2, SECOND, None)]),
        (f'{{"a":{{"b":1{SECOND}', [(1, '{"a":{"b":1', "it is cut off"), (1, SECOND, None)]),
        (f'{{"a":"tex t {{,\n{SECOND}', [(1, '{"a":"tex t {,', "it is cut off"), (2, SECOND, None)]),
        (f'{{"a":]\n{SECOND}', [(1, '{"a":]', "its braces do not match"), (2, SECOND, None)]),
        (FIRST[:-5], [(1, FIRST[:-5], "it is cut off")]),
    ],
)
def test_documents_are_found_in_chunks_of_any_size(text: str, size: int, expected: list[tuple[int, str, str | None]]) -> None:
    """A document that is cut off does not hide its neighbours."""
    assert found(text, size) == expected


def test_what_is_not_utf_8_is_told() -> None:
    """Its neighbour is found."""
    assert found(b'{"a":"\xff"}\n{}', 4) == [(1, "", "it is not UTF-8"), (2, "{}", None)]


def test_a_huge_document_is_dropped_and_not_kept_in_memory() -> None:
    """The next one is found."""
    chunks = [b'{"a":[', *([b'"' + b"x" * 1_000_000 + b'",'] * 18), b"1]}\n{}"]
    [huge, last] = documents(chunks)
    assert (huge.problem, len(huge.text) < 2_000_000, last.text) == ("it has more than 16 MB", True, "{}")


@pytest.mark.parametrize(
    "begin", [b'{"a":"', b'"', b"x", b'{"a":"' + b"x" * 100 + b"\\"], ids=["a field", "a string", "a word", "an escape"]
)
def test_a_string_without_end_takes_no_more_memory_than_a_document(begin: bytes) -> None:
    """Forty megabytes of it, without a line's end; what follows is found."""
    tracemalloc.start()
    try:
        made = documents(chain([b"{}\n", begin], repeat(b"x" * 1_048_576, 40), [b"\n{}"]))
        told = [(one.line, one.problem) for one in made]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert told == [(1, None), (2, "it has more than 16 MB"), (3, None)]
    assert most < 80 * 1024**2


@pytest.mark.parametrize("size", [1, 3, 7])
def test_a_string_in_pieces_is_one(size: int) -> None:
    """With escapes that fall between two chunks."""
    text = json.dumps({"a": 'quote " backslash \\ brace } end\\', "b": ["\\", '"']})
    assert found(f"{text}\n{text}", size) == [(1, text, None), (2, text, None)]


def test_a_payload_is_no_larger_than_any_event() -> None:
    """Of the quarantine, say."""
    assert whole_of([b"a", b"b"]) == b"ab"
    with pytest.raises(ValueError, match="more than 16 MB"):
        whole_of(repeat(b"x" * 1_048_576, 17))


@pytest.mark.parametrize("size", [1, 5, 10_000])
def test_gzip_is_opened_member_by_member(size: int) -> None:
    """Plain bytes pass as they are."""
    packed = gzip.compress(b"one\n") + gzip.compress(b"two")
    chunks = [packed[begin : begin + size] for begin in range(0, len(packed), size)]
    assert b"".join(plain(chunks)) == b"one\ntwo"
    assert b"".join(plain([b"o", b"ne"])) == b"one"
    assert b"".join(plain([])) == b""


def test_broken_gzip_is_told() -> None:
    """Cut off, or no gzip after its first bytes."""
    packed = gzip.compress(b"one")
    with pytest.raises(ValueError, match="too soon"):
        list(plain([packed[:-4]]))
    with pytest.raises(ValueError, match="broken"):
        list(plain([b"\x1f\x8bnonsense, and more of it"]))
