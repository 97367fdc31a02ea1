"""Looks at the account and its domains each day, and tells what changed."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ses_warden.adapters.audit_metrics import emit_audit
from ses_warden.bootstrap.auditing import daily_round
from ses_warden.bootstrap.watching import watch_todays_account
from ses_warden.domain.findings import is_bad
from ses_warden.errors import AuditError

logger = Logger()


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """The account, then a round of the domains. Raises where something is left undone, so that it shows and is tried again."""
    account = watch_todays_account()
    facts = [f"{one.name}: {one.before} -> {one.after}" for one in account.moved]
    looked = {"changed": facts, "bad": [one.code for one in account.changes.bad], "errors": [str(one) for one in account.errors]}
    logger.info("watched the account", extra=looked)
    found = daily_round(lambda: context.get_remaining_time_in_millis() / 1000)
    emit_audit(found)
    for audit in found.audits:
        bad = [f"{one.standing.value} {one.code} {one.where}" for one in audit.findings if is_bad(one)]
        logger.info("audited", extra={"domain": audit.domain, "findings": len(audit.findings), "bad": bad})
    if found.left:
        logger.warning("not all domains were looked at; others come the next day", extra={"left": found.left})
    if errors := [*account.errors, *found.errors]:
        raise AuditError("; ".join(str(error) for error in errors))
    told = sum(map(bool, found.watched.changes.values()))
    return {"audited": len(found.audits), "left": found.left, "told": told, "account_told": int(bool(account))}
