"""Entries that leave the table and come back: an export is taken in again as it was, and strangers' lists as far as they go."""

import io
import json
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ses_warden.adapters.exchange import line_of, records_of
from ses_warden.application.import_suppression import Record, import_records
from ses_warden.application.ports import EntryKey
from ses_warden.domain.addresses import read_address
from ses_warden.domain.entries import Entry, Reason, State, filtered
from ses_warden.domain.pseudonyms import pseudonym
from ses_warden.domain.signals import ACCOUNT, Confidence, Signal, SignalKind
from ses_warden.domain.suppression import decide
from ses_warden.errors import StorageError
from tests.fakes import MemoryLedger

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
JANE = "jane.doe@example.net"


def read(text: str, form: str = "jsonl") -> list[Record]:
    """The records of a file with this text."""
    return list(records_of(io.StringIO(text, newline=""), form, NOW))


def taken(records: list[Record], ledger: MemoryLedger | None = None) -> MemoryLedger:
    """A table that took them in."""
    ledger = ledger or MemoryLedger()
    import_records(records, ledger, lambda _: None)
    return ledger


def entry_of(*signals: Signal) -> Entry | None:
    """What these signals make."""
    entry: Entry | None = None
    for signal in signals:
        entry = decide(entry, signal)
    return entry


signals = st.builds(
    Signal,
    st.sampled_from(SignalKind),
    st.just(JANE),
    st.sampled_from([ACCOUNT, "contact-list/news"]),
    st.integers(0, 100_000).map(lambda minutes: NOW - timedelta(minutes=minutes)),
    original=st.sampled_from(["", JANE, "Jane.Doe@Example.net", "JANE.DOE@example.net"]),
    message_id=st.sampled_from(["m1", "m2", "m3", "m4"]),
    diagnostic=st.sampled_from(["", "550 5.1.1 unknown"]),
    confidence=st.sampled_from(Confidence),
    note=st.just("why"),
)


@given(st.lists(signals, max_size=25))
def test_an_export_taken_in_makes_the_same_table(told: list[Signal]) -> None:
    """Spellings too. Once and twice, into an empty table and into the one that it came from: nothing is lost, nothing doubled."""
    before = taken([Record(1, told)])
    export = "".join(json.dumps(line_of(entry)) + "\n" for entry in before.entries_.values())
    again = taken(read(export))
    assert again.entries_ == before.entries_
    for ledger in (again, before):
        as_it_was = dict(ledger.entries_)
        found = import_records(read(export), ledger, lambda _: None)
        assert (found.changed, found.unread, ledger.entries_) == (0, 0, as_it_was)


