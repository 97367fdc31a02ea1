"""What `suppression sync` prints with `--json`."""

from typing import TypedDict

from pydantic import ConfigDict, with_config


@with_config(ConfigDict(extra="forbid", strict=True))
class SyncStep(TypedDict):
    """An address on which the table and SES's list do not agree."""

    address: str
    side: str  # only-here, only-there
    action: str  # add-there, take-in, remove-there; ask: an operator must settle it
    why: str
    spellings: list[str]  # as it stands on SES's list
    reason: str | None  # with which it is put on SES's list: BOUNCE, COMPLAINT


@with_config(ConfigDict(extra="forbid", strict=True))
class SyncSides(TypedDict):
    """How many addresses are refused where; `differs`: by both, for different reasons."""

    only_here: int
    only_there: int
    differs: int
    same: int


@with_config(ConfigDict(extra="forbid", strict=True))
class SyncDone(TypedDict):
    """How many steps were done."""

    add_there: int
    take_in: int
    remove_there: int


@with_config(ConfigDict(extra="forbid", strict=True))
class Synced(TypedDict):
    """What `suppression sync` prints. `drift` are the steps that remain: all of them with `--plan`."""

    authority: str  # whose list is the truth: ses, warden
    here: int  # entries of the table's scope `account`
    there: int  # addresses on SES's list
    sides: SyncSides  # before anything was done
    applied: bool
    done: SyncDone
    drift: list[SyncStep]
