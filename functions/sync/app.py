"""Compares the suppression table with SES's list each day; the difference is a metric, and on request what is safe is settled."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ses_warden.adapters.sync_metrics import emit_sync
from ses_warden.bootstrap.sync_function import watch
from ses_warden.errors import Sandboxed

logger = Logger()


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """One run; its counts. Raises where a list could not be read, and where what should be settled was not: an alarm hears it."""
    try:
        watched = watch().look(lambda: context.get_remaining_time_in_millis() / 1000)
    except Sandboxed as sandbox:
        logger.warning("nothing to compare", extra={"reason": str(sandbox)})
        return {}
    if watched is None:
        logger.info("switched off")
        return {}
    emit_sync(watched)
    drift = watched.drift
    counts = {
        "here": watched.here,
        "there": watched.there,
        "only_here": drift.only_here,
        "only_there": drift.only_there,
        "differs": drift.differs,
        "unclear": drift.unclear,
        **{action.value.replace("-", "_"): count for action, count in watched.done.items()},
    }
    logger.info("compared", extra=counts)
    if watched.error:
        raise watched.error
    return counts