@pytest.mark.parametrize(
    ("record", "reason", "since"),
    [
        ({"address": JANE}, Reason.MANUAL, NOW),
        ({"email": f" {JANE.upper()} ", "reason": "manual", "note": "old list"}, Reason.MANUAL, NOW),
        ({"EmailAddress": JANE, "Reason": "BOUNCE", "LastUpdateTime": "2026-01-02T03:04:05Z"}, Reason.HARD_BOUNCE, None),
        ({"EmailAddress": JANE, "Reason": "COMPLAINT"}, Reason.COMPLAINT, NOW),
        ({"address": JANE, "reason": "ses_list", "since": "2026-01-02"}, Reason.SES_LIST, datetime(2026, 1, 2, tzinfo=UTC)),
        ({"address": JANE, "reason": "hard_bounce", "since": "2036-01-02"}, Reason.HARD_BOUNCE, NOW),
        ({"address": JANE, "reason": "unsubscribe", "scope": "contact-list/news"}, Reason.UNSUBSCRIBE, NOW),
    ],
)
def test_plain_records_say_what_they_can(record: dict[str, str], reason: Reason, since: datetime | None) -> None:
    """By our names of the columns, by SES's, and by others'; a time to come is now."""
    ledger = taken(read(json.dumps(record)))
    [entry] = ledger.entries_.values()
    assert (entry.address, entry.state, entry.reason) == (JANE, State.SUPPRESSED, reason)
    assert entry.since == (since or datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "it is no JSON"),
        ("[" * 100_000, "it is no JSON"),
        ("[1]", "no JSON object"),
        ("{}", "address: it is missing"),
        ('{"address": "jane"}', "address: it is no e-mail address"),
        ('{"address": "jane@example.net", "reason": "hate"}', "reason: it is one of"),
        ('{"address": "jane@example.net", "reason": "soft_bounces"}', "strikes"),
        ('{"address": "jane@example.net", "since": "yesterday"}', "since: it is a time"),
        ('{"address": "jane@example.net", "scope": "audit/x"}', "scope: it is account"),
        ('{"address": "jane@example.net", "state": "watching"}', "state: only"),
        ('{"address": "jane@example.net", "confidence": "some", "reason": "complaint"}', "confidence: it is"),
        ('{"address": "Jane@example.net", "scope": "account", "facts": {}}', "lower case"),
        ('{"address": "jane@example.net", "scope": "account", "facts": {}}', "facts: they are not"),
        ('{"address": "jane@example.net", "scope": "account", "state": "released", "facts": {"evidence": [[1]]}}', "facts: they"),
        *(
            (json.dumps({"address": JANE, "scope": "account", "state": "released", "facts": facts, "version": "x"}), "facts: they")
            for facts in list[Any](
                (
                    {"evidence": [["2026-11-24T10:00:00Z", "m", "manual", "high", "", ""]]},
                    {"evidence": [["2026-11-24T10:00:00Z", 7, "hard_bounce", "high", None, ""]]},
                    {"blocked": ["2026-11-24T10:00:00Z", 7]},
                    {"strikes": [["2026-11-24T10:00:00Z"]]},
                    {"strikes": [["2026-11-24T10:00:00Z", 5], ["2026-11-24T10:00:00Z", "x"]]},
                    [],
                )
            )
        ),
        (f'{{"address": "{"x" * 300_000}"}}', "262,144 characters"),
    ],
)
def test_a_bad_record_is_named_and_hides_no_other(line: str, why: str) -> None:
    """With its line and what it should be, never with its content."""
    good = json.dumps({"address": JANE})
    ledger = MemoryLedger()
    found = import_records(read(f"{good}\n{line}\n{good}\n"), ledger, lambda _: None)
    assert (found.records, found.changed, found.unread, found.line) == (2, 1, 1, 3)
    [fault] = found.faults
    assert fault.line == 2
    assert why in fault.why
    assert "jane" not in fault.why.lower()


def test_a_plain_record_read_again_changes_nothing_though_it_has_no_time() -> None:
    """Each kind, an hour later; nor does it overrule an operator's release in between, as only a record with a time may."""
    lines = [json.dumps({"address": f"{one}@example.net", "reason": one}) for one in Reason if one is not Reason.SOFT_BOUNCES]
    ledger = taken(read("\n".join(lines)))
    later = NOW + timedelta(hours=1)
    again = list(records_of(io.StringIO("\n".join(lines)), "jsonl", later))
    assert import_records(again, ledger, lambda _: None).changed == 0
    for key in list(ledger.entries_):
        release = Signal(SignalKind.RELEASE, key.address, key.scope, later - timedelta(minutes=1), note="works again")
        taken([Record(1, [release])], ledger)
    assert import_records(again, ledger, lambda _: None).changed == 0
    dated = json.dumps({"address": "manual@example.net", "since": later.isoformat()})
    assert import_records(records_of(io.StringIO(dated), "jsonl", later), ledger, lambda _: None).changed == 1


def test_a_quote_that_is_never_closed_hides_no_other_line() -> None:
    """A record of CSV is a line."""
    found = read('address,note\n"a@example.net,x\nb@example.net,y\nc@example.net,z\n', "csv")
    assert [(one.line, bool(one.fault)) for one in found] == [(2, True), (3, False), (4, False)]


