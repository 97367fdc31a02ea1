"""SES's Virtual Deliverability Manager: whether it is on, and what it costs beside us."""

from dataclasses import dataclass
from typing import Final

# docs/costs.md, tables "items" and "fixed" (a test holds them together): full history in batches, one configuration set.
OURS_A_THOUSAND: Final = 0.0090
OURS_A_MONTH: Final = 13.98
# À la carte, for the first ten million mails a month; queries come on top, at a price that was not found (docs/costs.md).
VDM_A_THOUSAND: Final = 0.07
VDM_KNOWN_UP_TO: Final = 10_000_000
_INCLUDED: Final = ("ESSENTIALS", "PRO", "ENTERPRISE")


@dataclass(frozen=True, slots=True)
class Vdm:
    """Its switches in the account, and those of the stack's configuration set, which override them; None where SES says nothing."""

    enabled: bool
    engagement: bool | None = None
    shared_delivery: bool | None = None
    plan: str = ""  # NONE, ESSENTIALS, PRO, ENTERPRISE; empty where SES does not say


@dataclass(frozen=True, slots=True)
class SetVdm:
    """What the stack's configuration set says of its own."""

    name: str
    engagement: bool | None
    shared_delivery: bool | None


@dataclass(frozen=True, slots=True)
class Bill:
    """Estimates in US dollars for a month of so many mails. `vdm` is None beyond what is known; `included`: the plan has VDM."""

    mails: int
    vdm: float | None
    ours: float
    included: bool


def bill(mails: int, plan: str = "") -> Bill:
    """What VDM and SES Warden cost for so many mails a month."""
    vdm = mails / 1000 * VDM_A_THOUSAND if mails <= VDM_KNOWN_UP_TO else None
    return Bill(mails, vdm, OURS_A_MONTH + mails / 1000 * OURS_A_THOUSAND, plan in _INCLUDED)
