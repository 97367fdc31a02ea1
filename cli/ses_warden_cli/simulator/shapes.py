"""What `simulator` prints with `--json`."""

from typing import TypedDict

from pydantic import ConfigDict, with_config


@with_config(ConfigDict(extra="forbid", strict=True))
class Ready(TypedDict):
    """What `simulator` prints as soon as it answers, on one line; it goes on running then."""

    url: str  # what AWS_ENDPOINT_URL_SESV2 is to be set to
