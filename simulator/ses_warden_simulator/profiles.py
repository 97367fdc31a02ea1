"""How the recipients of a domain behave: a file of JSON may say it, `docs/simulator.md` shows one."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ses_warden_simulator.errors import SetupError

type Share = Annotated[float, Field(ge=0, le=1)]


class Profile(BaseModel):
    """Shares, from 0 to 1: of addresses (`hard_bounce`: who does not exist never does), of mails the others.

    `late`, `complaint`, `open` are shares of what is delivered, `click` of what is opened.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    hard_bounce: Share = 0.005
    soft_bounce: Share = 0.01
    late: Share = 0.02
    complaint: Share = 0.0003
    open: Share = 0.25
    click: Share = 0.1
    out_of_office: Share = 0.005


# Gmail tells SES of no complaints: https://docs.aws.amazon.com/ses/latest/dg/success-metrics.html
_SILENT = Profile(complaint=0)


class Profiles(BaseModel):
    """The profile of each domain and its subdomains, and of all others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: Profile = Profile()
    domains: dict[Annotated[str, Field(max_length=255)], Profile] = {}

    @model_validator(mode="after")
    def _lower(self) -> Self:
        known = {"gmail.com": _SILENT, "googlemail.com": _SILENT}
        object.__setattr__(self, "domains", {**known, **{name.lower(): profile for name, profile in self.domains.items()}})
        return self

    def of(self, domain: str) -> Profile:
        """The profile of the domain, or of the nearest one above it."""
        while domain:
            if (profile := self.domains.get(domain)) is not None:
                return profile
            domain = domain.partition(".")[2]
        return self.default


def load(path: Path) -> Profiles:
    """Reads a file of profiles; raises `SetupError`."""
    try:
        return Profiles.model_validate_json(path.read_bytes())
    except OSError as error:
        raise SetupError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise SetupError(f"{path} is no file of profiles: {error}") from error
