"""How events come in, judged: sets and their destinations, topics with their keys, subscriptions."""

import json
import shlex

import botocore.session
import pytest
from botocore.validate import ParamValidator

from ses_warden.domain.findings import Finding, Standing, worst
from ses_warden.domain.health import ConfigurationSet, Delivery, Destination, Key, Subscription, Topic
from ses_warden.domain.health_lanes import (
    ACTIVITY,
    FEEDBACK,
    TRACKING,
    Lane,
    alarms_at,
    aws_key,
    judge_destinations,
    judge_key,
    judge_listeners,
    judge_reader,
    judge_set,
    judge_topic,
    no_set,
    ses_at,
    sns_at,
)
from tests.support import template

OK, UNKNOWN, WARN, BROKEN = Standing.OK, Standing.UNKNOWN, Standing.WARN, Standing.BROKEN
TOPIC = "arn:aws:sns:eu-west-1:111122223333:feedback"
OTHER = TOPIC + "-2"
BOTH = frozenset({"BOUNCE", "COMPLAINT"})
NONE: frozenset[str] = frozenset()
LANE = Lane("feedback", FEEDBACK, TOPIC, "mail-feedback")


def told(finding: Finding) -> tuple[Standing, str]:
    """How it stands, and all its words."""
    return finding.standing, f"{finding.what} | {finding.mend}"


def check(finding: Finding, standing: Standing, words: str) -> None:
    """Whether it stands so and says so; what is not well says how to mend it."""
    assert (finding.standing, words in told(finding)[1]) == (standing, True), finding
    assert (finding.standing is OK) == (not finding.mend), finding


@pytest.mark.parametrize(
    ("seen", "authority", "account", "standing", "words"),
    [
        (ConfigurationSet(True, BOTH), "ses", None, OK, "agrees with SuppressionAuthority ses"),
        (ConfigurationSet(True, None), "ses", BOTH, OK, "agrees"),
        (ConfigurationSet(True, None), "ses", frozenset({"BOUNCE"}), WARN, "not in force for COMPLAINT"),
        (ConfigurationSet(True, NONE), "ses", BOTH, WARN, "not in force for BOUNCE, COMPLAINT"),
        (ConfigurationSet(True, NONE), "warden", BOTH, OK, "agrees with SuppressionAuthority warden"),
        (ConfigurationSet(True, None), "warden", BOTH, WARN, "what was released stays refused"),
        (ConfigurationSet(True, BOTH), "warden", None, WARN, "put-configuration-set-suppression-options"),
    ],
)
def test_a_set_heeds_sess_own_list_as_the_authority_wants(
    seen: ConfigurationSet, authority: str, account: frozenset[str] | None, standing: Standing, words: str
) -> None:
    """Its own options first, else the account's."""
    sending, suppression = judge_set("mail", seen, authority, account)
    check(suppression, standing, words)
    check(sending, OK, "sending is on")


def test_what_the_account_heeds_may_be_unknown() -> None:
    """Then the line is, and nothing is alleged."""
    *_, suppression = judge_set("mail", ConfigurationSet(True, None), "ses", None)
    assert suppression.standing is UNKNOWN


def test_a_paused_set_leads_to_who_paused_it() -> None:
    """A deed of the guard's or of a person's, no defect of the pipe."""
    sending, _ = judge_set("mail", ConfigurationSet(False, BOTH), "ses", None)
    check(sending, WARN, "ses-warden status configuration-set/mail")


def test_a_set_that_is_gone_is_broken() -> None:
    """Senders who name it cannot send."""
    check(no_set("mail"), BROKEN, "mail that names it is refused")


