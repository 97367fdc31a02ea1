"""What Lambda wants to hear from a function about its records."""

from ses_warden.application.outcome import Outcome

type BatchResponse = dict[str, list[dict[str, str]]]


def batch_response(outcome: Outcome) -> BatchResponse:
    """The records that SQS shall deliver again: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html

    Raises the outcome's error if a record came without a queue that would keep it (SNS): then Lambda tries the invocation again.
    """
    if outcome.error and None in outcome.failed:
        raise outcome.error
    return {"batchItemFailures": [{"itemIdentifier": failed} for failed in sorted(filter(None, outcome.failed))]}
