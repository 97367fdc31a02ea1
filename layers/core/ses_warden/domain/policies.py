"""Whether a resource's policy lets a service of AWS in, as far as a policy can be read from outside.

How policies are evaluated: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from typing import Any, NamedTuple, cast

# Statements about all but what they name: rare, and too easily read wrongly.
_ALL_BUT = frozenset({"NotAction", "NotPrincipal", "NotResource"})


class Grant(Enum):
    """What a policy says of a service that acts for an account."""

    NONE = auto()  # no statement allows it
    DENIED = auto()  # a statement denies it
    UNCLEAR = auto()  # it hangs on a condition that cannot be judged from here
    ANYBODY = auto()  # allowed, whichever account the service acts for
    ALLOWED = auto()  # allowed for this account


class Caller(NamedTuple):
    """A service, the account for which it acts, and the resource in whose name (its ARN)."""

    service: str
    account: str
    arn: str


class _Verdict(NamedTuple):
    """Whether a statement's conditions hold, None where that cannot be told; and whether they name the account."""

    holds: bool | None
    bound: bool


def grant(policy: str, caller: Caller, action: str, resource: str) -> Grant:
    """What the policy, a JSON document, says of an action on a resource (an ARN, or `*` in a key's policy)."""
    allowed, may_allow, may_deny = None, False, False
    for statement in _statements(policy):
        verdict = _judge(statement, caller)
        if verdict.holds is False or not _concerns(statement, caller, action, resource):
            continue
        if statement.get("Effect") == "Deny":
            if verdict.holds:
                return Grant.DENIED
            may_deny = True
        elif verdict.holds is None:
            may_allow = True
        elif allowed is not Grant.ANYBODY:
            allowed = Grant.ALLOWED if verdict.bound else Grant.ANYBODY
    if allowed is None:
        return Grant.UNCLEAR if may_allow else Grant.NONE
    return Grant.UNCLEAR if may_deny else allowed


def _statements(policy: str) -> Iterator[Mapping[str, Any]]:
    try:
        document = json.loads(policy)
    except (ValueError, RecursionError):
        return
    found = document.get("Statement", ()) if isinstance(document, dict) else ()
    for one in found if isinstance(found, list) else [found]:
        if isinstance(one, dict):
            yield cast("Mapping[str, Any]", one)


def _concerns(statement: Mapping[str, Any], caller: Caller, action: str, resource: str) -> bool:
    if statement.keys() & _ALL_BUT:
        return True
    principal = statement.get("Principal")
    named = _words(principal.get("Service")) + _words(principal.get("AWS")) if isinstance(principal, dict) else _words(principal)
    return (
        any(name in (caller.service, "*") for name in named)
        and any(_like(pattern.lower(), action.lower()) for pattern in _words(statement.get("Action")))
        and any(_like(pattern, resource) or pattern == "*" for pattern in _words(statement.get("Resource", "*")))
    )


def _judge(statement: Mapping[str, Any], caller: Caller) -> _Verdict:
    conditions = statement.get("Condition")
    verdicts: list[bool | None] = []
    bound = False
    for operator, keys in conditions.items() if isinstance(conditions, dict) else ():
        for key, values in keys.items() if isinstance(keys, dict) else ():
            verdicts.append(_holds(str(operator).lower(), str(key).lower(), _words(values), caller))
            bound = bound or any(caller.account in value for value in _words(values))
    if False in verdicts:
        return _Verdict(holds=False, bound=bound)
    unclear = None in verdicts or bool(statement.keys() & _ALL_BUT)
    return _Verdict(holds=None if unclear else True, bound=bound)


def _holds(operator: str, key: str, values: list[str], caller: Caller) -> bool | None:
    # Services of AWS come over TLS. The key SourceOwner is not one that SES is known to send.
    known = {"aws:sourceaccount": caller.account, "aws:sourcearn": caller.arn, "aws:securetransport": "true"}
    if key not in known:
        return None
    match operator.removesuffix("ifexists"):
        case "stringequals" | "stringequalsignorecase" | "bool":
            return known[key] in [value.lower() for value in values] or known[key] in values
        case "stringlike" | "arnlike" | "arnequals":
            return any(_like(value, known[key]) for value in values)
        case "stringnotequals" | "stringnotlike" | "arnnotlike" | "arnnotequals":
            return not any(_like(value, known[key]) for value in values)
        case _:
            return None


def _words(value: object) -> list[str]:
    """Policies write one value plain, and several as a list."""
    if isinstance(value, list):
        return [str(one) for one in value]
    return [] if value is None else [str(value)]


def _like(pattern: str, text: str) -> bool:
    parts = ("." if part == "?" else ".*" if part == "*" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None
