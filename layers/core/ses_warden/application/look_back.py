"""How far back the guard and its reports look, and how what moved since is laid over what was stored."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from ses_warden.application.guard_ports import GuardStore, Look
from ses_warden.domain.cohorts import Change, Rollup
from ses_warden.domain.rates import Thresholds

# Index entries may appear out of order: a transaction is tried for some seconds, the index lags, clocks differ.
OVERLAP = timedelta(minutes=3)
FARTHEST = timedelta(days=1)


def look_back(look: Look | None, now: datetime) -> datetime:
    """Since when changes must be read: from the earliest that no rollup holds yet, a day at most."""
    if look is None:
        return now - FARTHEST
    return max(min(look.unstored or look.at, look.at, now) - OVERLAP, now - FARTHEST)


def lay_over(
    rollups: dict[str, Rollup], changes: Iterable[Change], store: GuardStore, thresholds: Thresholds, now: datetime
) -> set[str]:
    """Lays the changes over what was stored, in place. Returns the scopes of which a whole day had to be read anew.

    Raises `LedgerError` when DynamoDB does not serve it.
    """
    days: set[tuple[str, str]] = set()
    for change in changes:
        day = rollups.setdefault(change.scope, Rollup()).take(change)
        if day:
            days.add((change.scope, day))
    for scope, day in sorted(days):
        rollups[scope].replace_day(day, store.day(scope, day))
    for rollup in rollups.values():
        rollup.compact(now, thresholds.bounces.window, thresholds.complaints.window)
    return {scope for scope, _ in days}
