"""DMARC reports as rows: a domain's reports in the order of their beginning, each once.

A report is one item: its `sources` are packed (JSON, deflated), which costs a tenth of a row for each source to write and to
read. Where they outgrow an item, they are in further items beside it, which are written first: a report is there when its first
item is.
"""

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.dynamo import call, paged, translated
from ses_warden.adapters.failures import code_of
from ses_warden.domain.dmarc import Authenticated, Override, Report, Source, domain_key
from ses_warden.domain.dmarc_kept import Way
from ses_warden.errors import LedgerBusy

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# The partitions that name the domains, and that count alerts; no domain begins so.
_DOMAINS, _ALERTS = "#domains", "#alerts"
# DynamoDB takes 400 KB an item; the rest of it, bounded texts, is less than 8 KB.
PACK_BYTES = 380_000


class DynamoReports:
    """The ports `ReportStore` and `ReportRows` on DynamoDB. `retention` is how long a report is kept from when it came in."""

    def __init__(
        self,
        client: "DynamoDBClient",
        table: str,
        *,
        retention: timedelta = timedelta(days=400),
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        pack_bytes: int = PACK_BYTES,
    ) -> None:
        self._client = client
        self._table = table
        self._retention = retention
        self._clock = clock
        self._pack_bytes = pack_bytes

    def keep(self, report: Report, way: Way) -> bool:
        """See the port. The domain's name first, the first item last: what a crash leaves is written again by the next try."""
        now = self._clock()
        purge_at = {"N": str(int((now + self._retention).timestamp()))}
        packs = list(packed(report.sources, self._pack_bytes))
        head = head_item(report, packs, now, way)
        self._put({"domain": {"S": _DOMAINS}, "report": head["domain"], "purge_at": purge_at})
        if len(packs) > 1:
            if self._has(head):
                return False
            for number, pack in enumerate(packs[1:], start=1):
                key = {"domain": head["domain"], "report": {"S": _part_key(head, number)}}
                self._put({**key, "sources": {"B": pack}, "purge_at": purge_at})
        return self._put({**head, "purge_at": purge_at}, ConditionExpression="attribute_not_exists(report)")

    def reports(self, domain: str, since: datetime, until: datetime) -> Iterator[Report]:
        """See the port: one query. An item with further ones comes right before them."""
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "#domain = :domain AND report BETWEEN :since AND :until",
            "ExpressionAttributeNames": {"#domain": "domain"},
            # Keys go on after the moment, so that the upper end, which BETWEEN includes, is left out.
            "ExpressionAttributeValues": {
                ":domain": {"S": domain_key(domain)},
                ":since": {"S": moment_key(since)},
                ":until": {"S": moment_key(until)},
            },
        }
        open_head: Mapping[str, Any] | None = None
        sources: list[Source] = []
        left = 0
        items: Iterator[Mapping[str, Any]] = paged(self._client.query, **query)
        for item in items:
            if "reporter" in item:
                left, open_head, sources = int(item["parts"]["N"]) - 1, item, unpacked(item["sources"]["B"])
            elif open_head and left and item["report"]["S"].startswith(_part_prefix(open_head)):
                left -= 1
                sources.extend(unpacked(item["sources"]["B"]))
            else:
                # Of a try that crashed, or that a faster one overtook.
                continue
            if not left:
                yield report_from(open_head, sources)

    def domains(self) -> Iterable[str]:
        """See the port."""
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": "#domain = :domains",
            "ExpressionAttributeNames": {"#domain": "domain"},
            "ExpressionAttributeValues": {":domains": {"S": _DOMAINS}},
        }
        return (item["report"]["S"] for item in paged(self._client.query, **query))

    def _has(self, head: Mapping[str, Any]) -> bool:
        key = {name: head[name] for name in ("domain", "report")}
        return "Item" in call(self._client.get_item, TableName=self._table, Key=key, ConsistentRead=True)

    def _put(self, item: dict[str, Any], **condition: str) -> bool:
        return done(self._client.put_item, TableName=self._table, Item=item, **condition)


