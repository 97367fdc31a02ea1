"""Whether a resource's policy lets a service of AWS in, as far as a policy can be read from outside.

How policies are evaluated: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from enum import Enum, auto
from itertools import zip_longest
from typing import Any, Final, NamedTuple, cast


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
    """Whether a statement's conditions hold, None where that cannot be told; and whether they name the account, or the resource."""

    holds: bool | None
    bound: bool


def grant(policy: str, caller: Caller, action: str, resource: str) -> Grant:
    """What the policy, a JSON document, says of an action on a resource (an ARN, or `*` in a key's policy)."""
    allowed, may_allow, may_deny = None, False, False
    for statement in _statements(policy):
        verdict = _judge(statement.get("Condition"), caller)
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
    return (
        _concerns_one(statement, "Principal", lambda value: _names(value, caller))
        and _concerns_one(
            statement, "Action", lambda value: any(_like(pattern.lower(), action.lower()) for pattern in _words(value))
        )
        # A key's policy speaks of the key itself, by `*` or by its ARN.
        and (
            resource == "*" or _concerns_one(statement, "Resource", lambda value: any(_is(one, resource) for one in _words(value)))
        )
    )


def _concerns_one(statement: Mapping[str, Any], element: str, matches: Callable[[object], bool]) -> bool:
    """Whether an element names it, or its opposite, such as `NotAction`, does not."""
    if element in statement:
        return matches(statement[element])
    return f"Not{element}" in statement and not matches(statement[f"Not{element}"])


def _names(principal: object, caller: Caller) -> bool:
    """Whether the principal is the caller, or everybody; services are of no account."""
    named = _words(principal.get("Service")) + _words(principal.get("AWS")) if isinstance(principal, dict) else _words(principal)
    return any(name in (caller.service, "*") for name in named)


def _is(pattern: str, resource: str) -> bool:
    return pattern == "*" or _like(pattern, resource)


def _judge(conditions: object, caller: Caller) -> _Verdict:
    verdicts: list[bool | None] = []
    bound = False
    for operator, keys in conditions.items() if isinstance(conditions, dict) else ():
        for key, values in keys.items() if isinstance(keys, dict) else ():
            verdicts.append(_holds(str(operator).lower(), str(key).lower(), _words(values), caller))
            # A bucket's ARN names no account.
            bound = bound or any(caller.account in value or value == caller.arn for value in _words(values))
    if False in verdicts:
        return _Verdict(holds=False, bound=bound)
    return _Verdict(holds=None if None in verdicts else True, bound=bound)


def _holds(operator: str, key: str, values: list[str], caller: Caller) -> bool | None:
    # Services of AWS come over TLS. The key SourceOwner is not one that SES is known to send.
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    known = {
        "aws:sourceaccount": caller.account,
        "aws:sourcearn": caller.arn,
        "aws:securetransport": "true",
        "aws:principalisawsservice": "true",
        "aws:principalservicename": caller.service,
    }
    if key not in known:
        return None
    plain = operator.removesuffix("ifexists")
    if plain == "null":
        return "true" not in [value.lower() for value in values]
    same = _SAME.get(plain.replace("not", "", 1) if "not" in plain else plain)
    if same is None:
        return None
    return any(same(value, known[key]) for value in values) is not ("not" in plain)


def _words(value: object) -> list[str]:
    """Policies write one value plain, and several as a list."""
    if isinstance(value, list):
        return [str(one) for one in value]
    return [] if value is None else [str(value)]


def _like(pattern: str, text: str) -> bool:
    parts = ("." if part == "?" else ".*" if part == "*" else re.escape(part) for part in re.split(r"([*?])", pattern))
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _like_arn(pattern: str, arn: str) -> bool:
    """Part by part: a star does not reach over a colon. What is missing at the end is anything.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
    """
    return all(_like(one, other) for one, other in zip_longest(pattern.split(":", 5), arn.split(":", 5), fillvalue="*"))


_SAME: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "stringequals": str.__eq__,
    "stringequalsignorecase": lambda value, text: value.lower() == text.lower(),
    "bool": lambda value, text: value.lower() == text,
    "stringlike": _like,
    "arnlike": _like_arn,
    "arnequals": _like_arn,
}
