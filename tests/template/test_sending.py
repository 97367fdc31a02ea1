"""The configuration set, what it reports, and who may publish to the topics."""

import json
import re

import botocore.session
import pytest
from botocore.model import StringShape

from tests.support.template import Json, of_type, reference, resolve

DESTINATION = "AWS::SES::ConfigurationSetEventDestination"
FEEDBACK = ["bounce", "complaint", "reject", "renderingFailure", "subscription"]
ACTIVITY = ["send", "delivery", "deliveryDelay", "open", "click"]

# What must stand before SES publishes to a topic, with the names that SAM gives to what it makes of FeedbackFunction.
LANES = {
    "FeedbackTopic": {
        "FeedbackTopicPolicy",
        "FeedbackFunctionFeedback",
        "FeedbackFunctionFeedbackPermission",
        "FeedbackFunctionEventInvokeConfig",
        "FeedbackRetryQueuePolicy",
    },
    "ActivityTopic": {"ActivityTopicPolicy", "ActivitySubscription", "ActivityQueuePolicy", "ActivityDeadLetterQueuePolicy"},
}


def test_the_configuration_set_keeps_reputation_metrics(stack: Json) -> None:
    """SES publishes the bounce and complaint rate of the set."""
    assert _set(stack)["ReputationOptions"] == {"ReputationMetricsEnabled": True}


@pytest.mark.parametrize("policy", ["REQUIRE", "OPTIONAL"])
def test_tls_is_the_operators_choice(template: Json, policy: str) -> None:
    """The set's TLS policy is the parameter's."""
    assert _set(resolve(template, TlsPolicy=policy))["DeliveryOptions"] == {"TlsPolicy": policy}


def test_a_redirect_domain_is_set_only_when_given(template: Json) -> None:
    """Without a domain of one's own, SES's stands."""
    assert "TrackingOptions" not in _set(resolve(template))
    own = _set(resolve(template, CustomRedirectDomain="click.example.com"))
    assert own["TrackingOptions"] == {"CustomRedirectDomain": "click.example.com"}


@pytest.mark.parametrize(("authority", "reasons"), [("ses", ["BOUNCE", "COMPLAINT"]), ("warden", [])])
def test_the_authority_decides_whether_ses_suppresses(template: Json, authority: str, reasons: list[str]) -> None:
    """With `warden`, an empty list of reasons takes the account's suppression list out of force for the set."""
    assert _set(resolve(template, SuppressionAuthority=authority))["SuppressionOptions"] == {"SuppressedReasons": reasons}


def test_no_update_can_lift_a_pause(template: Json) -> None:
    """The switch by which a set is paused stands in no resource's properties."""
    for body in template["Resources"].values():
        assert not re.search('"Sending(Options|Enabled)"', json.dumps(body))


def test_senders_keep_their_configuration_set_when_the_stack_goes(template: Json) -> None:
    """The set is retained, except where its own creation is rolled back."""
    body = template["Resources"]["ConfigurationSet"]
    assert (body["DeletionPolicy"], body["UpdateReplacePolicy"]) == ("RetainExceptOnCreate", "Retain")


def test_both_lanes_together_hear_every_event_once(stack: Json) -> None:
    """Each event type that SES knows goes to exactly one destination."""
    model = botocore.session.get_session().get_service_model("sesv2").shape_for("EventType")
    assert isinstance(model, StringShape)
    heard = [_api_name(kind) for destination in of_type(stack, DESTINATION).values() for kind in _types(destination)]
    assert sorted(heard) == sorted(model.enum)


def test_feedback_goes_the_direct_way_and_activity_is_buffered(stack: Json) -> None:
    """What changes a suppression is in the feedback lane; what floods, delays among it, is in the activity lane."""
    destinations = of_type(stack, DESTINATION)
    assert _types(destinations["FeedbackEventDestination"]) == FEEDBACK
    assert _types(destinations["ActivityEventDestination"]) == ACTIVITY


def test_mails_stay_untouched_without_tracking(template: Json) -> None:
    """SES adds no pixel and rewrites no link unless a destination asks for opens or clicks."""
    untracked = resolve(template, TrackOpensAndClicks="false", AdditionalConfigurationSet1="other")
    heard = {kind for destination in of_type(untracked, DESTINATION).values() for kind in _types(destination)}
    assert heard == {*FEEDBACK, *ACTIVITY} - {"open", "click"}


