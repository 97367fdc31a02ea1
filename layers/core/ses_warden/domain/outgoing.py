"""From which addresses SES delivered our mail, and as which domains: what DMARC reports are held against.

SES tags each delivery with both: https://docs.aws.amazon.com/ses/latest/dg/monitor-using-event-publishing.html
"""

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

from ses_warden.domain.events import Delivery
from ses_warden.domain.facts import Fact

# RFC 1035 section 2.3.4, and RFC 4291 section 2.2 with an IPv4 address in it.
_LONGEST_DOMAIN, _LONGEST_ADDRESS = 253, 45
_DOMAIN = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62}))+")
# A clock of SES's or ours may be wrong by so much.
_AHEAD = timedelta(hours=1)


class Outgoing(NamedTuple):
    """On this day (UTC) SES delivered mail of ours from this address, or as this domain; the other one is empty."""

    day: date
    address: str = ""
    domain: str = ""


@lru_cache(maxsize=4096)
def address_key(text: str) -> str | None:
    """An IP address in the one spelling that we compare, or None of anything else; `::ffff:192.0.2.1` is `192.0.2.1`."""
    try:
        found = ip_address(text.strip()) if len(text) <= _LONGEST_ADDRESS else None
    except ValueError:
        return None
    if isinstance(found, IPv6Address):
        # A zone (`%eth0`) means something on one host only.
        return None if found.scope_id else str(found.ipv4_mapped or found)
    return str(found) if found else None


@lru_cache(maxsize=4096)
def name_key(text: str) -> str | None:
    """A domain in lower case without the root's dot, or None of what is none; U-labels are none: SES and reports write A-labels."""
    name = text.strip().rstrip(".").lower() if len(text) <= _LONGEST_DOMAIN + 1 else ""
    return name if _DOMAIN.fullmatch(name) else None


def is_within(name: str, domain: str) -> bool:
    """Whether it is the domain itself or below it."""
    return name == domain or name.endswith(f".{domain}")


def outgoing_of(facts: Iterable[Fact], now: datetime, retention: timedelta) -> set[Outgoing]:
    """What the deliveries among these facts tell; nothing from those older than the retention, or of a day to come.

    By the day of the delivery, so that an event that is replayed tells of its own day.
    """
    # Few different ones in many events: the texts are read once each.
    told = {
        (fact.at.date(), tags.get("ses:outgoing-ip"), tags.get("ses:from-domain"))
        for fact in facts
        if isinstance(fact.event, Delivery) and now - retention < fact.at <= now + _AHEAD and (tags := fact.event.mail.tags)
    }
    found: set[Outgoing] = set()
    for day, addresses, domains in told:
        found |= {Outgoing(day, address=key) for text in addresses or () if (key := address_key(text))}
        found |= {Outgoing(day, domain=key) for text in domains or () if (key := name_key(text))}
    return found
