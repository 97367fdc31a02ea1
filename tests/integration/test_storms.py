"""The storm breaker: a provider whose directory is down must not silence thousands for good."""

from datetime import timedelta

from ses_warden.domain.storms import LEAST, TIMES_THE_BUSIEST_DAY
from tests.integration.harness import SHARDS, World, event, through_queue

DOMAIN = "provider.example"


def bounces(count: int, label: str = "now", days: float = 1, domain: str = DOMAIN) -> list[str]:
    """Hard bounces of as many people of a domain."""
    return [event("Bounce", f"{label}-{number}", [f"{label}-{number}@{domain}"], days=days) for number in range(count)]


def record(world: World, *batches: list[str]) -> None:
    """Records each batch in another environment, and thus in another shard of the counters."""
    for number, batch in enumerate(batches):
        assert world.environment(shard=number % SHARDS).record(through_queue(*batch)).error is None


def entry(world: World, address: str) -> tuple[str, str | None]:
    """Confidence and expiry of an address's entry."""
    row = world.snapshot().suppression[address, "account"]
    return row["confidence"]["S"], row.get("expires_at", {}).get("S")


def test_a_burst_of_hard_bounces_suppresses_for_a_day_only(world: World) -> None:
    """Those before the burst was seen are suppressed for good, those within it are provisional."""
    record(world, bounces(LEAST), bounces(1, "late"))
    assert entry(world, f"now-0@{DOMAIN}") == ("high", None)
    assert entry(world, f"late-0@{DOMAIN}") == ("low", "2026-11-06T10:30:00Z")


def test_bounces_counted_by_many_environments_are_one_burst(world: World) -> None:
    """Each environment counts in a shard of its own; what they counted together is a burst, also across the full hour."""
    eight = [bounces(4, f"batch-{number}", days=1 - 0.01 * (number % 4)) for number in range(8)]
    record(world, *eight, bounces(1, "late", days=1.01))
    assert entry(world, f"late-0@{DOMAIN}")[0] == "low"


def test_one_bounce_less_is_no_burst(world: World) -> None:
    """A few dozen an hour may be chance."""
    record(world, bounces(LEAST - 1), bounces(1, "late"))
    assert entry(world, f"late-0@{DOMAIN}") == ("high", None)


def test_a_domain_that_always_bounces_has_no_storm(world: World) -> None:
    """A day of the week before with a fifth as many bounces makes this one usual."""
    usual = LEAST // TIMES_THE_BUSIEST_DAY
    record(world, bounces(usual, "before", days=-2), bounces(LEAST), bounces(1, "late"))
    assert entry(world, f"late-0@{DOMAIN}") == ("high", None)


def test_a_storm_of_one_domain_is_not_that_of_another(world: World) -> None:
    """The neighbour's bounces are believed."""
    record(world, bounces(LEAST), bounces(1, "other", domain="elsewhere.example"))
    assert entry(world, "other-0@elsewhere.example") == ("high", None)


def test_a_bounce_delivered_again_during_the_storm_stays_what_it_was(world: World) -> None:
    """What was believed when it came is not doubted because it comes twice."""
    first = bounces(1, "first")
    record(world, first, bounces(LEAST), first)
    assert entry(world, f"first-0@{DOMAIN}") == ("high", None)


def test_a_storm_is_over_two_hours_later(world: World) -> None:
    """The hours of a burst are the bounce's own and the one before."""
    later = 1 + timedelta(hours=2) / timedelta(days=1)
    record(world, bounces(LEAST), bounces(1, "late", days=later))
    assert entry(world, f"late-0@{DOMAIN}") == ("high", None)
