"""What a failed call of AWS is called: its code. Its message may repeat what was sent, and is left out."""

from botocore.exceptions import BotoCoreError, ClientError

# By which name a service says that a right is missing; `AuthorizationError` is SNS.
DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation"})


def code_of(error: ClientError | BotoCoreError) -> str:
    """The service's code, or the kind of failure where it did not answer."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "unknown"))
    return type(error).__name__