@pytest.mark.parametrize(
    ("seen", "standing", "words"),
    [
        ([Destination("mail-feedback", True, FEEDBACK, TOPIC)], OK, "all feedback goes to its topic"),
        ([Destination("a", True, FEEDBACK - {"BOUNCE"}, TOPIC), Destination("b", True, BOTH, TOPIC)], OK, "all feedback"),
        ([Destination("a", True, FEEDBACK | ACTIVITY, TOPIC)], OK, "all feedback"),
        (
            [],
            BROKEN,
            "create-configuration-set-event-destination --configuration-set-name mail --event-destination-name mail-feedback",
        ),
        ([Destination("mail-feedback", True, FEEDBACK, OTHER)], BROKEN, "no event destination leads to the feedback topic"),
        ([Destination("mail-feedback", True, FEEDBACK, "")], BROKEN, "no event destination"),
        ([Destination("mail-feedback", False, FEEDBACK, TOPIC)], BROKEN, "mail-feedback is switched off"),
        ([Destination("mail-feedback", True, FEEDBACK - {"COMPLAINT"}, TOPIC)], BROKEN, "lacks COMPLAINT"),
        ([Destination("mail-feedback", True, BOTH, TOPIC)], WARN, "lacks REJECT, RENDERING_FAILURE, SUBSCRIPTION"),
        ([Destination("a", True, BOTH, TOPIC), Destination("b", False, FEEDBACK, TOPIC)], WARN, "lacks REJECT"),
    ],
)
def test_all_types_of_a_lane_go_to_its_topic(seen: list[Destination], standing: Standing, words: str) -> None:
    """By whichever destinations; those that are off, or lead elsewhere, do not count."""
    [finding] = judge_destinations("mail", seen, [LANE])
    check(finding, standing, words)


@pytest.mark.parametrize(
    ("seen", "verb", "types"),
    [
        ([], "create", FEEDBACK),
        ([Destination("mail-feedback", True, BOTH, OTHER)], "update", FEEDBACK),
        ([Destination("other", False, BOTH | {"SEND"}, TOPIC)], "update", FEEDBACK | {"SEND"}),
    ],
)
def test_the_command_that_mends_a_destination_is_whole(seen: list[Destination], verb: str, types: frozenset[str]) -> None:
    """An update replaces all that a destination has: what it does not say is lost, its being enabled too."""
    [finding] = judge_destinations("mail", seen, [LANE])
    words = shlex.split(finding.mend.split("`")[1])
    assert words[:3] == ["aws", "sesv2", f"{verb}-configuration-set-event-destination"]
    said = dict(zip(words[3::2], words[4::2], strict=True))
    assert said["--event-destination-name"] == (seen[0].name if seen else "mail-feedback")
    request = {
        "ConfigurationSetName": said["--configuration-set-name"],
        "EventDestinationName": said["--event-destination-name"],
        "EventDestination": json.loads(said["--event-destination"]),
    }
    model = botocore.session.get_session().get_service_model("sesv2")
    shape = model.operation_model(f"{verb.title()}ConfigurationSetEventDestination").input_shape
    assert shape
    assert not ParamValidator().validate(request, shape).has_errors()
    assert request["EventDestination"] == {
        "Enabled": True,
        "MatchingEventTypes": sorted(types),
        "SnsDestination": {"TopicArn": TOPIC},
    }


@pytest.mark.parametrize(
    ("missing", "standing"), [("SEND", BROKEN), ("DELIVERY", BROKEN), ("DELIVERY_DELAY", WARN), ("OPEN", WARN), ("CLICK", WARN)]
)
def test_rates_need_sends_and_deliveries(missing: str, standing: Standing) -> None:
    """Without opens and clicks nobody is suppressed wrongly."""
    types = ACTIVITY | TRACKING
    [finding] = judge_destinations(
        "mail", [Destination("a", True, types - {missing}, TOPIC)], [Lane("activity", types, TOPIC, "mail-activity")]
    )
    check(finding, standing, f"lacks {missing}")


def test_the_lanes_are_the_templates() -> None:
    """Each type that the template routes to a topic, in the API's spelling."""
    resources = template.load()["Resources"]

    def types(destination: str) -> set[str]:
        words = resources[destination]["Properties"]["EventDestination"]["MatchingEventTypes"]
        named = words["Fn::If"] if isinstance(words, dict) else [None, words, words]
        return {"".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in word) for word in named[1]}

    assert types("FeedbackEventDestination") == FEEDBACK
    assert types("ActivityEventDestination") == ACTIVITY | TRACKING


def policy(**changed: object) -> str:
    """The template's policy of a topic, changed."""
    statement = {"Effect": "Allow", "Principal": {"Service": "ses.amazonaws.com"}, "Action": "sns:Publish", "Resource": TOPIC}
    statement["Condition"] = {"StringEquals": {"AWS:SourceAccount": "111122223333"}}
    return json.dumps({"Statement": [statement | changed]})


@pytest.mark.parametrize(
    ("text", "standing", "words"),
    [
        (policy(), OK, "SES of this account may publish"),
        (policy(Condition={}), WARN, "for any account"),
        (policy(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), WARN, "doctor --send-test"),
        (policy(Effect="Deny"), BROKEN, "denies SES to publish"),
        (policy(Principal={"Service": "s3.amazonaws.com"}), BROKEN, "no statement of the policy lets SES publish"),
        ("", BROKEN, "no statement"),
    ],
)
def test_a_topics_policy_lets_ses_of_this_account_publish(text: str, standing: Standing, words: str) -> None:
    """And nobody else's."""
    check(judge_topic("FeedbackTopic", TOPIC, Topic(text, ""), ses_at(TOPIC, "mail")), standing, words)


