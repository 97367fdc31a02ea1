"""The evidence: what it promises, worked out exactly and not by simulation; and the benchmark's twin of the rule."""

import math

import numpy as np
import pytest

from benchmarks.guard_exact import RESTARTS, reached
from benchmarks.guard_twin import Rule, disagreements
from ses_warden.domain.evidence import alternatives, evidence, fewest, lower_bound, wilson
from ses_warden.domain.rates import BOUNCES, COMPLAINTS, Limits


def test_the_evidence_is_the_averaged_likelihood_ratio() -> None:
    """Against binomial likelihoods written out."""
    rates = alternatives(0.04, 10)
    weights = [rate**-0.5 / sum(one**-0.5 for one in rates) for rate in rates]
    ratio = sum(w * (q / 0.04) ** 7 * ((1 - q) / 0.96) ** 53 for w, q in zip(weights, rates, strict=True))

    assert evidence(0.04, 10).log_odds(7, 60) == pytest.approx(math.log(ratio))
    assert rates[0] == pytest.approx(0.05)
    assert rates[-1] == pytest.approx(0.4)


def test_no_evidence_is_expected_at_the_limit() -> None:
    """The average over all outcomes is exactly one there, and less below: a martingale, and a supermartingale."""
    test = evidence(0.04, 10)

    def expected(rate: float) -> float:
        return sum(
            math.comb(80, bad) * rate**bad * (1 - rate) ** (80 - bad) * math.exp(test.log_odds(bad, 80)) for bad in range(81)
        )

    assert expected(0.04) == pytest.approx(1)
    assert expected(0.03) < 1


@pytest.mark.parametrize("outcomes", [0, 4, 5, 17, 300, 9_999, 60_000])
@pytest.mark.parametrize("needed", [math.log(270), math.log(3_700)])
def test_fewest_is_the_border(outcomes: int, needed: float) -> None:
    """So many bad ones are enough, and one fewer are not."""
    test = evidence(0.04, 10)
    bad = fewest(test, outcomes, needed, 5)

    assert bad == outcomes + 1 or test.enough(bad, outcomes, needed, 5)
    assert not test.enough(bad - 1, outcomes, needed, 5)


@pytest.mark.parametrize(("limits", "window"), [(BOUNCES, 10_000), (COMPLAINTS, 50_000)])
def test_a_count_at_the_limit_is_paused_no_oftener_than_promised(limits: Limits, window: int) -> None:
    """Looked at after each outcome: Ville's inequality, which discreteness only makes safer."""
    rule = Rule.of(limits, 0.01, window)

    assert reached(rule.first, limits.pause, window)[-1] <= limits.first_share * 0.01
    assert reached(rule.restart, limits.pause, window)[-1] <= 0.01 / limits.restart_cost


@pytest.mark.parametrize("allowed", [0.0001, 0.001, 0.01, 0.02])
def test_a_sender_at_three_quarters_of_both_limits_is_rarely_paused(allowed: float) -> None:
    """All counts of a month together, each hour's a full window long: a bound for any volume, and both kinds of harm."""
    total = 0.0
    for limits in (BOUNCES, COMPLAINTS):
        rule, healthy = Rule.of(limits, allowed, limits.window), 0.75 * limits.pause
        total += reached(rule.first, healthy, limits.window)[-1] + RESTARTS * reached(rule.restart, healthy, limits.window)[-1]

    assert total <= allowed


def test_the_twin_agrees_with_assess() -> None:
    """The benchmark simulates the rule that is used; it proves it on 10,000 histories, here a few suffice."""
    assert disagreements(np.random.default_rng(7), 300) == 0


@pytest.mark.parametrize(("bad", "outcomes"), [(12, 70), (60, 1_000), (400, 9_000), (20, 20), (8, 4_000)])
def test_the_bound_is_where_the_evidence_ends(bad: int, outcomes: int) -> None:
    """Any lower limit would be refuted, and no higher one."""
    needed = math.log(270)
    bound = lower_bound(bad, outcomes, 10, needed)

    assert 0 < bound < bad / outcomes
    assert evidence(bound * 0.99, 10).log_odds(bad, outcomes) > needed
    assert evidence(bound * 1.01, 10).log_odds(bad, outcomes) < needed


@pytest.mark.parametrize("bad", [0, 2])
def test_with_hardly_a_bad_outcome_the_bound_is_nought(bad: int) -> None:
    """Ten times a limit, however low, is then no better an explanation."""
    assert lower_bound(bad, 500, 10, math.log(270)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("bad", "outcomes", "low", "high"),
    # Wilson's interval at 95 %, as Brown, Cai and DasGupta tabulate it for small samples (2001).
    [(0, 0, 0.0, 1.0), (0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (1, 20, 0.0089, 0.2361)],
)
def test_wilson(bad: int, outcomes: int, low: float, high: float) -> None:
    """The interval of a single look."""
    assert list(wilson(bad, outcomes, 1.96)) == pytest.approx([low, high], abs=5e-4)
