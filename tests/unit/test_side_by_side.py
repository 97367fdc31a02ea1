"""Reads that go on at the same time."""

from threading import Event

import pytest

from ses_warden.application.side_by_side import side_by_side
from ses_warden.errors import LedgerError


def test_results_come_in_the_order_of_the_tasks() -> None:
    """Whichever is done first."""
    assert side_by_side(lambda task, _: 2 * task, range(5), threads=3) == [0, 2, 4, 6, 8]


def test_one_that_fails_stops_those_before_it_too() -> None:
    """The first would go on for ever, and its result is waited for first."""
    told: list[bool] = []

    def work(task: int, broken_off: Event) -> None:
        if task:
            raise LedgerError("DynamoDB is away")
        told.append(broken_off.wait(20))

    with pytest.raises(LedgerError, match="is away"):
        side_by_side(work, range(2), threads=2)
    assert told == [True]
