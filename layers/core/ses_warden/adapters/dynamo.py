"""What all users of DynamoDB share: which failures pass, what errors become, how the rest of a batch or of a search is had."""

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.failures import DENIED, code_of
from ses_warden.errors import LedgerBusy, LedgerError, RowRefused

# What another try may mend. The SDK retries none of a transaction's own reasons:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
PASSING = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
REFUSALS = frozenset({"ValidationError", "ItemCollectionSizeLimitExceeded", "ValidationException"})
_BUSY = frozenset(
    {
        "InternalServerError",
        "LimitExceededException",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
# The right to read is called as the operation; what writes may need several.
_READS = frozenset({"BatchGetItem", "GetItem", "Query", "Scan"})
TRIES = 10
_LONGEST_PAUSE = 1.5


class Requests:
    """Requests that are made again where DynamoDB left a part of them undone."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep) -> None:
        self._sleep = sleep

    def until_processed(self, operation: Callable[..., Any], request: Any, unprocessed: str) -> Iterator[Any]:
        """Batch calls may leave a part undone under load and say so in their answer: the rest is asked for again."""
        for attempt in range(TRIES):
            if attempt:
                self.pause(attempt)
            answer = call(operation, RequestItems=request)
            yield answer
            request = answer.get(unprocessed)
            if not request:
                return
        raise LedgerBusy(f"DynamoDB left {unprocessed} {TRIES} times")

    def pause(self, attempt: int) -> None:
        """Waits a random while ("full jitter"), so that writers that met do not meet again."""
        self._sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.03 * 2**attempt)))  # noqa: S311  # no secret


def call(operation: Callable[..., Any], **request: Any) -> Any:
    """The answer of DynamoDB; its errors as ours."""
    try:
        return operation(**request)
    except ClientError as error:
        raise translated(error) from error
    except BotoCoreError as error:
        raise LedgerBusy(f"DynamoDB did not answer: {code_of(error)}") from error


def paged(operation: Callable[..., Any], **request: Any) -> Iterator[Any]:
    """The items that a query or scan finds, page by page; errors as `call` has them."""
    while True:
        answer = call(operation, **request)
        yield from answer["Items"]
        if "LastEvaluatedKey" not in answer:
            return
        request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def translated(error: ClientError) -> LedgerError:
    """The message of a ClientError may repeat keys, which are addresses: only its code is passed on."""
    code = code_of(error)
    if code in _BUSY:
        return LedgerBusy(f"DynamoDB is busy: {code}")
    if code in REFUSALS:
        return RowRefused(f"DynamoDB refused a row: {code}")
    if code in DENIED and error.operation_name in _READS:
        where = "the table and its indexes" if error.operation_name == "Query" else "the table"
        missing = f"the right dynamodb:{error.operation_name} on {where} is missing, or kms:Decrypt on its key"
        return LedgerError(f"DynamoDB refused a request: {code}; {missing}")
    if code == "ResourceNotFoundException":
        return LedgerError(f"DynamoDB refused a request: {code}; this account has no such table or index in this Region")
    return LedgerError(f"DynamoDB refused a request: {code}")
