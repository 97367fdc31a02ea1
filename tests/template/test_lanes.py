"""The two lanes: nothing is dropped between SES and the ledger, and a short fault drains by itself."""

import pytest

from tests.support.template import Json, load, of_type, reference, resolve

FIVE_MINUTES = 300
FOURTEEN_DAYS = 1_209_600
FUNCTION = "AWS::Serverless::Function"
QUEUE = "AWS::SQS::Queue"

READERS = {"FeedbackRetryQueue": ("FeedbackFunction", "Retry"), "ActivityQueue": ("ActivityFunction", "Activity")}
DEAD_LETTERS = {"FeedbackRetryQueue": "FeedbackDeadLetterQueue", "ActivityQueue": "ActivityDeadLetterQueue"}


def test_sns_invokes_the_feedback_function_directly(stack: Json) -> None:
    """A bounce waits for no batch."""
    assert _event(stack, "FeedbackFunction", "Feedback")["Topic"] == {"Ref": "FeedbackTopic"}
    assert _function(stack, "FeedbackFunction")["Events"]["Feedback"]["Type"] == "SNS"


def test_what_sns_cannot_hand_over_goes_to_the_retry_queue(stack: Json) -> None:
    """The feedback subscription's redrive leads to the queue that feeds the same function."""
    redrive = _event(stack, "FeedbackFunction", "Feedback")["RedrivePolicy"]
    assert reference(redrive["deadLetterTargetArn"]) == "FeedbackRetryQueue"


def test_what_the_feedback_function_cannot_do_goes_to_the_retry_queue(stack: Json) -> None:
    """After three attempts, or ten minutes of throttling, Lambda sends the event to the queue, where it can be seen."""
    config = _function(stack, "FeedbackFunction")["EventInvokeConfig"]
    assert config["MaximumRetryAttempts"] == 2
    assert 60 <= config["MaximumEventAgeInSeconds"] <= 3600
    on_failure = config["DestinationConfig"]["OnFailure"]
    assert on_failure["Type"] == "SQS"
    assert reference(on_failure["Destination"]) == "FeedbackRetryQueue"


def test_activity_reaches_its_queue_raw_and_with_a_redrive(stack: Json) -> None:
    """SNS delivers the bare event, and what it cannot deliver goes to the dead-letter queue."""
    subscription = of_type(stack, "AWS::SNS::Subscription")["ActivitySubscription"]
    assert subscription["Protocol"] == "sqs"
    assert subscription["RawMessageDelivery"] is True
    assert reference(subscription["TopicArn"]) == "ActivityTopic"
    assert reference(subscription["Endpoint"]) == "ActivityQueue"
    assert reference(subscription["RedrivePolicy"]["deadLetterTargetArn"]) == "ActivityDeadLetterQueue"


@pytest.mark.parametrize(("queue", "reader"), READERS.items())
def test_a_queue_is_read_with_partial_batch_responses(stack: Json, queue: str, reader: tuple[str, str]) -> None:
    """A failed record alone comes back, never its whole batch."""
    event = _event(stack, *reader)
    assert reference(event["Queue"]) == queue
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_the_parameters_size_the_activity_lane(template: Json) -> None:
    """Batch size, window and concurrency are the operator's."""
    sized = resolve(template, BatchSize=77, BatchWindowSeconds=7, ActivityMaximumConcurrency=17)
    event = _event(sized, "ActivityFunction", "Activity")
    assert event["BatchSize"] == 77
    assert event["MaximumBatchingWindowInSeconds"] == 7
    assert event["ScalingConfig"] == {"MaximumConcurrency": 17}


def test_retries_never_crowd_out_new_feedback(stack: Json) -> None:
    """Old events run in small batches, two at once."""
    event = _event(stack, "FeedbackFunction", "Retry")
    assert event["BatchSize"] <= 10
    assert event["ScalingConfig"] == {"MaximumConcurrency": 2}


@pytest.mark.parametrize(("queue", "reader"), READERS.items())
def test_a_queue_hides_a_message_long_enough(stack: Json, queue: str, reader: tuple[str, str]) -> None:
    """Visibility is at least six times the function's timeout plus the longest window, as Lambda's manual asks."""
    timeout = _function(stack, reader[0])["Timeout"]
    window = load()["Parameters"]["BatchWindowSeconds"]["MaxValue"] if queue == "ActivityQueue" else 0
    assert of_type(stack, QUEUE)[queue]["VisibilityTimeout"] >= 6 * timeout + window


