"""How an account is set: facts of which people hear when they change, although none of them is good or bad by itself.

Volumes are no facts: how much was sent changes all the time.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from ses_warden.domain.account import Account
from ses_warden.domain.findings import Finding, Standing
from ses_warden.domain.text import clean

_GROUP = "fact."
_NONE = "none"
# Shorter than what is remembered of a text: one that was cut there would differ at each look.
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Moved:
    """A fact that is another than at the last look."""

    name: str
    before: str
    after: str


def facts_of(account: Account, where: str) -> list[Finding]:
    """The facts that SES tells, as findings that are fine: so they are remembered like others."""
    return [
        Finding(f"{_GROUP}{name}", Standing.OK, where, clean(text, _LONGEST))
        for name, text in _texts(account).items()
        if text is not None
    ]


def moved(before: Iterable[Finding], after: Iterable[Finding]) -> tuple[Moved, ...]:
    """Which facts differ. One that is new, to us or to SES, or that SES did not tell this time, is no change."""
    old = {one.key: one.what for one in before if is_fact(one)}
    new = [one for one in after if is_fact(one)]
    return tuple(Moved(name_of(one), old[one.key], one.what) for one in new if old.get(one.key, one.what) != one.what)


def remembered(before: Iterable[Finding], after: Iterable[Finding]) -> list[Finding]:
    """The facts for the next look: those of now, and the old ones where SES does not tell them."""
    facts = {one.key: one for one in before if is_fact(one)}
    return list((facts | {one.key: one for one in after if is_fact(one)}).values())


def is_fact(finding: Finding) -> bool:
    """Whether a remembered finding is a fact."""
    return finding.code.startswith(_GROUP)


def name_of(fact: Finding) -> str:
    """What the fact is called."""
    return fact.code.removeprefix(_GROUP)


def _texts(account: Account) -> dict[str, str | None]:
    reasons, review = account.suppressed_reasons, account.review
    return {
        "access": {True: "production", False: "sandbox", None: None}[account.production],
        "review": review.status if review else _NONE,
        "enforcement": account.enforcement,
        "sending": _switch(account.sending),
        "quota a day": _limit(account.quota.day, unlimited=account.quota.unlimited),
        "quota a second": _limit(account.quota.second),
        "suppression": None if reasons is None else ", ".join(sorted(reasons)) or _NONE,
        "validation": account.validation,
        "vdm": account.vdm,
        "vdm engagement": account.vdm_engagement,
        "vdm shared delivery": account.vdm_shared_delivery,
        "ip warm-up": _switch(account.ip_warmup),
        "plan": account.plan,
        "next plan": None if account.plan is None else account.next_plan or _NONE,
    }


def _switch(on: bool | None) -> str | None:  # noqa: FBT001 - a value, no choice of what to do
    return {True: "on", False: "off", None: None}[on]


def _limit(number: float | None, *, unlimited: bool = False) -> str | None:
    if number is None:
        return None
    return "unlimited" if unlimited else f"{number:,.15g}"
