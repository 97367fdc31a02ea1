"""Whether mailed DMARC reports reach the bucket: SES's receipt rules, looked at and never changed.

A Region has one active set of receipt rules. Somebody's mail may depend on it, so that nothing here switches one on or off.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Protocol

from ses_warden.domain.findings import Finding, Standing

# As in template.yaml.
INBOX: Final = "inbox/"
_GUIDE = "https://docs.aws.amazon.com/ses/latest/dg/"
_RULES = f"{_GUIDE}receiving-email-receipt-rules-console-walkthrough.html"
_MX = f"{_GUIDE}receiving-email-mx-record.html"


@dataclass(frozen=True, slots=True)
class ReceiptRule:
    """A receipt rule: whom it is for (nobody named is everybody), where it puts mail, and whether rules behind it are left out."""

    name: str
    enabled: bool
    recipients: tuple[str, ...] = ()
    stores: tuple[tuple[str, str], ...] = ()  # bucket and prefix
    stops: bool = False


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A set of receipt rules, in the order in which SES goes through them."""

    name: str
    rules: tuple[ReceiptRule, ...] = ()


class ReceiptRules(Protocol):
    """SES's receipt rules in this Region."""

    def active(self) -> RuleSet | None:
        """The active set; None if there is none. Raises `Unseen`."""
        ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the stack has: its bucket and prefix, the set that its rule is in (empty: it has no rule), and its Region."""

    bucket: str
    prefix: str
    rule_set: str
    region: str


def check_inbox(wanted: Wanted, rules: ReceiptRules) -> Iterator[Finding]:
    """What stands between a report and the bucket, in the order in which it is to be mended. Raises `Unseen`."""
    yield from check_receipt(wanted, rules.active())
    if wanted.rule_set:
        yield Finding(
            "dmarc.inbox.mx",
            Standing.UNKNOWN,
            wanted.region,
            "Whether the report address's domain points at SES is not looked up here.",
            f"Its MX record is: 10 inbound-smtp.{wanted.region}.amazonaws.com. SES receives mail in some Regions only, and for "
            "verified domains alone.",
            _MX,
        )


def check_receipt(wanted: Wanted, active: RuleSet | None) -> Iterator[Finding]:
    """What stands between SES and the bucket, by the set of receipt rules that is active."""
    if not wanted.rule_set:
        yield Finding(
            "dmarc.inbox.rule",
            Standing.WARN,
            wanted.bucket,
            "The stack has no receipt rule: reports come in as files alone.",
            f"Deploy with DmarcReportsDomain=the domain of your report address{_naming(active)}.",
            _RULES,
        )
    elif active is None:
        yield Finding(
            "dmarc.inbox.active",
            Standing.BROKEN,
            wanted.region,
            "No set of receipt rules is active in this Region: SES takes no mail.",
            f"Activate the stack's: aws ses set-active-receipt-rule-set --rule-set-name {wanted.rule_set}",
            _RULES,
        )
    elif active.name != wanted.rule_set:
        yield Finding(
            "dmarc.inbox.active",
            Standing.BROKEN,
            wanted.region,
            f"Another set of receipt rules is active, {active.name}; the stack's rule is in {wanted.rule_set}.",
            f"Deploy with ReceiptRuleSetName={active.name}, which adds the rule to it. Do not activate {wanted.rule_set}: "
            "that would switch the others off.",
            _RULES,
        )
    else:
        yield from _check_rule(wanted, active)


def _check_rule(wanted: Wanted, active: RuleSet) -> Iterator[Finding]:
    ours = next((rule for rule in active.rules if (wanted.bucket, wanted.prefix) in rule.stores), None)
    if ours is None:
        yield Finding(
            "dmarc.inbox.rule",
            Standing.BROKEN,
            active.name,
            f"No rule of the active set puts mail into {wanted.bucket}/{wanted.prefix}.",
            "Somebody removed it: deploy the stack with another ReceiptRuleSetName and back, or add the rule by hand.",
            _RULES,
        )
        return
    if not ours.enabled:
        yield Finding(
            "dmarc.inbox.rule", Standing.BROKEN, ours.name, "The rule is disabled.", "Enable it in the SES console.", _RULES
        )
        return
    before = active.rules[: active.rules.index(ours)]
    for rule in before:
        if rule.enabled and rule.stops and _overlap(rule, ours):
            yield Finding(
                "dmarc.inbox.order",
                Standing.BROKEN,
                rule.name,
                f"This rule stands before {ours.name}, is for the same recipients, and ends the evaluation.",
                f"Move {ours.name} before it in the SES console.",
                _RULES,
            )
            return
    yield Finding("dmarc.inbox.rule", Standing.OK, ours.name, f"Mail to {', '.join(ours.recipients)} reaches the bucket.")


def _overlap(one: ReceiptRule, other: ReceiptRule) -> bool:
    """Whether mail to the second's recipients may be for the first: an address, its domain, or `.parent` for subdomains."""
    return not one.recipients or any(_covers(pattern, recipient) for pattern in one.recipients for recipient in other.recipients)


def _covers(pattern: str, recipient: str) -> bool:
    pattern, recipient = pattern.lower(), recipient.lower()
    domain = recipient.rpartition("@")[2]
    return pattern in (recipient, domain) or (pattern.startswith(".") and domain.endswith(pattern))


def _naming(active: RuleSet | None) -> str:
    return f", and ReceiptRuleSetName={active.name}, the set that is active" if active else ""
