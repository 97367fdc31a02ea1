"""SES's receipt rules, read by its first API, which alone knows them."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.failures import DENIED, code_of
from ses_warden.application.check_inbox import ReceiptRule, RuleSet
from ses_warden.errors import SwitchError


class SesReceiptRules:
    """The `ReceiptRules` port. `client` is boto3's of `ses`, not of `sesv2`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def active(self) -> RuleSet | None:
        """See the port."""
        try:
            answer = self._client.describe_active_receipt_rule_set()
        except ClientError as error:
            code = code_of(error)
            more = "; the right ses:DescribeActiveReceiptRuleSet is missing" if code in DENIED else ""
            raise SwitchError(f"SES did not tell its active receipt rules: {code}{more}") from error
        except BotoCoreError as error:
            raise SwitchError(f"SES did not tell its active receipt rules: {code_of(error)}") from error
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