@pytest.mark.parametrize("address", [pseudonym(b"key", JANE), "nobody", f"{'x' * 400}@example.net"])
def test_keys_that_are_no_addresses_come_back_too(address: str) -> None:
    """Of who was forgotten, of what SES named though it is no address, and of what is too long for one."""
    key = address if address.startswith("hmac:") else read_address(address).key
    before = taken([Record(1, [Signal(SignalKind.HARD_BOUNCE, key, ACCOUNT, NOW, "", "m1")])])
    export = "".join(json.dumps(line_of(entry)) + "\n" for entry in before.entries_.values())
    assert taken(read(export)).entries_ == before.entries_


def test_facts_from_a_time_to_come_do_not_make_all_later_ones_void() -> None:
    """Other clocks may go before by a day, no more."""
    entry = entry_of(Signal(SignalKind.RELEASE, JANE, ACCOUNT, NOW + timedelta(days=900), note="x"))
    assert entry
    [back] = taken(read(json.dumps(line_of(entry)))).entries_.values()
    assert back.released
    assert back.released.at == NOW + timedelta(days=1)


@pytest.mark.parametrize("header", ["", '"address', "name,reason"])
def test_csv_without_a_column_of_addresses_is_refused(header: str) -> None:
    """No line would mean anything."""
    with pytest.raises(StorageError, match="the first line of the file"):
        read(f"{header}\njane@example.net,BOUNCE\n", "csv")


def test_csv_is_read_by_its_header() -> None:
    """Quoted fields, a spreadsheet's apostrophe and columns that nobody knows do no harm."""
    text = 'Email,Reason,Extra\r\n"jane.doe@example.net",BOUNCE,1\r\n\'+joe@example.org,complaint,\r\nnobody,,\r\n'
    found = read(text, "csv")
    assert [[(one.address, one.kind) for one in record.signals] for record in found] == [
        [(JANE, SignalKind.HARD_BOUNCE)],
        [("+joe@example.org", SignalKind.COMPLAINT)],
        [],
    ]
    assert (found[2].line, found[2].fault) == (4, "address: it is no e-mail address")


def test_another_writer_between_is_taken_into_account() -> None:
    """The entry is read and decided again."""

    class Busy(MemoryLedger):
        """A table that somebody else changes once, after it was read."""

        def entries(self, keys: Collection[EntryKey]) -> Mapping[EntryKey, Entry]:
            """What was there before the other's change."""
            before = super().entries(keys)
            if len(self.calls) == 1:
                taken([Record(1, [Signal(SignalKind.COMPLAINT, JANE, ACCOUNT, NOW, JANE, "m9")])], other)
                self.entries_.update(other.entries_)
            return before

    other, ledger = MemoryLedger(), Busy()
    taken(read(json.dumps({"address": JANE})), ledger)
    entry = ledger.entries_[EntryKey(JANE, ACCOUNT)]
    assert entry.blocked is not None
    assert [fact.reason for fact in entry.evidence] == [Reason.COMPLAINT]


def test_entries_are_chosen_by_all_that_is_asked() -> None:
    """Each condition alone, and the limits of time."""
    jane = entry_of(Signal(SignalKind.HARD_BOUNCE, JANE, ACCOUNT, NOW, JANE, "m1"))
    joe = entry_of(Signal(SignalKind.STRIKE, "joe@example.org", ACCOUNT, NOW - timedelta(days=1), "", "m2"))
    assert jane
    assert joe
    cases: list[tuple[dict[str, str | datetime], list[Entry]]] = [
        ({}, [jane, joe]),
        ({"reason": "hard_bounce"}, [jane]),
        ({"state": "watching"}, [joe]),
        ({"scope": "tenant/a"}, []),
        ({"domain": "Example.ORG"}, [joe]),
        ({"since": NOW}, [jane]),
        ({"until": NOW}, [joe]),
    ]
    for asked, wanted in cases:
        assert list(filtered([jane, joe], **asked)) == wanted, asked  # type: ignore[arg-type]
