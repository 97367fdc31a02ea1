"""Narrower scopes before wider ones: tenants, configuration sets, the account. Whose mail is held against whom. Pure."""

from collections.abc import Callable, Iterable, Iterator

from ses_warden.domain.counters import ACCOUNT
from ses_warden.domain.guard_states import State, Status
from ses_warden.domain.rates import Outcomes

# So many failures to throw a switch, and the wider scope is no longer spared.
HOPELESS = 5


def width(scope: str) -> int:
    """How much of the account's mail a scope may be: 0 for tenants, 2 for the account."""
    return 2 if scope == ACCOUNT else 1 if scope.startswith("configuration-set/") else 0


def narrowest_first(scope: str) -> tuple[int, str]:
    """The order in which scopes are guarded: a wider one is spared where a narrower one is paused for the same mail."""
    return width(scope), scope


def widest_first(scope: str) -> tuple[int, str]:
    """The order in which people read them."""
    return -width(scope), scope


def is_off(state: State) -> bool:
    """Whether a scope is paused, or will be soon: a pause that fails again and again excuses nobody."""
    return state.status is Status.PAUSED or (state.status is Status.PAUSING and state.failures < HOPELESS)


def weighs(state: State) -> bool:
    """Whether a scope's own mail must not be held against wider scopes."""
    return is_off(state) or state.counting_from is not None


def narrower(scope: str, states: Iterable[State], drill: str | None = None) -> Iterator[State]:
    """The states of narrower scopes. The scope of fire drills has its mail to itself: it is in no other's, nor theirs in its."""
    if scope == drill:
        return iter(())
    return (other for other in states if width(other.scope) < width(scope) and other.scope != drill)


def spoken_for(
    scope: str, states: Iterable[State], cohorts: Callable[[str], Iterable[Outcomes]], drill: str | None = None
) -> Iterator[Outcomes]:
    """The mail of narrower scopes that were paused for it: the wider one is not paused for the same mail again.

    Which tenants use a configuration set is not counted, so that each paused tenant's mail is taken off every set: that errs
    towards sending, and AWS's own rate of the set still speaks.
    """
    for other in narrower(scope, states, drill):
        if weighs(other):
            until = None if is_off(other) else other.counting_from
            yield from (one for one in cohorts(other.scope) if until is None or one.hour <= until)
