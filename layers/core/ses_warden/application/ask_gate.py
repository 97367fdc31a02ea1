"""Who of these may be mailed? The use case of senders, over any number of recipients in bounded memory."""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice, takewhile
from threading import Event
from typing import Literal, NamedTuple, Protocol

from ses_warden.application.ports import EntryKey
from ses_warden.application.side_by_side import side_by_side
from ses_warden.domain.addresses import Address, plain_key
from ses_warden.domain.entries import Entry, blocks
from ses_warden.domain.pseudonyms import pseudonym
from ses_warden.domain.snapshots import Hold, Holds, Packer
from ses_warden.domain.verdicts import Refusal, Verdict, recipient_address
from ses_warden.errors import LedgerError, UnknownScope

type OnError = Literal["raise", "allow", "refuse"]

# DynamoDB: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
MOST_KEYS = 100
# Batches under way or waiting for their turn to be told, for each thread.
_AHEAD = 2


class Lookup(NamedTuple):
    """What the table said: the entries that exist, the keys that it did not answer for, and why not."""

    entries: Mapping[EntryKey, Entry]
    unknown: AbstractSet[EntryKey] = frozenset()
    error: LedgerError | None = None


class EntryReader(Protocol):
    """The suppression table, as a sender may see it. Both are called by several threads at once."""

    def look_up(self, keys: Collection[EntryKey]) -> Lookup:
        """The entries among at most `MOST_KEYS` keys, all different; raises nothing on a failure of the table, but tells it."""
        ...

    def holds(self, segment: int, segments: int) -> Iterator[Hold]:
        """The rows that suppress, in one of the table's segments, the expired among them. Raises `LedgerError`."""
        ...


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of each recipient: in which scopes, and whether by its pseudonym as well."""

    scopes: tuple[str, ...]
    pseudonym_key: bytes | None = None

    def __post_init__(self) -> None:
        """Raises `UnknownScope` where a recipient takes more keys than one call has."""
        if self.keys_per_recipient > MOST_KEYS:
            raise UnknownScope(
                f"{len(self.scopes)} scopes make {self.keys_per_recipient} keys for a recipient; the most is {MOST_KEYS}"
            )

    @property
    def keys_per_recipient(self) -> int:
        """How many keys a recipient takes."""
        return len(self.scopes) * (2 if self.pseudonym_key else 1)

    def keys(self, address: str) -> list[EntryKey]:
        """The keys of the rows that could hold back mail to the address, in the order of the scopes."""
        names = (address, pseudonym(self.pseudonym_key, address)) if self.pseudonym_key else (address,)
        return [EntryKey(name, scope) for scope in self.scopes for name in names]


@dataclass(frozen=True, slots=True)
class Asking:
    """How the table is asked: by so many threads, and what a recipient is that it does not answer for."""

    reader: EntryReader
    on_error: OnError
    workers: int
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


type _Recipients = list[tuple[str, Address]]


def ask(asking: Asking, question: Question, recipients: Iterable[str]) -> Iterator[Verdict]:
    """A verdict on each recipient, in their order; memory is bounded by the threads, not by the recipients.

    A recipient that comes twice within one call's worth of keys is asked for once. Raises `LedgerError` with `on_error="raise"`.
    """
    batches = _batches(recipients, MOST_KEYS // question.keys_per_recipient)
    waiting: deque[Future[list[Verdict]]] = deque()
    pool = ThreadPoolExecutor(asking.workers, thread_name_prefix="ses-warden-gate")
    try:
        for batch in islice(batches, asking.workers * _AHEAD):
            waiting.append(pool.submit(_judge, asking, question, batch))
        while waiting:
            told = waiting.popleft().result()
            for batch in islice(batches, 1):
                waiting.append(pool.submit(_judge, asking, question, batch))
            yield from told
    finally:
        # Also when the caller has seen enough.
        pool.shutdown(cancel_futures=True)


def ask_one(asking: Asking, question: Question, recipient: str) -> Verdict:
    """The verdict on one recipient, without a thread."""
    [verdict] = _judge(asking, question, [(recipient, recipient_address(recipient))])
    return verdict


def take_holds(asking: Asking) -> Holds:
    """All that is suppressed now, read by as many threads as the table has segments. Raises `LedgerError`."""
    now, packer = asking.clock(), Packer()

    def pages(segment: int, broken_off: Event) -> list[bytes]:
        held = takewhile(lambda _: not broken_off.is_set(), asking.reader.holds(segment, asking.workers))
        # Packed at once: as texts, a million rows would take hundreds of megabytes.
        return [packer.pack(hold) for hold in held if hold.expires_at is None or now < hold.expires_at]

    read = side_by_side(pages, range(asking.workers), threads=asking.workers)
    return Holds(packer, [row for rows in read for row in rows])


def judge_by_holds(holds: Holds, question: Question, recipients: Iterable[str], now: datetime) -> Iterator[Verdict]:
    """The verdicts of a snapshot."""
    find, key = holds.finder(question.scopes, now), question.pseudonym_key
    for recipient in recipients:
        address = plain_key(recipient)
        if address is None:
            address, _, valid = recipient_address(recipient)
            if not valid:
                yield Verdict(recipient, address, Refusal.INVALID)
                continue
        place = find(address)
        if place is None and key:
            place = find(pseudonym(key, address))
        if place is None:
            yield Verdict(recipient, address)
        else:
            yield Verdict(recipient, address, Refusal.SUPPRESSED, True, *holds.at(place))


def _batches(recipients: Iterable[str], most: int) -> Iterator[_Recipients]:
    """Recipients in their order, with at most so many different valid addresses, and not many more of others."""
    batch: _Recipients = []
    keys: set[str] = set()
    for recipient in recipients:
        address = recipient_address(recipient)
        if (address.valid and address.key not in keys and len(keys) == most) or len(batch) == 2 * MOST_KEYS:
            yield batch
            batch, keys = [], set()
        batch.append((recipient, address))
        if address.valid:
            keys.add(address.key)
    if batch:
        yield batch


def _judge(asking: Asking, question: Question, batch: _Recipients) -> list[Verdict]:
    asked = {address.key: question.keys(address.key) for _, address in batch if address.valid}
    keys = [key for some in asked.values() for key in some]
    lookup = asking.reader.look_up(keys) if keys else Lookup({})
    if lookup.error and asking.on_error == "raise":
        raise lookup.error
    now = asking.clock()
    verdicts: list[Verdict] = []
    for recipient, address in batch:
        if not address.valid:
            verdicts.append(Verdict(recipient, address.key, Refusal.INVALID))
            continue
        verdict = _held(recipient, address.key, asked[address.key], lookup.entries, now)
        if not verdict and lookup.unknown and not lookup.unknown.isdisjoint(asked[address.key]):
            refusal = Refusal.UNKNOWN if asking.on_error == "refuse" else None
            verdict = Verdict(recipient, address.key, refusal, checked=False, failure=str(lookup.error))
        verdicts.append(verdict or Verdict(recipient, address.key))
    return verdicts


def _held(
    recipient: str, address: str, keys: Collection[EntryKey], entries: Mapping[EntryKey, Entry], now: datetime
) -> Verdict | None:
    """The verdict where an entry holds mail back."""
    for key in keys:
        entry = entries.get(key)
        if entry and blocks(entry, now):
            return Verdict(
                recipient,
                address,
                Refusal.SUPPRESSED,
                scope=entry.scope,
                reason=entry.reason,
                expires_at=entry.expires_at,
                entry=entry,
            )
    return None
