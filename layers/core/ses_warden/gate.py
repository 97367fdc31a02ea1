"""For programs that send: who must not be mailed. Needs boto3, pydantic and the right to read the suppression table.

    gate = SuppressionGate("my-suppression-table", on_error="raise")
    allowed, refused, unchecked = gate.partition(addresses, scope="configuration-set/newsletter")

README, "Ask before you send", has more.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, get_args

from ses_warden.adapters.gate_reader import DynamoEntryReader
from ses_warden.application.ask_gate import Asking, OnError, Question, ask, ask_one, judge_by_holds, take_holds
from ses_warden.domain.entries import Reason
from ses_warden.domain.snapshots import Holds
from ses_warden.domain.verdicts import Partition, Refusal, Verdict, divide, scopes_of
from ses_warden.errors import LedgerError, UnknownScope

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

__all__ = ["LedgerError", "Partition", "Reason", "Refusal", "Snapshot", "SuppressionGate", "UnknownScope", "Verdict"]


class SuppressionGate:
    """Asks the suppression table whether recipients may be mailed. One gate serves a process, its threads, and what it forks.

    `table`: the stack's output `SuppressionTableName`. `on_error`: what becomes of recipients that the table does not answer for
    when the retries are used up: `"raise"` a `LedgerError`, `"allow"` them, with `checked` false, or `"refuse"` them as `unknown`.
    `workers`: calls at the same time. `consistent`: sees what was written a moment ago, at twice the price. `pseudonym_key`:
    what stands in the key file with which erased addresses were hashed; with it they are found too, by twice as many keys.
    `client`: a boto3 client for DynamoDB, if the default one (Region and credentials as boto3 finds them) does not fit; with
    `max_pool_connections` of `workers`. Only with the default one may a gate be made before a server forks its workers.
    """

    def __init__(
        self,
        table: str,
        *,
        on_error: OnError,
        workers: int = 8,
        consistent: bool = False,
        pseudonym_key: bytes | None = None,
        client: "DynamoDBClient | None" = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if on_error not in get_args(OnError.__value__):
            raise ValueError(f'on_error must be "raise", "allow" or "refuse", not {on_error!r}')
        if workers < 1:
            raise ValueError(f"workers must be at least 1, not {workers}")
        # As the commands read the file: most editors, and `base64`, end it with a line feed, and every hash would be another.
        key = pseudonym_key.strip() if pseudonym_key is not None else None
        if key is not None and not key:
            raise ValueError("pseudonym_key is empty; without one, leave it out")
        self._pseudonym_key = key
        self._clock = clock

        def begin() -> Asking:
            return Asking(DynamoEntryReader(client or _client(workers), table, consistent=consistent), on_error, workers, clock)

        self._begin = begin
        self._process, self._begun = os.getpid(), begin()

    @property
    def _asking(self) -> Asking:
        """In a forked process it begins anew: on its parent's connections each would read answers that the other asked for."""
        if self._process != os.getpid():
            self._begun, self._process = self._begin(), os.getpid()
        return self._begun

    def check(self, address: str, *, scope: str | Iterable[str] = ()) -> Verdict:
        """The verdict on one recipient: in the account, and in each scope named (`tenant/NAME`, …)."""
        return ask_one(self._asking, self._question(scope), _text(address))

    def verdicts(self, addresses: Iterable[str], *, scope: str | Iterable[str] = ()) -> Iterator[Verdict]:
        """A verdict on each recipient, in the order of an iterable of any length, read a few hundred ahead; memory is bounded."""
        return ask(self._asking, self._question(scope), _several(addresses))

    def partition(self, addresses: Iterable[str], *, scope: str | Iterable[str] = ()) -> Partition:
        """Who may be mailed, and the verdicts on the others; who is given twice is told twice."""
        return divide(self.verdicts(addresses, scope=scope))

    def snapshot(self) -> "Snapshot":
        """All that is suppressed now, in memory, for bulk runs. Reads the whole table.

        Raises `LedgerError` whatever `on_error` says: half a list is none.
        """
        taken_at = self._clock()
        return Snapshot(take_holds(self._asking), taken_at, self._pseudonym_key, self._clock)

    def _question(self, scope: str | Iterable[str]) -> Question:
        return Question(scopes_of(scope), self._pseudonym_key)


class Snapshot:
    """Who was suppressed at `taken_at`: asks nobody any more. Some 40 bytes for each entry, no false hits (16-byte digests).

    What was suppressed or released since then it does not know; what expired since then it does. Verdicts name scope, reason and
    expiry; `gate.check` tells the evidence.
    """

    def __init__(self, holds: Holds, taken_at: datetime, pseudonym_key: bytes | None, clock: Callable[[], datetime]) -> None:
        self._holds = holds
        self.taken_at = taken_at
        self._pseudonym_key = pseudonym_key
        self._clock = clock

    def __len__(self) -> int:
        return len(self._holds)

    @property
    def age(self) -> timedelta:
        """How long ago it was taken: when reading the table began."""
        return self._clock() - self.taken_at

    def check(self, address: str, *, scope: str | Iterable[str] = ()) -> Verdict:
        """As the gate's."""
        [verdict] = self.verdicts([address], scope=scope)
        return verdict

    def verdicts(self, addresses: Iterable[str], *, scope: str | Iterable[str] = ()) -> Iterator[Verdict]:
        """As the gate's; expiry is compared with the time of the call."""
        question, now = Question(scopes_of(scope), self._pseudonym_key), self._clock()
        return judge_by_holds(self._holds, question, _several(addresses), now)

    def partition(self, addresses: Iterable[str], *, scope: str | Iterable[str] = ()) -> Partition:
        """As the gate's."""
        return divide(self.verdicts(addresses, scope=scope))


def _several(addresses: Iterable[str]) -> Iterable[str]:
    if isinstance(addresses, str):
        raise TypeError("addresses must be an iterable of texts, not one text; for one address there is check()")
    return map(_text, addresses)


def _text(address: str) -> str:
    if not isinstance(address, str):
        raise TypeError(f"a recipient must be a text, not {type(address).__name__}")
    return address


def _client(workers: int) -> "DynamoDBClient":
    import boto3  # noqa: PLC0415 -- who brings a client of their own need not wait for it
    from botocore.config import Config  # noqa: PLC0415

    # A session of its own: the default one's locks may be held by a thread that a forked process does not have.
    return boto3.Session().client(
        "dynamodb",
        config=Config(
            connect_timeout=2,
            read_timeout=5,
            retries={"mode": "standard", "max_attempts": 4},
            max_pool_connections=max(10, workers),
            # Requests are built by our own code alone and tested against the service model.
            parameter_validation=False,
        ),
    )
