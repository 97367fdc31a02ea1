"""Reads the DMARC reports that come into the bucket."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ses_warden.adapters.dmarc_metrics import emit_ingested
from ses_warden.bootstrap.dmarc import ingestion

logger = Logger()


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Raises where another try helps: Lambda makes two, and puts the event into the dead-letter queue then."""
    done = ingestion().ingest(event)
    emit_ingested(done)
    for one in done.refused:
        logger.warning("refused", extra={"trouble": one.trouble, "reason": one.reason, "alerted": done.alerted})
    return {"reports": done.reports, "duplicates": done.duplicates, "refused": len(done.bad), "unread": done.unread}
