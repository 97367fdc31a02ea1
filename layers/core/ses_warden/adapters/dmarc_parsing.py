"""What parsedmarc reads of a report, as our own shapes.

parsedmarc is handed text that was looked through (`dmarc_scanning`), a bite at a time, and looks nothing up: no DNS, no download,
no geography. It is imported when the first report comes, as that takes seconds; where it is not installed, a sentence says so.
"""

import ipaddress
import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from ses_warden.adapters.dmarc_opening import Document, Limits, open_content
from ses_warden.adapters.dmarc_scanning import BadXml, Scanned, scan
from ses_warden.application.dmarc_ports import Refused, Trouble
from ses_warden.domain.dmarc import LONGEST_DOMAIN, Authenticated, Override, Report, Source, domain_key
from ses_warden.domain.text import clean, mask_addresses
from ses_warden.errors import SettingsError

_LONGEST_ID, _LONGEST_NAME, _LONGEST_WORD, _LONGEST_COMMENT, _LONGEST_REASON = 255, 253, 40, 200, 200
_MOST_RESULTS, _MOST_OVERRIDES = 50, 20
# A count is a number of mails of a few days; a sum of many must stay a number for DynamoDB.
_GREATEST_COUNT = 10**12
_MOMENT = "%Y-%m-%d %H:%M:%S"


class ReportReader:
    """The `Reader` port. Raises `SettingsError` where parsedmarc is not installed."""

    def __init__(self, limits: Limits = Limits()) -> None:  # noqa: B008  # frozen
        self._limits = limits
        self._parse, self._refusal = _parser()

    def read(self, content: bytes) -> Iterator[Report | Refused]:
        """See the port."""
        for found in open_content(content, self._limits):
            yield self._report(found) if isinstance(found, Document) else found

    def _report(self, document: Document) -> Report | Refused:
        try:
            scanned = scan(document.data)
            return replace(self._read(scanned), sender=document.sender)
        except BadXml as bad:
            return Refused(bad.trouble, str(bad), document.part)
        except self._refusal as error:
            reason = clean(mask_addresses(str(error)), _LONGEST_REASON)
            return Refused(Trouble.DAMAGED, f"it is no aggregate report: {reason}", document.part)

    def _read(self, scanned: Scanned) -> Report:
        report: Report | None = None
        sources: list[Source] = []
        for text, records in scanned.bites():
            try:
                parsed = self._parse(text)
            except self._refusal:
                # Alone in its bite, a record that cannot be read is an error; among others it is left out.
                if not report or records > 1:
                    raise
                continue
            sources += filter(None, map(source_from, parsed["records"]))
            report = report or report_from(parsed, scanned.text)
        if not report or not sources:
            raise BadXml(Trouble.DAMAGED, f"none of its {scanned.records} records can be read")
        return replace(report, sources=tuple(sources), unread=max(0, scanned.records - len(sources)))


class _NoGeography:
    """Stands in for parsedmarc's cache of where addresses are, and has them all: so that it never opens its database."""

    def get(self, address: str, _default: object = None) -> dict[str, str]:
        return {"ip_address": address}


@cache
def _parser() -> tuple[Any, type[Exception]]:
    """How parsedmarc reads a document, and what it raises for one that it cannot read."""
    try:
        import parsedmarc  # type: ignore[import-untyped]  # noqa: PLC0415
        from parsedmarc.config import ParserConfig  # type: ignore[import-untyped]  # noqa: PLC0415
    except ImportError as error:
        raise SettingsError(
            "DMARC reports are read by parsedmarc, which is missing: pip install 'ses-warden[cli,dmarc]'"
        ) from error
    # It warns of each record that departs from a schema, with what strangers wrote there.
    logging.getLogger("parsedmarc").setLevel(logging.CRITICAL)
    config = ParserConfig(
        offline=True,
        always_use_local_files=True,
        # A report about a week is one report: it is not spread over days.
        normalize_timespan_threshold_hours=float("inf"),
        ip_address_cache=_NoGeography(),  # of a cache it uses `get` alone, where that finds something
    )
    return lambda text: parsedmarc.parse_aggregate_report_xml(text, config=config), parsedmarc.InvalidAggregateReport


