"""What holds for every test."""

import pytest


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """However wide the terminal is in which the tests are run: tables are as in a file."""
    monkeypatch.delenv("COLUMNS", raising=False)
