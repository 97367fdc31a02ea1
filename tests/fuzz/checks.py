"""What must hold whatever comes: nothing raises, nothing is lost, nothing is delivered again for ever, nobody is named."""

import io
import logging
import time
import warnings
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from ses_warden.adapters.ledger import DynamoLedger, Tables
from ses_warden.adapters.metrics import emit
from ses_warden.adapters.responses import batch_response
from ses_warden.adapters.rows import ROW_BYTES
from ses_warden.application.intake import UNFORESEEN
from ses_warden.application.ports import FactKey, Ledger
from ses_warden.application.record_events import Outcome, Policy, record_events
from ses_warden.domain.envelopes import Envelope, open_event
from ses_warden.domain.events import SetupMessage, UnknownEvent
from ses_warden.domain.facts import facts_of
from ses_warden.domain.parsing import parse_event
from ses_warden.errors import UnparsableEvent
from tests.fakes import MemoryLedger, MemoryQuarantine
from tests.fuzz.payloads import WHO
from tests.support.dynamo import Rules, Wire, item_bytes, session

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
RETENTION = timedelta(days=30)
TABLES = Tables(events="EventsTable", suppression="SuppressionTable", reputation="ReputationTable")
NAMED = (f"{WHO}@", f"{WHO}%40", f'{WHO}"@', f"{WHO}\\u0040")
# Of the processor's time, which a busy machine doubles; what is quadratic in these payloads takes minutes.
LONGEST_SECONDS = 10


def withstands(payload: Any) -> None:
    """Fails unless a payload is recorded or set aside as a whole, without a word about whom it names."""
    began = time.process_time()
    outcomes, written = _run(payload)
    assert time.process_time() - began < LONGEST_SECONDS
    for outcome in outcomes:
        assert outcome.error is None
        assert batch_response(outcome) == {"batchItemFailures": []}
    assert not any(name in written for name in NAMED), written


def _run(payload: Any) -> tuple[list[Outcome], str]:
    """Records a payload with the ports in memory, then as DynamoDB would see it; with all that was printed, logged or warned of."""
    output = io.StringIO()
    handler = logging.StreamHandler(output)
    logging.getLogger().addHandler(handler)
    try:
        with redirect_stdout(output), redirect_stderr(output), warnings.catch_warnings():
            warnings.simplefilter("error")
            envelopes = open_event(payload)
            outcomes = [_in_memory(envelopes), _against_rules(envelopes)]
            for outcome in outcomes:
                emit(outcome)
    finally:
        logging.getLogger().removeHandler(handler)
    # An envelope may be empty, and so may the lines of Firehose; anything else holds something to account for.
    assert envelopes or "[]" in repr(payload) or "deliveryStreamArn" in repr(payload)
    return outcomes, output.getvalue()


def _in_memory(envelopes: list[Envelope]) -> Outcome:
    ledger, quarantine = MemoryLedger(), MemoryQuarantine()
    outcome = _record(envelopes, ledger, quarantine)
    _check_nothing_lost(envelopes, set(ledger.rows), quarantine)
    return outcome


def _against_rules(envelopes: list[Envelope]) -> Outcome:
    client, wire, rules = _stage()
    rules.stored.clear()
    wire.calls.clear()
    wire.requests.clear()
    quarantine = MemoryQuarantine()
    ledger = DynamoLedger(client, TABLES, retention=RETENTION, shards=2, sleep=lambda _: None)
    outcome = _record(envelopes, ledger, quarantine)
    rows = {key[1:]: item for key, item in rules.stored.items() if key[0] == TABLES.events}
    assert all(item_bytes(item) <= ROW_BYTES for item in rows.values())
    _check_nothing_lost(envelopes, {FactKey(*key) for key in rows}, quarantine)
    return outcome


@cache
def _stage() -> tuple[Any, Wire, Rules]:
    """A client whose requests are checked against the service's model, and answered by DynamoDB's rules."""
    client = session().client("dynamodb")
    rules = Rules()
    return client, Wire(client, rules.before), rules


def _record(envelopes: list[Envelope], ledger: Ledger, quarantine: MemoryQuarantine) -> Outcome:
    policy = Policy(RETENTION, no_feedback_domains=frozenset({"gmail.com"}))
    return record_events(envelopes, ledger=ledger, quarantine=quarantine, policy=policy, now=NOW)


def _check_nothing_lost(envelopes: list[Envelope], rows: set[FactKey], quarantine: MemoryQuarantine) -> None:
    """Each fact is a row, or its payload was set aside; so was what holds no facts."""
    facts = {envelope.body: _facts(envelope) for envelope in envelopes}
    aside = {key for body in quarantine.kept for key in facts.get(body) or ()}
    for body, keys in facts.items():
        if keys is None:
            assert body in quarantine.kept
        else:
            assert keys <= rows | aside
    assert quarantine.kept.keys() <= facts.keys()
    assert not any(reason.startswith(UNFORESEEN) for reason in quarantine.kept.values())
    assert not any(name in reason for reason in quarantine.kept.values() for name in NAMED)


def _facts(envelope: Envelope) -> set[FactKey] | None:
    """The facts of an envelope, none for a set-up message, None if it has to be set aside."""
    if envelope.problem:
        return None
    try:
        match event := parse_event(envelope.body):
            case SetupMessage():
                return set()
            case UnknownEvent():
                return None
            case _:
                return {FactKey(fact.message_id, fact.sort_key) for fact in facts_of(event)}
    except UnparsableEvent:
        return None