@pytest.mark.parametrize(("queue", "dead_letters"), DEAD_LETTERS.items())
def test_a_five_minute_fault_drains_by_itself(stack: Json, queue: str, dead_letters: str) -> None:
    """A message is given up only after many more attempts than fit into five minutes."""
    properties = of_type(stack, QUEUE)[queue]
    redrive = properties["RedrivePolicy"]
    assert reference(redrive["deadLetterTargetArn"]) == dead_letters
    assert (redrive["maxReceiveCount"] - 1) * properties["VisibilityTimeout"] > 5 * FIVE_MINUTES
    assert redrive["maxReceiveCount"] >= 5


@pytest.mark.parametrize("queue", [*DEAD_LETTERS, *DEAD_LETTERS.values()])
def test_a_queue_keeps_messages_as_long_as_sqs_can(stack: Json, queue: str) -> None:
    """An operator has two weeks."""
    assert of_type(stack, QUEUE)[queue]["MessageRetentionPeriod"] == FOURTEEN_DAYS


def test_every_queue_is_in_the_tables_of_this_module(stack: Json) -> None:
    """A queue that is added is tested as well."""
    assert of_type(stack, QUEUE).keys() == {*DEAD_LETTERS, *DEAD_LETTERS.values()}


@pytest.mark.parametrize(
    ("parameters", "reserved"),
    [({}, None), ({"FeedbackReservedConcurrency": "0"}, None), ({"FeedbackReservedConcurrency": "20"}, "20")],
)
def test_concurrency_is_reserved_only_when_asked(template: Json, parameters: dict[str, str | int], reserved: str | None) -> None:
    """Zero must not mean a function that never runs."""
    function = _function(resolve(template, **parameters), "FeedbackFunction")
    assert function.get("ReservedConcurrentExecutions") == reserved


@pytest.mark.parametrize(
    ("function", "folder", "timeout"), [("FeedbackFunction", "feedback", 30), ("ActivityFunction", "activity", 60)]
)
def test_a_function_runs_the_shared_layer(template: Json, function: str, folder: str, timeout: int) -> None:
    """Both functions are Python 3.13 on the chosen processor, with the core layer, and log to a group of their own."""
    properties = _function(resolve(template, Architecture="x86_64"), function)
    assert properties["Runtime"] == "python3.13"
    assert properties["Architectures"] == ["x86_64"]
    assert properties["Handler"] == "app.lambda_handler"
    assert properties["CodeUri"] == f"functions/{folder}"
    assert properties["Layers"] == [{"Ref": "CoreLayer"}]
    assert properties["Timeout"] == timeout
    assert 256 <= properties["MemorySize"] <= 512
    assert properties["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": {"Ref": f"{folder.capitalize()}LogGroup"}}


def test_a_new_runtime_comes_with_a_deployment(stack: Json) -> None:
    """The functions rely on the runtime's botocore, so that AWS may not exchange it between two deployments."""
    for name, properties in of_type(stack, FUNCTION).items():
        assert properties["RuntimeManagementConfig"] == {"UpdateRuntimeOn": "FunctionUpdate"}, name


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_the_layer_is_built_for_the_functions_processor(template: Json, architecture: str) -> None:
    """Pydantic's core is compiled: a layer for another processor would not load."""
    stack = resolve(template, Architecture=architecture)
    body = stack["Resources"]["CoreLayer"]
    assert body["Metadata"] == {"BuildMethod": "python3.13", "BuildArchitecture": architecture}
    assert body["Properties"]["CompatibleArchitectures"] == [architecture]
    assert body["Properties"]["ContentUri"] == "layers/core"
    assert body["Properties"]["RetentionPolicy"] == "Delete"


def test_no_function_has_an_alias(template: Json) -> None:
    """With AutoPublishAlias a change of the layer alone would never go live."""
    assert all("AutoPublishAlias" not in properties for properties in of_type(template, FUNCTION).values())


def test_the_eventbridge_door_is_opened_on_request(template: Json) -> None:
    """The rule takes sending events alone, and what it cannot deliver is kept."""
    assert "SesEventsRule" not in of_type(resolve(template), "AWS::Events::Rule")
    rule = of_type(resolve(template, EventBridgeRule="true"), "AWS::Events::Rule")["SesEventsRule"]
    assert rule["EventPattern"] == {"source": ["aws.ses"], "detail-type": [{"prefix": "Email "}]}
    [target] = rule["Targets"]
    assert reference(target["Arn"]) == "ActivityQueue"
    assert reference(target["DeadLetterConfig"]["Arn"]) == "ActivityDeadLetterQueue"


def _function(stack: Json, name: str) -> Json:
    return of_type(stack, FUNCTION)[name]


def _event(stack: Json, function: str, name: str) -> Json:
    properties: Json = _function(stack, function)["Events"][name]["Properties"]
    return properties