def report_from(parsed: Mapping[str, Any], text: str) -> Report:
    """A report without its sources. Raises `BadXml`."""
    metadata, policy = parsed["report_metadata"], parsed["policy_published"]
    begin = _begin(metadata["begin_date"], text)
    domain = domain_key(_text(policy["domain"], LONGEST_DOMAIN))
    if not domain or not all(character.isalnum() or character in "-_." for character in domain):
        raise BadXml(Trouble.DAMAGED, "it does not say which domain it is about")
    return Report(
        reporter=_text(metadata["org_name"], _LONGEST_NAME),
        report_id=_text(metadata["report_id"], _LONGEST_ID),
        domain=domain,
        begin=begin,
        end=begin + timedelta(seconds=metadata["original_timespan_seconds"]),
        sources=(),
        policy=_word(policy["p"]),
        subdomain_policy=_word(policy["sp"]),
        nonexistent_policy=_word(policy["np"]),
        testing={"y": True, "n": False}.get(_word(policy["testing"]) or ""),
        percent=_percent(policy["pct"]),
        reporter_contact=_text(metadata["org_email"], _LONGEST_NAME),
    )


def source_from(record: Mapping[str, Any]) -> Source | None:
    """A record's source; None if it names no address, or no number of mails."""
    try:
        ip = ipaddress.ip_address(record["source"]["ip_address"])
    except ValueError:
        return None
    if not 0 <= record["count"] <= _GREATEST_COUNT:
        return None
    evaluated, identifiers, results = record["policy_evaluated"], record["identifiers"], record["auth_results"]
    return Source(
        ip=str(ip),
        count=record["count"],
        disposition=_text(evaluated["disposition"], _LONGEST_WORD),
        dkim_aligned=record["alignment"]["dkim"],
        spf_aligned=record["alignment"]["spf"],
        header_from=_domain(identifiers["header_from"]),
        envelope_from=_domain(identifiers["envelope_from"]),
        dkim=tuple(
            Authenticated(_domain(one["domain"]), _text(one["result"], _LONGEST_WORD), _selector(one["selector"]))
            for one in results["dkim"][:_MOST_RESULTS]
        ),
        spf=tuple(
            Authenticated(_domain(one["domain"]), _text(one["result"], _LONGEST_WORD)) for one in results["spf"][:_MOST_RESULTS]
        ),
        overrides=tuple(
            Override(_text(one.get("type"), _LONGEST_WORD), mask_addresses(_text(one.get("comment"), _LONGEST_COMMENT)))
            for one in evaluated["policy_override_reasons"][:_MOST_OVERRIDES]
        ),
    )


def _begin(local: str, text: str) -> datetime:
    """What parsedmarc tells is local time; in the hour that a clock repeats, the document itself says which of the two it is."""
    try:
        moments = [datetime.strptime(local, _MOMENT).replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
    except (ValueError, OverflowError) as error:
        raise BadXml(Trouble.DAMAGED, "the time that it is about is none") from error
    return moments[str(int(moments[0].timestamp())) not in text]


def _domain(value: object) -> str:
    """A domain. Where a reporter names a mailbox, its owner is of no concern."""
    return _text(value, 2 * LONGEST_DOMAIN).rpartition("@")[2].lower()[:LONGEST_DOMAIN]


def _selector(value: object) -> str:
    """A selector; where a reporter gives none, parsedmarc says "none"."""
    text = _text(value, LONGEST_DOMAIN)
    return "" if text == "none" else text


def _word(value: object) -> str | None:
    return _text(value, _LONGEST_WORD).lower() or None


def _percent(value: object) -> int | None:
    text = _text(value, _LONGEST_WORD)
    return int(text) if text.isascii() and text.isdigit() and int(text) <= 100 else None  # noqa: PLR2004  # percent


def _text(value: object, limit: int) -> str:
    """Text in a field; xmltodict makes a mapping of an element with attributes, and a list of one that is repeated."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, Mapping):
        value = value.get("#text")
    return "" if value is None else clean(str(value), limit)
