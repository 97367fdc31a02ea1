"""The table of holds that a snapshot is."""

from datetime import UTC, datetime, timedelta
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_warden.domain.entries import Reason
from ses_warden.domain.snapshots import Hold, Holds, Packer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SCOPES = ("account", "tenant/a", "contact-list/news")
# Two words of one CRC-32.
TWINS = ("plumless", "buckeroo")

times = st.sampled_from([None, NOW - timedelta(days=1), NOW, NOW + timedelta(microseconds=1), NOW + timedelta(days=9_000 * 300)])
names = st.one_of(st.sampled_from([*TWINS, "a@b.example", "é@b.example"]), st.text(max_size=8))
holds = st.lists(st.builds(Hold, names, st.sampled_from(SCOPES), st.sampled_from([None, *Reason]), times), max_size=40)


def taken(rows: list[Hold]) -> Holds:
    """A table of these rows."""
    packer = Packer()
    return Holds(packer, [packer.pack(row) for row in rows])


@given(holds, st.lists(st.sampled_from([*SCOPES, "tenant/b"]), unique=True), st.lists(names))
def test_the_table_finds_what_a_dictionary_finds(rows: list[Hold], scopes: list[str], others: list[str]) -> None:
    """Whoever is in it, in a scope asked for and not expired, is found; nobody else is; the first scope comes first."""
    known = {(row.address, row.scope): row for row in rows}
    table = taken(list(known.values()))
    assert len(table) == len(known)
    find = table.finder(scopes, NOW)
    for address in [*(row.address for row in rows), *others, *TWINS]:
        there = [known[address, scope] for scope in scopes if (address, scope) in known]
        now = [row for row in there if row.expires_at is None or row.expires_at > NOW]
        place = find(address)
        assert (None if place is None else Hold(address, *table.at(place))) == (now[0] if now else None)


@pytest.mark.parametrize("name", TWINS)
def test_a_checksum_is_no_hit(name: str) -> None:
    """Two addresses that share it are told apart."""
    assert crc32(TWINS[0].encode()) == crc32(TWINS[1].encode())
    find = taken([Hold(name, "account", Reason.MANUAL, None)]).finder(["account"], NOW)
    assert [twin for twin in TWINS if find(twin) is not None] == [name]


def test_a_row_that_comes_twice_is_one() -> None:
    """As from a scan whose segments overlap."""
    assert len(taken([Hold("a@b.example", "account", None, None)] * 3)) == 1


def test_thousands_are_all_found() -> None:
    """Through every bucket."""
    rows = [Hold(f"r{n}@b.example", SCOPES[n % 3], Reason.COMPLAINT, None) for n in range(5000)]
    table = taken(rows)
    find = table.finder(SCOPES, NOW)
    places = [find(row.address) for row in rows]
    assert [Hold(row.address, *table.at(place)) for row, place in zip(rows, places, strict=True) if place is not None] == rows
    assert {find(f"s{n}@b.example") for n in range(5000)} == {None}
