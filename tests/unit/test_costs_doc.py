"""docs/costs.md says what is counted, and what is counted is what DynamoDB charges."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.capacity import read_units, size_of, write_units
from benchmarks.costs import filled
from benchmarks.prices import PRICES
from benchmarks.report import Finding, exit_code

ROOT = Path(__file__).parents[2]


def test_the_tables_are_current() -> None:
    """Counting anew gives the tables of docs/costs.md (in a process of its own, since it stands in for Lambda's environment)."""
    command = [sys.executable, "-m", "benchmarks.costs", "--check"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 -- our own words
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize(
    ("item", "size"),
    [
        ({"key": {"S": "value"}}, 8),
        ({"key": {"S": "ü"}}, 5),
        ({"n": {"N": "1234567890"}}, 7),
        ({"tags": {"SS": ["a=b", "c=d"]}}, 10),
        ({"l": {"L": [{"S": "one"}, {"S": "two"}]}}, 12),
        ({"one": {"S": "1"}, "two": {"S": "2"}}, 8),
    ],
)
def test_an_item_is_as_large_as_its_names_and_values(item: dict[str, dict[str, object]], size: int) -> None:
    """Names and texts in UTF-8; two digits a byte and one more; three bytes a list and one an element."""
    assert size_of(item) == size


@pytest.mark.parametrize(("size", "units"), [(0, 1), (1, 1), (1024, 1), (1025, 2), (2049, 3)])
def test_each_kilobyte_begun_is_a_write_unit(size: int, units: int) -> None:
    """Nothing is written for less than one."""
    assert write_units(size) == units


@pytest.mark.parametrize(("size", "consistent", "units"), [(0, True, 1), (4096, True, 1), (4097, True, 2), (0, False, 0.5)])
def test_what_is_missing_is_read_for_a_unit_too(size: int, consistent: bool, units: float) -> None:
    """Four kilobytes a unit, half of it where a stale answer will do."""
    assert read_units(size, consistent=consistent) == units


@pytest.mark.parametrize(
    ("name", "quantity", "dollars"),
    [("sns_publishes", 2_000_000, 1.0), ("write_units", 1000, 0.000625), ("alarms", 15, 1.5), ("key_requests", 20_000, 0.06)],
)
def test_a_price_is_for_so_many(name: str, quantity: float, dollars: float) -> None:
    """Per million, per thousand, or each."""
    assert PRICES[name].of(quantity) == pytest.approx(dollars)


def test_a_table_takes_the_place_that_bears_its_name() -> None:
    """What stood there before is gone, what stands around it stays."""
    text = "before\n<!-- one -->\nold\n<!-- /one -->\nafter <!-- two -->\n<!-- /two -->"
    assert filled(text, {"one": "| new |"}) == text.replace("old", "| new |")


@pytest.mark.parametrize("text", ["", "<!-- one -->\n<!-- /one -->\n<!-- one -->\n<!-- /one -->"])
def test_a_table_without_exactly_one_place_is_an_error(text: str) -> None:
    """Neither left out nor written twice."""
    with pytest.raises(SystemExit, match="places for the table 'one'"):
        filled(text, {"one": "| new |"})


@pytest.mark.parametrize(
    ("finding", "code"),
    [
        (Finding("at the bar", 9.0, bar=9.0), 0),
        (Finding("above it", 9.01, bar=9.0), 1),
        (Finding("at least", 2.0, bar=2.0, at_least=True), 0),
        (Finding("less", 1.99, bar=2.0, at_least=True), 1),
        (Finding("only told", 99.0), 0),
    ],
)
def test_a_missed_bar_ends_the_run_with_one(finding: Finding, code: int) -> None:
    """Bars are the most that may be, or the least."""
    assert exit_code([finding]) == code
