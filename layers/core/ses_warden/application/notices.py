"""The words of an alert: what happened, where, on what evidence, what was done, and how to go on."""

from datetime import datetime

from ses_warden.application.guard_ports import Notice, NoticeKind
from ses_warden.domain.counters import ACCOUNT
from ses_warden.domain.guard_states import Action, State

_KINDS = {
    Action.WARN: NoticeKind.WARNED,
    Action.WOULD_PAUSE: NoticeKind.WOULD_PAUSE,
    Action.PAUSED: NoticeKind.PAUSED,
    Action.RESUMED: NoticeKind.RESUMED,
}


def name_of(scope: str) -> str:
    """A scope in words."""
    kind, _, name = scope.partition("/")
    return "the whole account in this Region" if scope == ACCOUNT else f"{kind.replace('-', ' ')} {name}".rstrip()


def notice_of(state: State, now: datetime) -> Notice:
    """The alert that a state still owes."""
    kind = _KINDS[state.untold or Action.WARN]
    return Notice(
        kind=kind,
        scope=state.scope,
        at=now,
        reason=state.reason,
        done=_DONE[kind].format(name=name_of(state.scope)),
        next=_NEXT[kind].format(scope=state.scope),
        by=state.by,
        status=state.status,
        episode=f"{state.scope} {state.status} {state.since:%Y-%m-%dT%H:%M:%SZ}",
    )


_DONE = {
    NoticeKind.WARNED: "Nothing was stopped: {name} still sends.",
    NoticeKind.WOULD_PAUSE: "Nothing was stopped: the guard is on a dry run for {name}, and would have paused it now.",
    NoticeKind.PAUSED: "Sending is paused for {name}: SES refuses further mail (SendingPausedException). The switch was read back.",
    NoticeKind.RESUMED: "Sending is on again for {name}, on probation: mail from now on is counted afresh, with a tighter bound.",
}
_NEXT = {
    NoticeKind.WARNED: """Find the list or the campaign with these addresses and stop it before the guard does.
`ses-warden status` shows how near a pause is.""",
    NoticeKind.WOULD_PAUSE: """Stop the list or campaign with these addresses by hand:
    ses-warden pause {scope} --reason "..."
To let the guard act, set GuardMode, or for the account GuardAccountMode, to active.""",
    NoticeKind.PAUSED: """Nothing resumes by itself. Find the list with the bad addresses and take it out; then
    ses-warden resume {scope} --reason "..."
which counts afresh with a tighter bound. Step by step: docs/runbook.md, "Sending was paused: what now".""",
    NoticeKind.RESUMED: """If nobody meant to do that, stop it:
    ses-warden pause {scope} --reason "..."
A deployment tool that sets SendingEnabled is the usual cause.""",
}


def failure_notice(state: State, error: str, now: datetime) -> Notice:
    """The alert that a pause is due and could not be carried out."""
    return Notice(
        kind=NoticeKind.NOT_PAUSED,
        scope=state.scope,
        at=now,
        reason=state.reason,
        done=f"The pause FAILED, and {name_of(state.scope)} still sends: {error}. The guard tries again each minute.",
        next=f"Stop it by hand: {_by_hand(state.scope)}",
        by=state.by,
        status=state.status,
        episode=f"{state.scope} {state.status} failure {state.failures} {state.since:%Y-%m-%dT%H:%M:%SZ}",
    )


def _by_hand(scope: str) -> str:
    kind, _, name = scope.partition("/")
    if scope == ACCOUNT:
        return "aws sesv2 put-account-sending-attributes --no-sending-enabled"
    if kind == "configuration-set":
        command = "aws sesv2 put-configuration-set-sending-options --no-sending-enabled"
        return f"{command} --configuration-set-name {name}"
    return f"the page of tenant {name} in the SES console, or aws sesv2 update-reputation-entity-customer-managed-status"


_MEANINGS = {
    "HEALTHY": "the account is in good standing",
    "PROBATION": "AWS reviews the account; sending goes on, and stops if the cause is not mended in time. AWS wrote to the "
    "address of the account's owner",
    "SHUTDOWN": "AWS stopped the account's sending. No switch of yours lifts that; answer AWS in the Support Center",
}


def enforcement_notice(before: str, after: str, now: datetime) -> Notice:
    """The alert that AWS sees the account differently now."""
    meaning = _MEANINGS.get(after, "a status that SES Warden does not know")
    return Notice(
        kind=NoticeKind.ENFORCEMENT,
        scope=ACCOUNT,
        at=now,
        reason=f"AWS changed the enforcement status of the account from {before} to {after}: {meaning}.",
        done="Nothing was changed by SES Warden.",
        next="See the account dashboard of the SES console and the Support Center "
        "(https://docs.aws.amazon.com/ses/latest/dg/faqs-enforcement.html).",
        by="AWS",
        status=after,
        episode=f"enforcement {before} {after} {now:%Y-%m-%dT%H:%M}",
    )
