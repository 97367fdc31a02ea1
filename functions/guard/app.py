"""Looks each minute, and on alarm, at what changed; warns and pauses."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ses_warden.adapters.guard_metrics import emit_guard
from ses_warden.bootstrap.guarding import guard
from ses_warden.domain.guard_states import Action
from ses_warden.errors import GuardIncomplete

logger = Logger()


@logger.inject_lambda_context
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """One run of the guard. Raises where something is left undone, so that it shows and is tried again."""
    outcome = guard().look(event)
    emit_guard(outcome)
    for decision in outcome.decisions:
        state = decision.state
        logger.info(
            "decided", extra={"scope": state.scope, "action": decision.action, "status": state.status, "reason": state.reason}
        )
    if outcome.errors:
        raise GuardIncomplete("; ".join(str(error) for error in outcome.errors))
    return {action.value: outcome.count(action) for action in Action}
