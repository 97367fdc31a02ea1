"""What a deployed stack is made of, and who is asking."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.errors import SettingsError


def stack_outputs(cloudformation: Any, stack: str) -> Mapping[str, str]:
    """The stack's outputs by their keys."""
    answer = _ask(f"CloudFormation about the stack {stack}", cloudformation.describe_stacks, StackName=stack)
    return {output["OutputKey"]: output["OutputValue"] for output in answer["Stacks"][0].get("Outputs", ())}


class Facts(NamedTuple):
    """What a stack says of itself: parameters (those that hide their values as CloudFormation shows them), and outputs."""

    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    created_at: datetime


def stack_facts(cloudformation: Any, stack: str) -> Facts:
    """All of it in one call."""
    answer = _ask(f"CloudFormation about the stack {stack}", cloudformation.describe_stacks, StackName=stack)["Stacks"][0]
    return Facts(
        {one["ParameterKey"]: one.get("ParameterValue", "") for one in answer.get("Parameters", ())},
        {one["OutputKey"]: one["OutputValue"] for one in answer.get("Outputs", ())},
        answer["CreationTime"].astimezone(UTC),
    )


def stack_resources(cloudformation: Any, stack: str) -> Mapping[str, str]:
    """The physical ids of the stack's resources by their logical ids."""
    found: dict[str, str] = {}
    page: dict[str, str] = {}
    while True:
        answer = _ask(f"CloudFormation about the parts of {stack}", cloudformation.list_stack_resources, StackName=stack, **page)
        found |= {one["LogicalResourceId"]: one.get("PhysicalResourceId", "") for one in answer["StackResourceSummaries"]}
        if not answer.get("NextToken"):
            return found
        page = {"NextToken": answer["NextToken"]}


def function_environment(functions: Any, name: str) -> Mapping[str, str]:
    """The environment of a function; so that an operator works with the very settings that it works with."""
    answer = _ask(f"Lambda about the function {name}", functions.get_function_configuration, FunctionName=name)
    return dict(answer.get("Environment", {}).get("Variables", {}))


def caller(sts: Any) -> str:
    """The ARN of whoever asks."""
    return str(_ask("STS about who you are", sts.get_caller_identity)["Arn"])


def _ask(whom: str, operation: Callable[..., Any], **request: str) -> Any:
    try:
        return operation(**request)
    except ClientError as error:
        # CloudFormation answers ValidationError for a stack that does not exist; its message says so.
        details = error.response.get("Error", {})
        raise SettingsError(f"could not ask {whom}: {details.get('Code', 'unknown')}: {details.get('Message', '')}") from error
    except BotoCoreError as error:
        raise SettingsError(f"could not ask {whom}: {error}") from error