class DynamoAlertBudget:
    """The `AlertBudget` port: a counter of the day, that is gone two days later."""

    def __init__(self, client: "DynamoDBClient", table: str, *, most: int, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._table = table
        self._most = most
        self._clock = clock

    def take(self, day: str) -> bool:
        """See the port."""
        purge_at = int((self._clock() + timedelta(days=2)).timestamp())
        return done(
            self._client.update_item,
            TableName=self._table,
            Key={"domain": {"S": _ALERTS}, "report": {"S": day}},
            UpdateExpression="SET purge_at = :purge_at ADD sent :one",
            ConditionExpression="attribute_not_exists(sent) OR sent < :most",
            ExpressionAttributeValues={
                ":purge_at": {"N": str(purge_at)},
                ":one": {"N": "1"},
                ":most": {"N": str(self._most)},
            },
        )


def done(write: Callable[..., Any], **request: Any) -> bool:
    """Writes; False where the condition does not hold. Raises `LedgerError`."""
    try:
        write(**request)
    except ClientError as error:
        if code_of(error) == "ConditionalCheckFailedException":
            return False
        raise translated(error) from error
    except BotoCoreError as error:
        raise LedgerBusy(f"DynamoDB did not answer: {code_of(error)}") from error
    return True


def head_item(report: Report, packs: Sequence[bytes], now: datetime, way: Way) -> dict[str, Any]:
    """The first item of a report; `digest` tells its further items from those of another report of the same name."""
    item: dict[str, Any] = {
        "domain": {"S": domain_key(report.domain)},
        "report": {"S": f"{moment_key(report.begin)}#{report.name}"},
        "reporter": {"S": report.reporter},
        "report_id": {"S": report.report_id},
        "begin": {"S": moment_key(report.begin)},
        "end": {"S": moment_key(report.end)},
        "received": {"S": moment_key(now)},
        "way": {"S": way.value},
        "mails": {"N": str(report.mails)},
        "sources": {"B": packs[0]},
        "parts": {"N": str(len(packs))},
        "digest": {"S": blake2b(b"".join(packs), digest_size=8).hexdigest()},
    }
    texts = {
        "policy": report.policy,
        "subdomain_policy": report.subdomain_policy,
        "nonexistent_policy": report.nonexistent_policy,
        "reporter_contact": report.reporter_contact or None,
        "sender": report.sender or None,
    }
    item |= {name: {"S": text} for name, text in texts.items() if text is not None}
    if report.testing is not None:
        item["testing"] = {"BOOL": report.testing}
    if report.percent is not None:
        item["percent"] = {"N": str(report.percent)}
    if report.unread:
        item["unread"] = {"N": str(report.unread)}
    return item


def report_from(item: Mapping[str, Any], sources: Sequence[Source]) -> Report:
    """The report of its first item and the sources of all of them."""
    return Report(
        reporter=item["reporter"]["S"],
        report_id=item["report_id"]["S"],
        domain=item["domain"]["S"],
        begin=datetime.fromisoformat(item["begin"]["S"]),
        end=datetime.fromisoformat(item["end"]["S"]),
        sources=tuple(sources),
        policy=_text(item, "policy"),
        subdomain_policy=_text(item, "subdomain_policy"),
        nonexistent_policy=_text(item, "nonexistent_policy"),
        testing=item["testing"]["BOOL"] if "testing" in item else None,
        percent=int(item["percent"]["N"]) if "percent" in item else None,
        reporter_contact=_text(item, "reporter_contact") or "",
        unread=int(item["unread"]["N"]) if "unread" in item else 0,
        sender=_text(item, "sender") or "",
        discarded="discarded" in item,
    )


def packed(sources: Sequence[Source], limit: int) -> Iterator[bytes]:
    """The sources in as many packs as it takes to stay within `limit` bytes each; at least one."""
    pack = zlib.compress(json.dumps([_source_json(source) for source in sources], separators=(",", ":")).encode())
    if len(pack) <= limit or len(sources) < 2:  # noqa: PLR2004
        yield pack
    else:
        middle = len(sources) // 2
        yield from packed(sources[:middle], limit)
        yield from packed(sources[middle:], limit)


def unpacked(pack: bytes) -> list[Source]:
    """The sources in a pack."""
    return [_source(stored) for stored in json.loads(zlib.decompress(pack))]


def _source_json(source: Source) -> dict[str, Any]:
    stored: dict[str, Any] = {
        "ip": source.ip,
        "count": source.count,
        "disposition": source.disposition,
        "dkim_aligned": source.dkim_aligned,
        "spf_aligned": source.spf_aligned,
        "header_from": source.header_from,
        "envelope_from": source.envelope_from,
        "dkim": [[one.domain, one.result, one.selector] for one in source.dkim],
        "spf": [[one.domain, one.result] for one in source.spf],
        "overrides": [[one.kind, one.comment] for one in source.overrides],
    }
    return {name: value for name, value in stored.items() if value not in ("", [])}


def _source(stored: dict[str, Any]) -> Source:
    return replace(
        Source(
            ip=stored.get("ip", ""),
            count=stored["count"],
            disposition=stored.get("disposition", ""),
            dkim_aligned=stored["dkim_aligned"],
            spf_aligned=stored["spf_aligned"],
            header_from=stored.get("header_from", ""),
            envelope_from=stored.get("envelope_from", ""),
        ),
        dkim=tuple(Authenticated(*one) for one in stored.get("dkim", ())),
        spf=tuple(Authenticated(*one) for one in stored.get("spf", ())),
        overrides=tuple(Override(*one) for one in stored.get("overrides", ())),
    )


def _part_prefix(head: Mapping[str, Any]) -> str:
    return f"{head['report']['S']}#{head['digest']['S']}#"


def _part_key(head: Mapping[str, Any], number: int) -> str:
    return f"{_part_prefix(head)}{number:05}"


def moment_key(moment: datetime) -> str:
    """A moment as sort keys begin with it: in UTC, to the second."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _text(item: Mapping[str, Any], name: str) -> str | None:
    return item[name]["S"] if name in item else None
