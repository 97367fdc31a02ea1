"""What Lambda hands to a function: its context, and of the guard's environment what the template sets by default."""

from types import SimpleNamespace
from typing import Any

from tests.support.emulator import REGION

GUARD_USUAL = {
    "BOUNCE_PAUSE_RATE": "0.04",
    "BOUNCE_WARN_RATE": "0.03",
    "BOUNCE_WINDOW_MAILS": "10000",
    "COMPLAINT_PAUSE_RATE": "0.0008",
    "COMPLAINT_WARN_RATE": "0.0006",
    "COMPLAINT_WINDOW_MAILS": "50000",
    "FALSE_PAUSE_PROBABILITY": "0.01",
    "POLICY_REFUSALS_COUNT_AS_HARD": "false",
    "MAX_ACTIVITY_LAG_SECONDS": "900",
}


def context_of(function: str, seconds_left: float = 900) -> Any:
    """As much of `LambdaContext` as the handlers ask for."""
    return SimpleNamespace(
        function_name=function,
        memory_limit_in_mb=1024,
        invoked_function_arn=f"arn:aws:lambda:{REGION}:111122223333:function:{function}",
        aws_request_id="1",
        get_remaining_time_in_millis=lambda: round(1000 * seconds_left),
    )
