"""Who is suppressed, in memory: some 40 bytes for each entry, and no address."""

from array import array
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import accumulate, groupby
from struct import Struct
from threading import Lock
from typing import NamedTuple
from zlib import crc32

from ses_warden.domain.entries import Reason

_REASONS = tuple(Reason)
_UNKNOWN = len(_REASONS)
_FOR_GOOD = float("inf")
_DIGEST = 16
# The address's checksum and digest, the expiry in epoch seconds, the numbers of scope and reason.
_ROW = Struct(f">I{_DIGEST}sdIB")


class Hold(NamedTuple):
    """What a snapshot keeps of a row that suppresses; `reason` None where this version does not know it."""

    address: str
    scope: str
    reason: Reason | None
    expires_at: datetime | None


class Packer:
    """Turns holds into rows for `Holds`, in any number of threads; numbers the scopes as they come."""

    def __init__(self) -> None:
        self.scopes: dict[str, int] = {}
        self._lock = Lock()

    def pack(self, hold: Hold) -> bytes:
        """A row, beginning with the checksum."""
        number = self.scopes.get(hold.scope)
        if number is None:
            with self._lock:
                number = self.scopes.setdefault(hold.scope, len(self.scopes))
        expiry = hold.expires_at.timestamp() if hold.expires_at else _FOR_GOOD
        encoded = hold.address.encode()
        reason = _REASONS.index(hold.reason) if hold.reason else _UNKNOWN
        return _ROW.pack(crc32(encoded), blake2b(encoded, digest_size=_DIGEST).digest(), expiry, number, reason)


class Holds:
    """A hash table in columns. What shares a checksum is told apart by 16 bytes of BLAKE2b, so that a hit is a hit."""

    def __init__(self, packer: Packer, rows: list[bytes]) -> None:
        """Made of the rows that the packer packed, which are sorted in place."""
        self._check, self._digests, self._expiry = array("I"), bytearray(), array("d")
        self._scope, self._reason = array("I"), array("B")
        self._scopes, self._names = packer.scopes, tuple(packer.scopes)
        # As many buckets as rows, or up to twice as many; a bucket is a range of checksums.
        bits = min(max(len(rows).bit_length(), 8), 24)
        self._shift = 32 - bits
        sizes = array("I", bytes(4 << bits))
        rows.sort()
        # A row that comes twice is one: not every stand-in for DynamoDB knows the segments of a scan.
        for row, _ in groupby(rows):
            check, digest, expiry, scope, reason = _ROW.unpack(row)
            sizes[check >> self._shift] += 1
            self._check.append(check)
            self._digests += digest
            self._expiry.append(expiry)
            self._scope.append(scope)
            self._reason.append(reason)
        # Where each bucket begins, and at last where all end.
        self._begins = array("I", accumulate(sizes, initial=0))

    def __len__(self) -> int:
        return len(self._check)

    def finder(self, scopes: Iterable[str], at: datetime) -> Callable[[str], int | None]:
        """A function that finds what holds mail to an address key back at that time, the first of these scopes first."""
        known = [scope for scope in scopes if scope in self._scopes]
        ranks = {self._scopes[scope]: rank for rank, scope in enumerate(known)}
        now, count, last = at.timestamp(), len(self), len(ranks)
        # Called for each of a million recipients: all that it uses is a local name, and whose checksum is not here costs no more.
        checks, begins, shift, checksum = self._check, self._begins, self._shift, crc32
        hashed, digests, expiries, held = blake2b, self._digests, self._expiry, self._scope

        def find(address: str) -> int | None:
            encoded = address.encode()
            check = checksum(encoded)
            bucket = check >> shift
            for place in range(begins[bucket], begins[bucket + 1]):
                if checks[place] == check:
                    break
            else:
                return None
            digest = hashed(encoded, digest_size=_DIGEST).digest()
            best, chosen = last, None
            while place < count and checks[place] == check:
                at = place * _DIGEST
                if digests[at : at + _DIGEST] == digest and now < expiries[place]:
                    rank = ranks.get(held[place], last)
                    if rank < best:
                        best, chosen = rank, place
                place += 1
            return chosen

        return find

    def at(self, place: int) -> tuple[str, Reason | None, datetime | None]:
        """Scope, reason and expiry of what was found there."""
        expiry, reason = self._expiry[place], self._reason[place]
        return (
            self._names[self._scope[place]],
            None if reason == _UNKNOWN else _REASONS[reason],
            None if expiry == _FOR_GOOD else datetime.fromtimestamp(expiry, UTC),
        )
