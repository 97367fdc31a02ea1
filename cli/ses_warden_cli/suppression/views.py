"""Entries for people and for scripts."""

from collections.abc import Sequence
from datetime import datetime

from rich.table import Table

from ses_warden.application.ports import Deed
from ses_warden.domain.entries import Entry, blocks, explain
from ses_warden.domain.pseudonyms import is_pseudonym
from ses_warden.domain.reconciliation import Listed
from ses_warden.domain.text import clean
from ses_warden_cli import show
from ses_warden_cli.suppression import shapes


def held(entry: Entry, now: datetime) -> shapes.Held:
    """An entry for scripts."""
    return shapes.Held(
        address=entry.address,
        scope=entry.scope,
        state=entry.state.value,
        holds=blocks(entry, now),
        reason=entry.reason.value if entry.reason else None,
        confidence=entry.confidence.value if entry.confidence else None,
        since=show.iso(entry.since),
        last_seen=show.iso(entry.last_seen),
        expires_at=show.iso(entry.expires_at),
        words=clean(explain(entry), 1000),
        forgotten=is_pseudonym(entry.address),
    )


def table_of(entries: Sequence[Entry]) -> Table:
    """Entries for people."""
    table = Table(box=None, pad_edge=False)
    for name in ("address", "scope", "state", "since (UTC)", "until (UTC)", "why"):
        table.add_column(name)
    for one in entries:
        until = "for good" if one.state == "suppressed" and not one.expires_at else show.at(one.expires_at)
        texts = (one.address, one.scope, one.state.value, show.at(one.since), until, one.reason or "")
        table.add_row(*(show.plain(text) for text in texts))
    return table


def shown(
    address: str, entries: Sequence[Entry], deeds: Sequence[Deed], listed: Sequence[Listed] | None, now: datetime
) -> shapes.Shown:
    """All that is known of an address, for scripts."""
    proofs = sorted(fact for entry in entries for fact in entry.evidence)
    return shapes.Shown(
        address=address,
        holds=any(blocks(one, now) for one in entries),
        entries=[held(one, now) for one in entries],
        evidence=[
            shapes.Proof(
                at=str(show.iso(fact.at)),
                message_id=fact.message_id,
                reason=fact.reason.value,
                confidence=fact.confidence.value,
                status=fact.status,
                diagnostic=fact.diagnostic,
            )
            for fact in proofs
        ],
        strikes=[str(show.iso(mark.at)) for entry in entries for mark in entry.strikes],
        audit=[shapes.Act(at=str(show.iso(one.at)), scope=one.scope, act=one.act, by=one.by, note=one.note) for one in deeds],
        on_ses=None
        if listed is None
        else [shapes.OnSes(address=one.address, reason=one.reason, since=str(show.iso(one.at))) for one in listed],
    )


def print_shown(found: shapes.Shown) -> None:
    """All that is known of an address, for people."""
    console = show.console()
    for one in found["entries"] or ():
        state = "expired: " if one["state"] == "suppressed" and not one["holds"] else ""
        who = "forgotten, and known by a hash alone: " if one["forgotten"] else ""
        console.print(show.plain(who + state + one["words"], "red" if one["holds"] else "", limit=1000))
    if not found["entries"]:
        console.print(show.plain("The table knows nothing of it."))
    for fact in found["evidence"]:
        mail = "a mail that was forgotten" if is_pseudonym(fact["message_id"]) else f"mail {fact['message_id']}"
        answer = f" {fact['status']} {fact['diagnostic']}".rstrip()
        text = f"{fact['at']} {fact['reason']} ({fact['confidence']}), {mail}{answer}"
        console.print(show.plain(text, limit=1000, indent=2))
    if any(not is_pseudonym(fact["message_id"]) for fact in found["evidence"]):
        console.print(show.plain("`ses-warden message show MESSAGE_ID` tells what became of a mail.", limit=1000, indent=2))
    for act in found["audit"]:
        console.print(show.plain(f"{act['at']} {act['act']} in {act['scope']} by {act['by']}: {act['note']}", limit=1000, indent=2))
    if found["on_ses"] is not None:
        listed = ", ".join(f"{one['address']} ({one['reason']}, since {one['since']})" for one in found["on_ses"])
        console.print(show.plain(f"SES's own list: {listed or 'not on it'}."))
