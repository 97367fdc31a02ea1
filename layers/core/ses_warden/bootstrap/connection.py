"""How commands reach a deployed stack: its settings, and clients for its account."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError

from ses_warden.adapters.stack import caller, function_environment, stack_outputs
from ses_warden.errors import SettingsError

_CLIENT = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "max_attempts": 4})


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the stack is. With `uses` no stack is asked: its settings by the names that its functions have them by."""

    stack: str
    uses: Mapping[str, str] = field(default_factory=dict[str, str])
    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None


class Connection:
    """What commands ask of a stack and of the account that it is in. Its methods raise `SettingsError`."""

    def __init__(self, place: Place) -> None:
        """Asks nobody yet, but for an AWS profile."""
        self.place = place
        try:
            self._session = boto3.Session(profile_name=place.profile, region_name=place.region)
        except BotoCoreError as error:
            raise SettingsError(str(error)) from error

    def client(self, service: str, *, endpoint_url: str | None = None, config: Config = _CLIENT) -> Any:
        """A client for a service of AWS."""
        made: Any = self._session.client  # its stubs take literal names of services only
        try:
            return made(service, endpoint_url=endpoint_url or self.place.endpoint_url, config=config)
        except (BotoCoreError, ValueError) as error:
            raise SettingsError(f"{service}: {error}") from error

    def ses(self, environment: Mapping[str, str] | None = None) -> Any:
        """A client for SES's API version 2: where the stack's functions look for it, which may be a stand-in."""
        return self.client("sesv2", endpoint_url=self.place.endpoint_url or (environment or {}).get("AWS_ENDPOINT_URL_SESV2"))

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs by their keys."""
        return stack_outputs(self.client("cloudformation"), self.place.stack)

    def environment(self, function: str, usual: Mapping[str, str] | None = None) -> Mapping[str, str]:
        """The settings of one of the stack's functions, named by its logical id, such as `GuardFunction`.

        Where the place names settings itself these are used, over the `usual` ones.
        """
        if self.place.uses:
            return {**(usual or {}), "POWERTOOLS_SERVICE_NAME": self.place.stack, **self.place.uses}
        output = f"{function}Name"
        name = self.outputs.get(output)
        if not name:
            raise SettingsError(f"the stack {self.place.stack} has no output {output}: it is another one, or an older version")
        return function_environment(self.client("lambda"), name)

    def caller(self) -> str:
        """The ARN of whoever asks."""
        return caller(self.client("sts"))
