"""Files of suppression entries: CSV and JSON Lines, read and written a record at a time."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TextIO

from ses_warden.adapters.entries import entry_from, item_from
from ses_warden.application.import_suppression import Record
from ses_warden.domain.addresses import NOBODY, read_address
from ses_warden.domain.entries import Entry
from ses_warden.domain.exchange import BadRecord, is_dated, names_addresses, scope_of, signal_from, signals_of
from ses_warden.domain.pseudonyms import is_pseudonym
from ses_warden.domain.signals import Signal
from ses_warden.errors import StorageError

_LONGEST_LINE = 262_144
# Other clocks may go before this one.
_AHEAD = timedelta(days=1)


def line_of(entry: Entry) -> dict[str, Any]:
    """An entry as an object of JSON, by the names of its row; `facts` is all that it is made from."""
    item = item_from(entry)
    plain: dict[str, Any] = {name: value["S"] for name, value in item.items() if "S" in value}
    return plain | {"facts": json.loads(plain["facts"]), "spellings": list(entry.spellings)}


def records_of(file: TextIO, form: str, now: datetime) -> Iterator[Record]:
    """The records of a file, a line each; `form` is csv or jsonl. One that cannot be read says why, and hides no other.

    Raises `StorageError` for CSV whose header names no addresses: then no line would mean anything.
    """
    lines = _lines(file)
    columns: list[str] = []
    if form == "csv":
        columns = _header(next(lines, (0, ""))[1] or "")
    for number, line in lines:
        if line is None:
            yield Record(number, (), f"it has {_LONGEST_LINE:,} characters or more")
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
            return Record(number, _facts(fields, now))
        return Record(number, [signal_from(fields, now)], undated=not is_dated(fields))
    except BadRecord as error:
        return Record(number, (), str(error))


def _header(line: str) -> list[str]:
    try:
        columns = _cells(line)
    except BadRecord as error:
        raise StorageError(f"the first line of the file: {error}") from error
    if not names_addresses(columns):
        raise StorageError("the first line of the file names no column `address`, `email` or `EmailAddress`")
    return columns


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


def _facts(fields: Mapping[str, Any], now: datetime) -> Sequence[Signal]:
    address = str(fields.get("address", ""))
    # Keys of what is no address, of what was too long for one, and of who was forgotten, are keys too.
    if address in ("", NOBODY) or not (is_pseudonym(address) or read_address(address).key == address):
        raise BadRecord("address: it is no key of an address, in lower case")
    scope_of(fields.get("scope", ""))
    item: dict[str, Any] = {name: {"S": value} for name, value in fields.items() if isinstance(value, str)}
    try:
        item["facts"] = {"S": json.dumps(fields["facts"])}
        item["spellings"] = {"L": [{"S": str(one)} for one in fields.get("spellings", [])]}
        told = signals_of(entry_from(item | {"version": {"N": "0"}}))
        # A time far ahead would make everything that comes later void.
        return [replace(signal, at=min(signal.at, now + _AHEAD)) for signal in told]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadRecord("facts: they are not as an export has them") from error
