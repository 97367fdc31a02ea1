"""Looks at SES's identities, one a second, and says where their bounces and complaints go."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from ses_warden.application.look_at_account import SendMetric
from ses_warden.domain.findings import Finding, Standing
from ses_warden.domain.identities import Identity
from ses_warden.domain.sending_identities import Seen, Topics, judge
from ses_warden.domain.vdm import Bill, SetVdm, Vdm, bill
from ses_warden.errors import IdentityError, MetricsError, NoIdentity, RightMissing

PERIOD = timedelta(days=30)
ENOUGH_REFUSALS = 3


class Listed(NamedTuple):
    """An identity as SES lists it."""

    name: str
    is_domain: bool


class Identities(Protocol):
    """What SES knows of its identities in one Region. Each method raises `IdentityError`, a missing right is `RightMissing`."""

    def listed(self) -> Iterator[Listed]:
        """All of them, in SES's order."""
        ...

    def identity(self, name: str) -> Identity:
        """One of them; raises `NoIdentity` where there is none."""
        ...

    def topics(self, names: Sequence[str]) -> Mapping[str, Topics]:
        """The identities' own topics; one that is not there is left out."""
        ...

    def feedback_topics(self, configuration_set: str) -> frozenset[str]:
        """The topics to which the set publishes bounces and complaints, both of them; `NoIdentity` where there is no such set."""
        ...

    def vdm(self) -> Vdm:
        """The account's switches."""
        ...

    def set_vdm(self, configuration_set: str) -> SetVdm:
        """The set's own; `NoIdentity` where there is no such set."""
        ...


@dataclass(frozen=True, slots=True)
class Own:
    """What belongs to the stack: empty where it could not be found, and then `unknown` says why."""

    feedback_topic: str = ""
    configuration_set: str = ""
    unknown: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VdmSeen:
    """VDM as far as it could be seen; None is what could not."""

    account: Vdm | None = None
    own_set: SetVdm | None = None
    bill: Bill | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was seen. `not_looked_at` counts identities beyond the limit."""

    own: Own
    identities: tuple[Seen, ...]
    findings: tuple[Finding, ...]
    not_looked_at: int
    vdm: VdmSeen


type Progress = Callable[[int, int], None]


def look_at_identities(ses: Identities, metric: SendMetric, own: Own, now: datetime, *, limit: int, progress: Progress) -> Look:
    """Looks at up to `limit` identities; `progress` is told how many of how many are done.

    Raises `IdentityError` where SES does not even list them; whatever else cannot be asked is an unknown of its own.
    """
    listed = list(ses.listed())
    looked = listed[:limit]
    seen = _with_topics(ses, _with_details(ses, looked, progress))
    seen = _with_recording(ses, seen, own)
    findings = [finding for one in seen for finding in judge(one, own.feedback_topic)]
    if own.unknown:
        findings.append(Finding("stack.found", Standing.UNKNOWN, "stack", own.unknown))
    vdm, unknown = _vdm(ses, metric, own, now)
    return Look(own=own, identities=tuple(seen), findings=(*findings, *unknown), not_looked_at=len(listed) - len(looked), vdm=vdm)


def _with_details(ses: Identities, looked: Sequence[Listed], progress: Progress) -> list[Seen]:
    """Asks for each. Where the first few are refused for want of a right, the others would be too, a second each."""
    seen: list[Seen] = []
    refused: list[str] = []
    for number, one in enumerate(looked, 1):
        if len(refused) == ENOUGH_REFUSALS:
            seen.append(_unseen(one, refused[0]))
        else:
            try:
                seen.append(Seen(name=one.name, is_domain=one.is_domain, identity=ses.identity(one.name)))
            except IdentityError as error:
                seen.append(_unseen(one, f"{error}."))
                if isinstance(error, RightMissing) and number <= ENOUGH_REFUSALS:
                    refused.append(f"{error}.")
        progress(number, len(looked))
    return seen


def _unseen(one: Listed, why: str) -> Seen:
    return Seen(name=one.name, is_domain=one.is_domain, unknown=(why,))


def _with_topics(ses: Identities, seen: list[Seen]) -> list[Seen]:
    if not seen:
        return seen
    try:
        topics = ses.topics([one.name for one in seen])
    except IdentityError as error:
        return [replace(one, unknown=(*one.unknown, f"{error}.")) for one in seen]
    return [replace(one, topics=topics.get(one.name, Topics())) for one in seen]


def _with_recording(ses: Identities, seen: Sequence[Seen], own: Own) -> list[Seen]:
    """Says of each whether its default configuration set publishes to us. Without the stack nobody knows which topic is ours."""
    if not own.feedback_topic:
        return list(seen)
    sets = {one.identity.configuration_set for one in seen if one.identity is not None} - {""}
    standings = {"": _Standing(recorded=False), **{name: _standing(ses, name, own.feedback_topic) for name in sorted(sets)}}
    return [one if one.identity is None else standings[one.identity.configuration_set].of(one) for one in seen]


class _Standing(NamedTuple):
    recorded: bool | None = None
    exists: bool = True
    unknown: str = ""

    def of(self, one: Seen) -> Seen:
        unknown = (*one.unknown, self.unknown) if self.unknown else one.unknown
        return replace(one, recorded=self.recorded, set_exists=self.exists, unknown=unknown)


def _standing(ses: Identities, name: str, topic: str) -> _Standing:
    try:
        return _Standing(recorded=topic in ses.feedback_topics(name))
    except NoIdentity:
        return _Standing(recorded=False, exists=False)
    except IdentityError as error:
        return _Standing(unknown=f"{error}.")


def _vdm(ses: Identities, metric: SendMetric, own: Own, now: datetime) -> tuple[VdmSeen, list[Finding]]:
    unknown: list[Finding] = []

    def ask[T](where: str, question: Callable[[], T]) -> T | None:
        try:
            return question()
        except (IdentityError, MetricsError) as error:
            unknown.append(Finding("vdm.asked", Standing.UNKNOWN, where, f"{error}."))
            return None

    account = ask("account", ses.vdm)
    own_set = ask(own.configuration_set, lambda: ses.set_vdm(own.configuration_set)) if own.configuration_set else None
    mails = ask("account", lambda: round(sum(metric.sent(now - PERIOD, now).values())))
    costs = None if mails is None else bill(mails, account.plan if account else "")
    return VdmSeen(account=account, own_set=own_set, bill=costs), unknown
