"""Sends, deliveries, opens, clicks and delays: SQS brings them in batches of up to 1,000."""

import gc

gc.disable()  # to look for garbage amid the imports costs a tenth of a cold start and finds none

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ses_warden.adapters.metrics import emit
from ses_warden.adapters.responses import BatchResponse, batch_response
from ses_warden.bootstrap.recording import services

logger = Logger()
gc.freeze()
gc.enable()


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> BatchResponse:
    """Records the events and names the records that failed, so that SQS delivers those alone again."""
    outcome = services().record(event)
    emit(outcome)
    if outcome.error:
        logger.warning("events will be delivered again", extra={"records": len(outcome.failed), "reason": str(outcome.error)})
    return batch_response(outcome)
