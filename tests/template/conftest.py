"""The template as written, and as deployed at its defaults."""

import pytest

from tests.support.template import Json, load, resolve


@pytest.fixture(scope="session")
def template() -> Json:
    """Return the template as written."""
    return load()


@pytest.fixture(scope="session")
def stack(template: Json) -> Json:
    """Return the template as deployed at its defaults."""
    return resolve(template)
