"""The template as written, and as deployed at its defaults."""

import pytest

from tests.support.template import Json, load, resolve


@pytest.fixture(scope="session")
def template() -> Json:
    return load()


@pytest.fixture(scope="session")
def stack(template: Json) -> Json:
    return resolve(template)
