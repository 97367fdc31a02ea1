"""Addresses, as far as SES looks into them."""

import re
from email.utils import getaddresses, parseaddr

from ses_warden_simulator.errors import BadRequest

SIMULATOR = "simulator.amazonses.com"
LONGEST = 320  # RFC 3696, section 3, erratum 1690: 64 + 1 + 255; SES's own limit
_BARE = re.compile(r"[!-?A-~]{1,64}@[A-Za-z0-9.-]{1,255}|\"[ -~]{1,62}\"@[A-Za-z0-9.-]{1,255}")


def bare(text: str) -> str:
    """The address without display name and brackets; raises `BadRequest`.

    SES takes ASCII only: other domains must come in Punycode.
    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_Destination.html
    """
    if len(text) > LONGEST * 4 or not text.isprintable():
        raise BadRequest("Illegal address")
    try:
        address = parseaddr(text)[1]
    except RecursionError:  # comments in comments in …
        raise BadRequest("Illegal address") from None
    if "@" not in address:
        raise BadRequest("Missing final '@domain'")
    if not _BARE.fullmatch(address):
        raise BadRequest("Local address contains control or whitespace, or the address is not 7-bit ASCII")
    return address


def several(fields: list[str]) -> list[str]:
    """The addresses in header fields (RFC 5322, section 3.4), without display names; empty ones are skipped."""
    try:
        return [address for _, address in getaddresses(fields) if address]
    except RecursionError:
        raise BadRequest("Illegal address") from None


def domain(address: str) -> str:
    """The part behind the last @, in lower case."""
    return address.rpartition("@")[2].lower()


def masked(address: str) -> str:
    """An address fit for a message: enough to find it, not to know it."""
    local, _, rest = address.rpartition("@")
    return f"{local[:1]}***@{rest}"


def simulated(address: str) -> str | None:
    """What a mailbox simulator's address asks for (`bounce` of `bounce+label@…`), or None where it is not one of them."""
    local, _, host = address.lower().rpartition("@")
    return local.partition("+")[0] if host == SIMULATOR else None
