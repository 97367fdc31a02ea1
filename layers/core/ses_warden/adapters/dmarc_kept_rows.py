"""The rows of DMARC reports without what they tell, and the rulings of operators in them.

A discarded report stays where it is: the row that is there keeps the same report from being counted when it comes again, for as
long as the report would have been kept, and nothing is lost when it is restored.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ses_warden.adapters.dmarc_rows import done, moment_key
from ses_warden.adapters.dynamo import paged
from ses_warden.domain.dmarc import domain_key
from ses_warden.domain.dmarc_kept import Act, Handle, Kept, Ruling

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

# Without `sources`, which is nearly all of an item.
_NAMES = {
    "#domain": "domain",
    "#report": "report",
    "#reporter": "reporter",
    "#report_id": "report_id",
    "#begin": "begin",
    "#end": "end",
    "#mails": "mails",
    "#received": "received",
    "#sender": "sender",
    "#policy": "policy",
    "#way": "way",
    "#unread": "unread",
    "#purge_at": "purge_at",
    "#rulings": "rulings",
}


class DynamoKeptReports:
    """The port `KeptReports` on DynamoDB."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def kept(self, domain: str, since: datetime, until: datetime) -> Iterator[Kept]:
        """See the port: one query."""
        # Keys go on after the moment, so that the upper end, which BETWEEN includes, is left out.
        values = {":since": {"S": moment_key(since)}, ":until": {"S": moment_key(until)}}
        yield from self._found(domain, "#report BETWEEN :since AND :until", values)

    def named(self, domain: str, handle: Handle) -> list[Kept]:
        """See the port."""
        values = {":report": {"S": f"{moment_key(handle.begin)}#{handle.name}"}}
        return list(self._found(domain, "begins_with(#report, :report)", values))

    def rule(self, report: Kept, ruling: Ruling) -> bool:
        """See the port."""
        discards = ruling.act is Act.DISCARD
        noted = "rulings = list_append(if_not_exists(rulings, :none), :ruling)"
        return done(
            self._client.update_item,
            TableName=self._table,
            Key={"domain": {"S": report.domain}, "report": {"S": f"{moment_key(report.handle.begin)}#{report.handle.name}"}},
            UpdateExpression=f"SET discarded = :yes, {noted}" if discards else f"SET {noted} REMOVE discarded",
            # Else a report that was forgotten meanwhile would come back as nothing but a ruling.
            ConditionExpression="attribute_exists(reporter) AND " + f"attribute_{'not_' if discards else ''}exists(discarded)",
            ExpressionAttributeValues={
                ":none": {"L": []},
                ":ruling": {"L": [_ruling_item(ruling)]},
                **({":yes": {"BOOL": True}} if discards else {}),
            },
        )

    def _found(self, domain: str, condition: str, values: Mapping[str, Any]) -> Iterator[Kept]:
        query: dict[str, Any] = {
            "TableName": self._table,
            "KeyConditionExpression": f"#domain = :domain AND {condition}",
            # The further items of a report have none.
            "FilterExpression": "attribute_exists(#reporter)",
            "ProjectionExpression": ", ".join(_NAMES),
            "ExpressionAttributeNames": _NAMES,
            "ExpressionAttributeValues": {":domain": {"S": domain_key(domain)}, **values},
            "ScanIndexForward": False,
        }
        return map(_kept, paged(self._client.query, **query))


def _kept(item: Mapping[str, Any]) -> Kept:
    texts = {name: value["S"] for name, value in item.items() if "S" in value}
    numbers = {name: int(value["N"]) for name, value in item.items() if "N" in value}
    return Kept(
        domain=texts["domain"],
        handle=Handle(datetime.fromisoformat(texts["begin"]), texts["report"].partition("#")[2]),
        reporter=texts["reporter"],
        report_id=texts["report_id"],
        end=datetime.fromisoformat(texts["end"]),
        mails=numbers["mails"],
        received=datetime.fromisoformat(texts["received"]),
        sender=texts.get("sender", ""),
        policy=texts.get("policy"),
        way=texts.get("way", ""),
        unread=numbers.get("unread", 0),
        purge_at=datetime.fromtimestamp(numbers["purge_at"], UTC) if "purge_at" in numbers else None,
        rulings=tuple(_ruling(one["M"]) for one in item.get("rulings", {"L": []})["L"]),
    )


def _ruling_item(ruling: Ruling) -> dict[str, Any]:
    texts = {"act": ruling.act.value, "at": moment_key(ruling.at), "by": ruling.by, "reason": ruling.reason}
    return {"M": {name: {"S": text} for name, text in texts.items()}}


def _ruling(item: Mapping[str, Any]) -> Ruling:
    return Ruling(Act(item["act"]["S"]), datetime.fromisoformat(item["at"]["S"]), item["by"]["S"], item["reason"]["S"])