@pytest.mark.parametrize(
    ("parameters", "sets"),
    [
        ({}, [{"Ref": "ConfigurationSet"}]),
        ({"ExistingConfigurationSetName": "mine"}, ["mine"]),
        ({"AdditionalConfigurationSet1": "a"}, [{"Ref": "ConfigurationSet"}, "a"]),
        (
            {
                "ExistingConfigurationSetName": "mine",
                "AdditionalConfigurationSet1": "a",
                "AdditionalConfigurationSet2": "b",
                "AdditionalConfigurationSet3": "c",
            },
            ["mine", "a", "b", "c"],
        ),
    ],
)
def test_every_watched_set_has_both_destinations(template: Json, parameters: dict[str, str | int], sets: list[str | Json]) -> None:
    """The created or existing set and each further one report feedback and activity alike."""
    destinations = of_type(resolve(template, **parameters), DESTINATION).values()
    for topic, types in (("FeedbackTopic", FEEDBACK), ("ActivityTopic", ACTIVITY)):
        lane = [d for d in destinations if reference(d["EventDestination"]["SnsDestination"]["TopicARN"]) == topic]
        assert [d["ConfigurationSetName"] for d in lane] == sets
        assert [_types(d) for d in lane] == [types] * len(sets)
        assert all(d["EventDestination"]["Enabled"] is True for d in lane)


def test_an_existing_set_is_not_created_again(template: Json) -> None:
    """With the name of an existing set, none is made and the output names the existing one."""
    attached = resolve(template, ExistingConfigurationSetName="mine")
    assert of_type(attached, "AWS::SES::ConfigurationSet") == {}
    assert attached["Outputs"]["ConfigurationSetName"]["Value"] == "mine"


def test_a_destination_waits_for_its_whole_lane(template: Json) -> None:
    """SES publishes from the moment on in which the destination is made: topic policy, subscription and queues must stand."""
    for name, body in template["Resources"].items():
        if body["Type"] == DESTINATION:
            topic = reference(body["Properties"]["EventDestination"]["SnsDestination"]["TopicARN"])
            assert _waits_for(template["Resources"], name) >= LANES[topic], name


def test_a_destination_waits_for_nothing_that_may_be_missing(template: Json) -> None:
    """CloudFormation refuses to wait for a resource whose condition is false."""
    for name, body in template["Resources"].items():
        if body["Type"] == DESTINATION:
            awaited = _waits_for(template["Resources"], name) & template["Resources"].keys()
            assert [other for other in awaited if "Condition" in template["Resources"][other]] == [], name


@pytest.mark.parametrize(
    ("topic", "service", "sources"),
    [
        (
            "FeedbackTopic",
            "ses.amazonaws.com",
            ["ses:${AWS::Region}:${AWS::AccountId}:configuration-set/*", "ses:${AWS::Region}:${AWS::AccountId}:identity/*"],
        ),
        ("ActivityTopic", "ses.amazonaws.com", ["ses:${AWS::Region}:${AWS::AccountId}:configuration-set/*"]),
        ("AlertTopic", "cloudwatch.amazonaws.com", ["cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"]),
    ],
)
def test_a_topic_takes_messages_from_one_service_of_this_account(stack: Json, topic: str, service: str, sources: list[str]) -> None:
    """A topic's policy is one statement for one service, bound to this account and to the kind of resource that publishes."""
    policy = of_type(stack, "AWS::SNS::TopicPolicy")[f"{topic}Policy"]
    assert policy["Topics"] == [{"Ref": topic}]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Principal"] == {"Service": service}
    assert statement["Action"] == "sns:Publish"
    assert statement["Resource"] == {"Ref": topic}
    assert statement["Condition"]["StringEquals"] == {"AWS:SourceAccount": {"Ref": "AWS::AccountId"}}
    arns = statement["Condition"]["ArnLike"]["AWS:SourceArn"]
    arns = arns if isinstance(arns, list) else [arns]
    assert arns == [{"Fn::Sub": f"arn:${{AWS::Partition}}:{source}"} for source in sources]


def test_every_topic_has_a_policy(stack: Json) -> None:
    """No topic is left with the policy that SNS gives by default."""
    assert {f"{topic}Policy" for topic in of_type(stack, "AWS::SNS::Topic")} == of_type(stack, "AWS::SNS::TopicPolicy").keys()


def _set(stack: Json) -> Json:
    return of_type(stack, "AWS::SES::ConfigurationSet")["ConfigurationSet"]


def _waits_for(resources: Json, name: str) -> set[str]:
    """What DependsOn names, and what that waits for in turn."""
    awaited = resources.get(name, {}).get("DependsOn", [])
    direct = {awaited} if isinstance(awaited, str) else set(awaited)
    return direct.union(*(_waits_for(resources, other) for other in direct))


def _types(destination: Json) -> list[str]:
    types: list[str] = destination["EventDestination"]["MatchingEventTypes"]
    return types


def _api_name(kind: str) -> str:
    """A type as the API spells it: CloudFormation says renderingFailure where the API says RENDERING_FAILURE."""
    return re.sub(r"([A-Z])", r"_\1", kind).upper()
