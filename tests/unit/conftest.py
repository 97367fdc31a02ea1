"""What holds for every unit test."""

from collections.abc import Sequence
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """A unit test reaches servers of its own, and no network."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.allow_hosts(["127.0.0.1", "::1", "localhost"]))


@pytest.fixture(autouse=True)
def no_machine_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has no credentials would ask it for them."""
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
