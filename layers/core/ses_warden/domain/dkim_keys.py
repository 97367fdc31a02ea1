"""A DKIM public key as the DNS has it (RFC 6376, section 3.6.1)."""

import base64
import binascii
import re
from dataclasses import dataclass

_SEQUENCE, _INTEGER, _BIT_STRING = 0x30, 0x02, 0x03
_ED25519_BITS = 256


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A key. `bits` is None where it cannot be read; a `revoked` one is empty on purpose (`p=`)."""

    kind: str = "rsa"
    bits: int | None = None
    revoked: bool = False
    testing: bool = False
    error: str = ""


def tags_of(record: str) -> dict[str, str]:
    """A tag list of RFC 6376 section 3.2, which DMARC shares; of a tag given twice the first counts."""
    tags: dict[str, str] = {}
    for part in record.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            tags.setdefault(name.strip().lower(), value.strip())
    return tags


def read_key(record: str) -> DkimKey | None:
    """The key in a TXT record; None if it is no DKIM key record at all."""
    tags = tags_of(record)
    if "p" not in tags or tags.get("v", "DKIM1") != "DKIM1":
        return None
    kind = tags.get("k", "rsa").lower()
    testing = "y" in tags.get("t", "").lower().split(":")
    packed = re.sub(r"\s+", "", tags["p"])
    if not packed:
        return DkimKey(kind, revoked=True, testing=testing)
    try:
        der = base64.b64decode(packed, validate=True)
    except (binascii.Error, ValueError):
        return DkimKey(kind, testing=testing, error="it is not base64")
    if kind == "ed25519":
        return DkimKey(kind, _ED25519_BITS, testing=testing)
    try:
        return DkimKey(kind, _modulus_bits(der), testing=testing)
    except (ValueError, IndexError):
        return DkimKey(kind, testing=testing, error="it is no RSA key")


def _modulus_bits(der: bytes) -> int:
    """The length of an RSA modulus in a SubjectPublicKeyInfo (RFC 5280, 4.1), or in the bare key of RFC 8017, A.1.1."""
    outer = _inside(der, _SEQUENCE)
    if outer[0] == _SEQUENCE:
        algorithm_end = _end(outer, _SEQUENCE)
        outer = _inside(_inside(outer[algorithm_end:], _BIT_STRING)[1:], _SEQUENCE)
    return int.from_bytes(_inside(outer, _INTEGER), "big").bit_length()


def _inside(der: bytes, tag: int) -> bytes:
    start, length = _header(der, tag)
    inside = der[start : start + length]
    if len(inside) < length or not inside:
        raise ValueError("cut short")
    return inside


def _end(der: bytes, tag: int) -> int:
    start, length = _header(der, tag)
    return start + length


def _header(der: bytes, tag: int) -> tuple[int, int]:
    if der[0] != tag:
        raise ValueError("another tag")
    length = der[1]
    if length < 0x80:  # noqa: PLR2004 - X.690, 8.1.3: the short form
        return 2, length
    octets = length & 0x7F
    return 2 + octets, int.from_bytes(der[2 : 2 + octets], "big")
