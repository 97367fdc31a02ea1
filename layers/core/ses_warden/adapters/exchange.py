"""Files of suppression entries: CSV and JSON Lines, read and written a record at a time."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TextIO

from ses_warden.adapters.entries import entry_from, item_from
from ses_warden.application.import_suppression import Record
from ses_warden.domain.addresses import read_address
from ses_warden.domain.entries import Entry
from ses_warden.domain.exchange import BadRecord, is_dated, scope_of, signal_from, signals_of
from ses_warden.domain.signals import Signal

_LONGEST_LINE = 262_144


def line_of(entry: Entry) -> dict[str, Any]:
    """An entry as an object of JSON, by the names of its row; `facts` is all that it is made from."""
    item = item_from(entry)
    plain: dict[str, Any] = {name: value["S"] for name, value in item.items() if "S" in value}
    return plain | {"facts": json.loads(plain["facts"]), "spellings": list(entry.spellings)}


def records_of(file: TextIO, form: str, now: datetime) -> Iterator[Record]:
    """The records of a file, a line each; `form` is csv or jsonl. One that cannot be read says why, and hides no other."""
    lines = _lines(file)
    columns: list[str] = []
    if form == "csv":
        _, header = next(lines, (0, ""))
        columns = _cells(header or "")
    for number, line in lines:
        if line is None:
            yield Record(number, (), f"it is longer than {_LONGEST_LINE} characters")
        elif line.strip():
            yield _record(number, line, columns, now)


def _lines(file: TextIO) -> Iterator[tuple[int, str | None]]:
    """The lines with their numbers from 1; None for one that is too long."""
    number = 0
    while line := file.readline(_LONGEST_LINE):
        number += 1
        whole, rest = len(line) < _LONGEST_LINE or line.endswith("\n"), line
        while not rest.endswith("\n") and (rest := file.readline(_LONGEST_LINE)):
            pass
        yield number, line if whole else None


def _record(number: int, line: str, columns: list[str], now: datetime) -> Record:
    try:
        fields = dict(zip(columns, _cells(line), strict=False)) if columns else _object(line)
        if "facts" in fields and not columns:
            return Record(number, _facts(fields))
        return Record(number, [signal_from(fields, now)], undated=not is_dated(fields))
    except BadRecord as error:
        return Record(number, (), str(error))


def _cells(line: str) -> list[str]:
    try:
        return next(csv.reader([line.rstrip("\r\n")], strict=True), [])
    except csv.Error as error:
        raise BadRecord(f"it is no CSV: {error}") from error


def _object(line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadRecord("it is no JSON") from error
    if not isinstance(found, dict):
        raise BadRecord("it is no JSON object")
    return found


def _facts(fields: Mapping[str, Any]) -> Sequence[Signal]:
    address = read_address(str(fields.get("address", "")))
    if not address.valid or address.key != fields["address"]:
        raise BadRecord("address: it is no key of an address, in lower case")
    scope_of(fields.get("scope", ""))
    item: dict[str, Any] = {name: {"S": value} for name, value in fields.items() if isinstance(value, str)}
    try:
        item["facts"] = {"S": json.dumps(fields["facts"])}
        item["spellings"] = {"L": [{"S": str(one)} for one in fields.get("spellings", [])]}
        return list(signals_of(entry_from(item | {"version": {"N": "0"}})))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadRecord("facts: they are not as an export has them") from error
