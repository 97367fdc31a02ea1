"""How a pipeline is looked at: the ports to what the services say, and looks that fail alone."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from ses_warden.application.check_inbox import RuleSet
from ses_warden.domain.findings import Finding
from ses_warden.domain.health import (
    Account,
    Alarm,
    Blueprint,
    ConfigurationSet,
    Delivery,
    Destination,
    Function,
    Heap,
    Identities,
    Key,
    Notification,
    Queue,
    Source,
    Subscription,
    Target,
    Topic,
    Traffic,
    broken,
    unknown,
)
from ses_warden.errors import Absent, Unseen, WardenError

type Judged = Finding | Iterable[Finding]


class SesEyes(Protocol):
    """What SES says of itself, at the one request a second that it takes. All raise `Unseen`."""

    def configuration_set(self, name: str) -> ConfigurationSet | None:
        """A set; None where there is none."""
        ...

    def destinations(self, name: str) -> Sequence[Destination]:
        """Its event destinations."""
        ...

    def account(self) -> Account:
        """The account in this Region."""
        ...

    def identities(self, most: int, progress: Callable[[int], None]) -> Identities:
        """At most so many of the senders that are verified."""
        ...


class Eyes(Protocol):
    """What the other services say of the stack's resources. All raise `Unseen`; None is returned for what is not there."""

    def topic(self, arn: str) -> Topic | None: ...  # noqa: D102 - a word for each would say it twice
    def key(self, key: str) -> Key: ...  # noqa: D102
    def subscriptions(self, topic: str) -> Sequence[Subscription]: ...  # noqa: D102
    def delivery(self, subscription: str) -> Delivery: ...  # noqa: D102
    def function(self, name: str) -> Function | None: ...  # noqa: D102
    def invokers(self, function: str) -> str: ...  # noqa: D102
    def sources(self, function: str) -> Sequence[Source]: ...  # noqa: D102
    def failures(self, function: str) -> str: ...  # noqa: D102
    def rule(self, name: str) -> str | None: ...  # noqa: D102
    def targets(self, rule: str) -> Sequence[Target]: ...  # noqa: D102
    def queue(self, url: str) -> Queue | None: ...  # noqa: D102
    def oldest(self, queue: str, now: datetime) -> float | None: ...  # noqa: D102
    def alarms(self, stack: str) -> Sequence[Alarm]: ...  # noqa: D102
    def quarantine(self, bucket: str, now: datetime) -> Heap: ...  # noqa: D102
    def notifications(self, bucket: str) -> Sequence[Notification]: ...  # noqa: D102
    def receipts(self) -> RuleSet | None: ...  # noqa: D102
    def traffic(self, topic: str, now: datetime) -> Traffic: ...  # noqa: D102


class Records(Protocol):
    """What was recorded. Both raise `Unseen`."""

    def last_event(self, now: datetime) -> datetime | None:
        """When the newest event of the mails of today and yesterday happened."""
        ...

    def sent(self, hours: Sequence[datetime]) -> Mapping[datetime, int]:
        """How many mails that were sent in each of these hours are recorded."""
        ...


class Check(NamedTuple):
    """One look: what it is about, should it fail, and the look itself."""

    code: str
    where: str
    look: Callable[[], Judged]


def needs(error: Unseen) -> str:
    """What opens a look that was refused."""
    if error.right:
        return f"Whoever asks needs the right {error.right}."
    return "No right is missing: ask again, and look at the credentials and the network if it stays so."


def looked(check: Check) -> list[Finding]:
    """What a look comes to; where it could not be had, or what it is about is gone, that is the finding."""
    try:
        judged = check.look()
        return [judged] if isinstance(judged, Finding) else list(judged)
    except Absent as error:
        mend = "It was deleted, or lies in another account or Region. A deployment does not bring back what was deleted by hand."
        return [broken(check.code, check.where, str(error), mend)]
    except Unseen as error:
        return [unknown(check.code, check.where, f"could not be seen: {error}", needs(error))]
    except WardenError as error:
        return [unknown(check.code, check.where, f"could not be seen: {error}")]


def named(plan: Blueprint, code: str, where: str, name: str, look: Callable[[str], Judged]) -> Check:
    """A check of something that an output names; unknown without the name."""
    value = plan.of(name)
    return Check(code, where, lambda: look(value) if value else unnamed(code, where, name))


def unnamed(code: str, where: str, name: str) -> Finding:
    """What to do where neither the stack nor `--use` names a thing."""
    setting = "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name).lstrip("_")
    return unknown(code, where, "could not be seen: it is not named", f"Name it: --use {setting}=…; or name the stack (--stack).")


def no_resources(code: str, where: str) -> Finding:
    """What to do where nobody may ask what the stack is made of."""
    mend = "Whoever asks needs the right cloudformation:ListStackResources; --use names no rules and publishers."
    return unknown(code, where, "could not be seen: what the stack is made of is not known", mend)


def beside(topic: str, service: str, resource: str) -> str:
    """The ARN of another service's resource in the topic's account and Region."""
    _, partition, _, region, account, *_ = topic.split(":")
    return f"arn:{partition}:{service}:{region}:{account}:{resource}"


def queue_arn(topic: str, url: str) -> str:
    """A queue of the topic's account and Region: their names are the last part of their URLs."""
    return beside(topic, "sqs", url.rpartition("/")[2]) if topic and url else ""


def function_arn(topic: str, name: str) -> str:
    """A function of the topic's account and Region, which may be named by its ARN."""
    return name if name.startswith("arn:") else beside(topic, "lambda", f"function:{name}")
