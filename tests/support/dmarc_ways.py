"""DMARC reports for tests: what a receiver tells of some ways that mail takes."""

from datetime import UTC, datetime, timedelta
from typing import Any

from ses_warden.domain.dmarc import Authenticated, Override, Report, Source

DOMAIN = "example.com"
TODAY = datetime(2026, 11, 24, tzinfo=UTC)
SES_ADDRESS, OTHER_ADDRESS, STRANGE_ADDRESS = "192.0.2.10", "198.51.100.25", "203.0.113.66"
SES_KEY = Authenticated(DOMAIN, "pass", "ses1")
OWN_KEY = Authenticated(DOMAIN, "pass", "own1")
BY_SES = Authenticated("amazonses.com", "pass", "shared")
SES_ENVELOPE = Authenticated("eu-west-1.amazonses.com", "pass")
OWN_ENVELOPE = Authenticated(f"bounce.{DOMAIN}", "pass")
FAILED_ENVELOPE = Authenticated(f"bounce.{DOMAIN}", "fail")
MAILING_LIST = Override("mailing_list")


def source(ip: str = STRANGE_ADDRESS, count: int = 1, *, dkim: bool = False, spf: bool = False, **more: Any) -> Source:
    """A record; `signed` are its results of DKIM, `envelope` that of SPF, `overrides` the receiver's reasons."""
    return Source(
        ip=ip,
        count=count,
        disposition=more.get("disposition", "none"),
        dkim_aligned=dkim,
        spf_aligned=spf,
        header_from=more.get("author", DOMAIN),
        dkim=tuple(more.get("signed", ())),
        spf=tuple(more.get("envelope", ())),
        overrides=tuple(more.get("overrides", ())),
    )


def through_ses(count: int = 1, **more: Any) -> Source:
    """Mail as SES sends it when everything is set up."""
    given: dict[str, Any] = {"dkim": True, "spf": True, "signed": (SES_KEY, BY_SES), "envelope": (OWN_ENVELOPE,)}
    return source(more.pop("ip", SES_ADDRESS), count, **given | more)


def unsigned_ses(count: int = 1, **more: Any) -> Source:
    """Mail that SES sends where only an address is verified."""
    return source(more.pop("ip", SES_ADDRESS), count, signed=(BY_SES,), envelope=(SES_ENVELOPE,), **more)


def report(day: int, *sources: Source, days: float = 1, **more: Any) -> Report:
    """A report of the day so many days ago."""
    begin = TODAY - timedelta(days=day)
    given: dict[str, Any] = {"reporter": "google.com", "report_id": f"{more.get('reporter', '')}-{day}", "policy": "none"}
    return Report(domain=DOMAIN, begin=begin, end=begin + timedelta(days=days), sources=sources, **given | more)


def month(*sources: Source, days: int = 30, **more: Any) -> list[Report]:
    """A report of each of the last days."""
    return [report(day, *sources, **more) for day in range(days, 0, -1)]
