"""What a look at a deployed pipeline sees, before anybody judges it: plain facts of the services, by their own words."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from ses_warden.domain.findings import Finding, Standing


@dataclass(frozen=True, slots=True)
class Blueprint:
    """What a stack should be made of.

    `named` are its outputs and parameters by their names in the template, `resources` the physical ids by logical ids; None where
    nobody may ask for them. `since` is when the stack was made: mail from before is none of its.
    """

    stack: str
    named: Mapping[str, str]
    resources: Mapping[str, str] | None = None
    since: datetime | None = None

    def of(self, name: str, otherwise: str = "") -> str:
        """An output or parameter."""
        return self.named.get(name) or otherwise

    def number(self, name: str, otherwise: int) -> int:
        """A parameter that is a number."""
        value = self.of(name)
        return int(value) if value.isdecimal() else otherwise

    def resource(self, logical: str) -> str:
        """A physical id; empty where the stack has no such resource, or nobody may ask."""
        return (self.resources or {}).get(logical, "")

    @property
    def anchor(self) -> str:
        """The ARN of one of its topics, which tells partition, Region and account; empty where none is named."""
        return self.of("FeedbackTopicArn") or self.of("ActivityTopicArn") or self.of("AlertTopicArn")

    def sets(self) -> Iterator[str]:
        """The configuration sets whose events are recorded, each once."""
        main = self.of("ExistingConfigurationSetName") or self.of("ConfigurationSetName")
        further = (self.of(f"AdditionalConfigurationSet{number}") for number in (1, 2, 3))
        yield from dict.fromkeys(name for name in (main, *further) if name)


class ConfigurationSet(NamedTuple):
    """A configuration set. `suppressed` is None where the account's own setting holds."""

    sends: bool
    suppressed: frozenset[str] | None


class Destination(NamedTuple):
    """An event destination; `types` by SES's API, such as `RENDERING_FAILURE`; `topic` is empty where it is none."""

    name: str
    enabled: bool
    types: frozenset[str]
    topic: str


class Topic(NamedTuple):
    """A topic: its policy (JSON), and the key that encrypts it, empty for none."""

    policy: str
    key: str


class Key(NamedTuple):
    """A KMS key. One that AWS manages (`aws`) lets no other service in, whatever its policy."""

    policy: str
    state: str  # None asked: empty
    aws: bool = False


class Subscription(NamedTuple):
    """Who hears of a topic. `arn` is `PendingConfirmation` until they agree."""

    arn: str
    protocol: str
    endpoint: str

    @property
    def is_pending(self) -> bool:
        """Whether it waits for its owner."""
        return not self.arn.startswith("arn:")


class Delivery(NamedTuple):
    """How a subscription is handed its messages."""

    dead_letters: str
    filtered: bool


class Function(NamedTuple):
    """A function. `reserved` is its reserved concurrency, None for none."""

    arn: str
    state: str
    reason: str
    last_update: str
    reserved: int | None


class Source(NamedTuple):
    """An event source mapping; `failures` is the ARN that it gives up to, empty for none."""

    arn: str
    state: str
    last_result: str
    uuid: str = ""
    failures: str = ""


class Target(NamedTuple):
    """Where a rule of EventBridge leads: ARNs of the target and of its queue for what cannot be delivered, empty for none."""

    id: str
    arn: str
    dead_letters: str = ""


class Notification(NamedTuple):
    """A function (its ARN) that S3 tells of events of a bucket's objects, by S3's names for them and by their keys."""

    function: str
    events: frozenset[str]
    prefix: str = ""
    suffix: str = ""


class Queue(NamedTuple):
    """A queue: messages that anybody may take, and those that somebody has taken; its ARN, policy and dead-letter queue."""

    arn: str
    visible: int
    in_flight: int
    policy: str
    dead_letters: str
    key: str = ""


class Alarm(NamedTuple):
    """An alarm of CloudWatch."""

    name: str
    speaks: bool
    actions: bool


class Heap(NamedTuple):
    """Objects that lie in a bucket: so many were listed, and there may be more; the newest and how many are of the last day."""

    listed: int
    more: bool
    fresh: int
    newest: datetime | None


class Account(NamedTuple):
    """SES's account in a Region."""

    sends: bool
    production: bool
    enforcement: str
    suppressed: frozenset[str]


class Identity(NamedTuple):
    """A sender that SES knows, and its default configuration set."""

    name: str
    default_set: str


class Identities(NamedTuple):
    """Those that may send and were looked at; how many were not; and why not, where that was no choice."""

    seen: Sequence[Identity]
    left: int
    why: str = ""


class Point(NamedTuple):
    """A sum of a metric over a period that began then."""

    at: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Traffic:
    """The last day by AWS's own metrics: what SES sent, what bounced or was complained about, what reached the feedback topic."""

    sends: Sequence[Point] = field(default=())
    feedback: Sequence[Point] = field(default=())
    published: Sequence[Point] = field(default=())
    period: timedelta = timedelta(minutes=5)

    def after(self, moment: datetime | None) -> "Traffic":
        """What of it began after a moment, if there is one."""
        if moment is None:
            return self
        sends, feedback, published = (
            [one for one in points if one.at >= moment] for points in (self.sends, self.feedback, self.published)
        )
        return Traffic(sends, feedback, published, self.period)


def many(number: int, one: str, several: str) -> str:
    """A number with its noun and verb, such as `1 message was` and `2 messages were`."""
    return f"{number:,} {one if number == 1 else several}"


def well(code: str, where: str, what: str) -> Finding:
    """Nothing is to be done."""
    return Finding(code, Standing.OK, where, what)


def unknown(code: str, where: str, what: str, mend: str = "", source: str = "") -> Finding:
    """It could not be seen."""
    return Finding(code, Standing.UNKNOWN, where, what, mend, source)


def warn(code: str, where: str, what: str, mend: str, source: str = "") -> Finding:
    """Something is lost, late, or will be."""
    return Finding(code, Standing.WARN, where, what, mend, source)


def broken(code: str, where: str, what: str, mend: str, source: str = "") -> Finding:
    """Events are lost, or nobody acts on them."""
    return Finding(code, Standing.BROKEN, where, what, mend, source)
