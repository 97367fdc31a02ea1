"""Recipients' addresses: one key for each mailbox, however it is written.

The key is what SES compares when it sends (case does not matter); the original is kept, since SES's own suppression
list is case-sensitive when it is managed: https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html
"""

import re
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from ses_warden.domain.text import clean

SIMULATOR_DOMAIN = "simulator.amazonses.com"
# What a row is keyed by when SES names nobody.
NOBODY = "*"

# RFC 5321 section 4.5.3.1: 64 octets of local part, "@", 255 of domain.
_LONGEST_KEY = 320
_LONGEST_DOMAIN = 255

# A plain address, as nearly all are: dot-atoms of RFC 5322 section 3.2.3, and a domain (underscores do occur).
_PLAIN = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
# The patterns below are for the odd ones, and compiled by `re` when the first of those comes.
_DOMAIN = r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\]|\[ipv6:[0-9a-f:.]+\]"
_QUOTED_ATOM = r'"([a-z0-9!#$%&\'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&\'*+/=?^_`{|}~-]+)*)"'
# What a local part may be for us to call it one: no separators, or quoted.
_LOCAL = r'[^\s@,;:<>"()\[\]\\]+|"[^"]+"'
_ANGLED = r"<([^<>]*)>[^<>]*$"
_COMMENT = r"\([^()]*\)"
# RFC 3464 section 2.3.2 writes `rfc822; jane@example.com` for a final recipient.
_TYPE_PREFIX = r"(?i)^(?:rfc822|utf-8)\s*;\s*|^mailto:"


class Address(NamedTuple):
    """A recipient: `key` to compare by, `original` as SES wrote it, `valid` when SES could send to it."""

    key: str
    original: str
    valid: bool


@lru_cache(maxsize=4096)
def normalize(raw: str) -> Address:
    """`read_address`, for events, which name the same recipients again and again."""
    return read_address(raw)


def read_address(raw: str) -> Address:
    """The address in a field, which may carry a display name, brackets, quotes, stray spaces or a trailing dot.

    The key is lower-cased, the domain in its ASCII form (A-label), `+tag` kept. What is no address gets a key all the
    same, of at most 320 characters, and is not `valid`; of an empty field the key is `*`.
    """
    if plain := plain_key(raw):
        return Address(plain, raw, True)
    bare = _bare(raw)
    local, at, domain = bare.rpartition("@")
    local, domain = _local_key(local), _ascii_domain(domain)
    key = f"{local}{at}{domain}"
    # SES takes 7-bit local parts only: https://docs.aws.amazon.com/ses/latest/dg/send-email-concepts-email-format.html
    valid = (
        len(key) <= _LONGEST_KEY and local.isascii() and bool(re.fullmatch(_LOCAL, local)) and bool(re.fullmatch(_DOMAIN, domain))
    )
    return Address(_bounded(key) or NOBODY, clean(bare, _LONGEST_KEY), valid)


def plain_key(raw: str) -> str | None:
    """The key of an address that is nothing but an address, as nearly all are; None of any other text."""
    lowered = raw.lower()
    return lowered if len(raw) <= _LONGEST_KEY and raw.isascii() and _PLAIN.fullmatch(lowered) else None


def domain_of(key: str) -> str:
    """The domain of an address key, empty where there is none."""
    return key.rpartition("@")[2] if "@" in key else ""


def is_simulator(key: str) -> bool:
    """Whether it is one of SES's mailbox simulator, with a label (`bounce+anything@…`) or without."""
    return key.endswith("@" + SIMULATOR_DOMAIN)


def encode_key(key: str) -> str:
    """The key with `#` and `%` percent-encoded, to stand in a sort key whose parts are separated by `#`."""
    return key.replace("%", "%25").replace("#", "%23") if "#" in key or "%" in key else key


def decode_key(encoded: str) -> str:
    """The key that `encode_key` was given."""
    return encoded.replace("%23", "#").replace("%25", "%") if "%" in encoded else encoded


def _bare(raw: str) -> str:
    """The address without display name, brackets, comments, quotes around it, and whatever cannot be printed."""
    # Before all else: a zero-width mark within an address splits nothing.
    text = "".join([character for character in raw if character.isprintable() or character.isspace()]).strip()
    angled = re.search(_ANGLED, text)
    if angled:
        text = angled[1]
    elif "(" in text:
        text = re.sub(_COMMENT, "", text)
    text = re.sub(_TYPE_PREFIX, "", text.strip())
    if text[:1] in ("'", '"') and text[-1:] == text[:1]:
        text = text[1:-1]
    return text.strip().strip("<>,;").strip()


def _local_key(local: str) -> str:
    # RFC 5321 section 4.1.2: "jane"@… and jane@… are one mailbox.
    local = local.strip().lower()
    quoted = re.fullmatch(_QUOTED_ATOM, local)
    return quoted[1] if quoted else local


def _ascii_domain(domain: str) -> str:
    """The domain as A-labels (IDNA 2003, which the standard library has); as it is where that cannot be."""
    domain = domain.strip().rstrip(".").lower()
    # RFC 1035 section 2.3.4: a longer one is none, and the codec takes long for it.
    if domain.isascii() or len(domain) > _LONGEST_DOMAIN:
        return domain
    try:
        return domain.encode("idna").decode("ascii").rstrip(".").lower()
    except UnicodeError:
        return domain


def _bounded(key: str) -> str:
    """The key itself, or if it is too long its beginning and a digest of it all, so that two keep apart."""
    # Half a surrogate pair, which JSON can carry and DynamoDB cannot, was dropped as unprintable.
    key = key.strip()
    encoded = key.encode("utf-8", "replace")
    if len(encoded) <= _LONGEST_KEY:
        return key
    return f"{encoded[: _LONGEST_KEY - 17].decode('utf-8', 'ignore')}~{blake2b(encoded, digest_size=8).hexdigest()}"
