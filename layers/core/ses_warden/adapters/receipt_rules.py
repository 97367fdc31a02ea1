"""SES's receipt rules, read by its first API, which alone knows them."""

from collections.abc import Mapping
from typing import Any

from ses_warden.adapters.looking import look_at
from ses_warden.application.check_inbox import ReceiptRule, RuleSet


class SesReceiptRules:
    """The `ReceiptRules` port. `client` is boto3's of `ses`, not of `sesv2`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def active(self) -> RuleSet | None:
        """See the port."""
        answer = look_at("ses:DescribeActiveReceiptRuleSet", self._client.describe_active_receipt_rule_set)
        name = answer.get("Metadata", {}).get("Name")
        return RuleSet(name, tuple(map(_rule, answer.get("Rules", ())))) if name else None


def _rule(rule: Mapping[str, Any]) -> ReceiptRule:
    actions = rule.get("Actions", ())
    stores = [action["S3Action"] for action in actions if "S3Action" in action]
    return ReceiptRule(
        name=rule["Name"],
        enabled=rule.get("Enabled", False),
        recipients=tuple(rule.get("Recipients", ())),
        stores=tuple((store["BucketName"], store.get("ObjectKeyPrefix", "")) for store in stores),
        stops=any("StopAction" in action for action in actions),
    )
