"""Text that strangers wrote (diagnostics, subjects, user agents): made fit to store, to print and to log."""

import re

ELLIPSIS = "…"
_ELLIPSIS_BYTES = 3
_LONGEST_ENCODED = 2000

# ECMA-48: control sequences (colours, cursor) and operating system commands (window titles), whole.
_TERMINAL_SEQUENCE = r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"

# A quoted local part, or anything between separators. Each character is looked at once: the text may be hostile.
_WORD = r'"[^"\n]{1,64}"@[^\s"\'<>(),;:\[\]]+|[^\s"\'<>(),;:\[\]]+'
_TRAILING = ".?!…"


def clean(text: str, limit: int) -> str:
    """The text on one line, of at most `limit` characters.

    Whitespace, controls, terminal sequences, bidirectional and zero-width marks and lone surrogates become one space;
    what is cut off is marked by an ellipsis.
    """
    if not text.isprintable():
        text = re.sub(_TERMINAL_SEQUENCE, " ", text)
        text = "".join([character if character.isprintable() else " " for character in text])
    if "  " in text or text[:1] == " " or text[-1:] == " ":
        text = " ".join(text.split())
    return text if len(text) <= limit else text[: max(limit - 1, 0)].rstrip() + ELLIPSIS[:limit]


def spell_out(text: str) -> str:
    """The text with the letters that encoded words stand for, as far as they can be read: `=?utf-8?q?caf=C3=A9?=` (RFC 2047)."""
    # Beside letters that need no encoding, Python's reader garbles those.
    if "=?" not in text or not text.isascii():
        return text
    from email.errors import MessageError  # noqa: PLC0415 - few texts have any, and a function starts sooner without
    from email.header import decode_header, make_header  # noqa: PLC0415

    try:
        # Cut first, as the search for their ends is quadratic.
        return str(make_header(decode_header(text[:_LONGEST_ENCODED])))
    except (MessageError, LookupError, ValueError):
        return text


def clip_bytes(text: str, limit_bytes: int) -> str:
    """The text, cut between characters to at most `limit_bytes` bytes of UTF-8, an ellipsis included."""
    if len(text) * 4 <= limit_bytes or (len(text) <= limit_bytes and text.isascii()):
        return text
    # JSON may carry half a surrogate pair, which UTF-8 cannot say.
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= limit_bytes:
        return encoded.decode()
    if limit_bytes < _ELLIPSIS_BYTES:
        return encoded[: max(limit_bytes, 0)].decode("utf-8", "ignore")
    return encoded[: limit_bytes - _ELLIPSIS_BYTES].decode("utf-8", "ignore") + ELLIPSIS


def mask_address(address: str) -> str:
    """An address that no longer names anybody: `jane@example.com` becomes `j***@e***.com`."""
    local, at, domain = address.strip().rpartition("@")
    if not at:
        return "***"
    name, dot, top = domain.rpartition(".")
    return f"{local.lstrip('"')[:1]}***@{(name or top)[:1]}***{dot + top if name else ''}"


def mask_addresses(text: str) -> str:
    """The text with each address in it masked, percent-encoded ones and those within links too."""
    return re.sub(_WORD, _mask_word, text) if "@" in text or "%40" in text else text


def _mask_word(match: re.Match[str]) -> str:
    word = match[0]
    if "@" not in word and "%40" not in word:
        return word
    address = word.rstrip(_TRAILING)
    return mask_address(address.replace("%40", "@")) + word[len(address) :]
