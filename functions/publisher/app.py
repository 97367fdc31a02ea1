"""Tells other programs, on the event bus, what became of recipients in the Suppression table."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ses_warden.bootstrap.publishing import announcer

logger = Logger()


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, list[dict[str, str]]]:
    """Answers with the records to deliver again; of a stream, Lambda begins anew at the earliest of them."""
    published = announcer().publish(event["Records"])
    if published.reasons:
        counts = {"again": len(published.failed), "aside": published.aside, "reasons": published.reasons}
        logger.error("not all were told", extra=counts)
    return {"batchItemFailures": [{"itemIdentifier": number} for number in published.failed]}