def key_policy(action: object = "kms:*", **changed: object) -> str:
    """A key's policy for SES."""
    statement = {"Effect": "Allow", "Principal": {"Service": "ses.amazonaws.com"}, "Action": action, "Resource": "*"}
    return json.dumps({"Statement": [statement | changed]})


@pytest.mark.parametrize(
    ("key", "standing", "words"),
    [
        (Key(key_policy(["kms:Decrypt", "kms:GenerateDataKey*"]), "Enabled"), OK, "SES may use its key"),
        (Key(key_policy(), ""), OK, "SES may use its key"),
        (Key(key_policy("kms:Decrypt"), "Enabled"), BROKEN, "dropped silently"),
        (Key(key_policy(Principal={"AWS": "arn:aws:iam::111122223333:root"}), "Enabled"), BROKEN, "ServicesPublishAndDeliver"),
        (Key(key_policy(Condition={"StringEquals": {"aws:SourceOrgID": "o"}}), "Enabled"), WARN, "hangs on a condition"),
        (Key(key_policy(), "Disabled"), BROKEN, "its key is Disabled"),
        (Key(key_policy(), "PendingDeletion"), BROKEN, "cancel-key-deletion"),
        (Key(key_policy(), "Updating"), OK, "SES may use its key"),
        (Key(key_policy(Resource="arn:aws:kms:eu-west-1:111122223333:key/1"), "Enabled"), OK, "SES may use its key"),
        (Key("", "Enabled", aws=True), BROKEN, "a key that AWS manages, which SES may not use"),
    ],
)
def test_a_topics_key_lets_ses_in(key: Key, standing: Standing, words: str) -> None:
    """For both actions that an encrypted topic takes."""
    check(judge_key("topic.key", "FeedbackTopic", key, ses_at(TOPIC, "mail")), standing, words)


def test_aws_own_key_for_sns_lets_no_other_service_in() -> None:
    """Its policy cannot be changed."""
    check(aws_key("topic.key", "AlertTopic", alarms_at(TOPIC)), BROKEN, "CloudWatch may not use")
    check(aws_key("queue.key", "ActivityQueue", sns_at(TOPIC)), BROKEN, "aws sqs set-queue-attributes")


HERE = Subscription("arn:aws:sns:eu-west-1:111122223333:feedback:1", "lambda", "arn:f")
PENDING = Subscription("PendingConfirmation", "email", "ops@example.com")


@pytest.mark.parametrize(
    ("readers", "deliveries", "standing", "words"),
    [
        ([HERE], [Delivery("arn:dlq", False)], OK, "its function is subscribed"),
        ([HERE], [], OK, "its function is subscribed"),
        ([], [], BROKEN, "what SES publishes is lost"),
        ([HERE._replace(arn="PendingConfirmation")], [], BROKEN, "not confirmed"),
        ([HERE], [Delivery("arn:dlq", True)], BROKEN, "a filter policy"),
    ],
)
def test_a_lanes_reader_is_subscribed(
    readers: list[Subscription], deliveries: list[Delivery], standing: Standing, words: str
) -> None:
    """Confirmed, and unfiltered."""
    check(judge_reader("FeedbackTopic", readers, "lambda", deliveries), standing, words)


@pytest.mark.parametrize(
    ("seen", "standing", "words"),
    [
        ([HERE._replace(protocol="email")], OK, "1 subscriber hears the alarms (email)"),
        ([HERE, PENDING], WARN, "1 subscription is not confirmed (email)"),
        ([PENDING], WARN, "nobody hears the alarms: 1 subscription is not confirmed (email)"),
        ([], WARN, "AlertEmail"),
    ],
)
def test_somebody_hears_the_alarms(seen: list[Subscription], standing: Standing, words: str) -> None:
    """Everybody who was meant to; addresses are not repeated."""
    finding = judge_listeners("AlertTopic", seen)
    check(finding, standing, words)
    assert "ops@" not in told(finding)[1]


def test_the_worst_of_nothing_is_well() -> None:
    """A lane without a topic to ask about has no line."""
    assert worst(judge_destinations("mail", [], [])) is OK
