"""The requests about identities, against botocore's own models of both versions of SES's API."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from ses_warden.adapters.identity_listing import MOST_TOPICS, SesIdentities, answer_of
from ses_warden.adapters.ses_pace import PACE_SECONDS
from ses_warden.application.look_at_identities import Listed
from ses_warden.domain.identities import Dkim, Identity, MailFrom
from ses_warden.domain.sending_identities import Topics
from ses_warden.domain.vdm import SetVdm, Vdm
from ses_warden.errors import IdentityError, NoIdentity, RightMissing
from tests.support.aws import shared, stubbed

TOPIC, OTHER = (f"arn:aws:sns:eu-west-1:111122223333:{name}" for name in ("feedback", "other"))


@pytest.fixture
def stubs() -> Iterator[dict[str, Stubber]]:
    """Answers in the place of both versions of SES's API."""
    with stubbed(shared("sesv2")) as second, stubbed(shared("ses")) as first:
        yield {"sesv2": second, "ses": first}


@pytest.fixture
def slept() -> list[float]:
    """How long was waited each time."""
    return []


@pytest.fixture
def ses(slept: list[float]) -> SesIdentities:
    """The port; time passes by sleeping alone."""
    return SesIdentities(shared("sesv2"), lambda: shared("ses"), sleep=slept.append, monotonic=lambda: sum(slept))


def test_identities_are_listed_in_pages_one_a_second(ses: SesIdentities, stubs: dict[str, Stubber], slept: list[float]) -> None:
    """1,000 a page, until there is no token."""
    first = {"EmailIdentities": [{"IdentityType": "DOMAIN", "IdentityName": "example.com"}], "NextToken": "t"}
    second = {"EmailIdentities": [{"IdentityType": "EMAIL_ADDRESS", "IdentityName": "jane@example.com"}]}
    stubs["sesv2"].add_response("list_email_identities", first, {"PageSize": 1000})
    stubs["sesv2"].add_response("list_email_identities", second, {"PageSize": 1000, "NextToken": "t"})
    assert list(ses.listed()) == [Listed("example.com", True), Listed("jane@example.com", False)]
    assert slept == [PACE_SECONDS]


def test_an_identity_is_read_whole(ses: SesIdentities, stubs: dict[str, Stubber]) -> None:
    """Everything that SES says of it."""
    answer = {
        "IdentityType": "DOMAIN",
        "FeedbackForwardingStatus": False,
        "VerifiedForSendingStatus": True,
        "VerificationStatus": "SUCCESS",
        "DkimAttributes": {
            "SigningEnabled": True,
            "Status": "SUCCESS",
            "Tokens": ["a", "b", "c"],
            "SigningHostedZone": "dkim.eu-west-1.amazonses.com",
            "SigningAttributesOrigin": "AWS_SES",
            "NextSigningKeyLength": "RSA_2048_BIT",
            "CurrentSigningKeyLength": "RSA_1024_BIT",
        },
        "MailFromAttributes": {
            "MailFromDomain": "bounce.example.com",
            "MailFromDomainStatus": "PENDING",
            "BehaviorOnMxFailure": "REJECT_MESSAGE",
        },
        "ConfigurationSetName": "ses-warden",
        "VerificationInfo": {"ErrorType": "HOST_NOT_FOUND"},
    }
    stubs["sesv2"].add_response("get_email_identity", answer, {"EmailIdentity": "example.com"})
    assert ses.identity("example.com") == Identity(
        name="example.com",
        is_domain=True,
        verified=True,
        status="SUCCESS",
        dkim=Dkim(True, "SUCCESS", "RSA_1024_BIT", "AWS_SES", ("a", "b", "c"), "dkim.eu-west-1.amazonses.com"),
        mail_from=MailFrom("bounce.example.com", "PENDING", rejects=True),
        configuration_set="ses-warden",
        forwards=False,
        error="HOST_NOT_FOUND",
    )


def test_an_identity_that_ses_says_little_of_is_read_too(ses: SesIdentities, stubs: dict[str, Stubber]) -> None:
    """What is not said is not taken for good; forwarding is on unless SES says that it is off."""
    stubs["sesv2"].add_response("get_email_identity", {"IdentityType": "EMAIL_ADDRESS"}, {"EmailIdentity": "jane@example.com"})
    assert ses.identity("jane@example.com") == Identity(
        name="jane@example.com", is_domain=False, verified=False, status="unknown", forwards=True
    )


def test_topics_are_asked_of_the_first_api_a_hundred_at_a_time(
    ses: SesIdentities, stubs: dict[str, Stubber], slept: list[float]
) -> None:
    """Each call a second after the other; an identity without topics has empty ones."""
    names = [f"{number}.example" for number in range(MOST_TOPICS + 1)]
    for some in (names[:MOST_TOPICS], names[MOST_TOPICS:]):
        own = {"BounceTopic": TOPIC, "ComplaintTopic": OTHER, "DeliveryTopic": "", "ForwardingEnabled": True}
        attributes = {"NotificationAttributes": {some[0]: own}}
        stubs["ses"].add_response("get_identity_notification_attributes", attributes, {"Identities": some})
    assert ses.topics(names) == {names[0]: Topics(TOPIC, OTHER), names[MOST_TOPICS]: Topics(TOPIC, OTHER)}
    assert slept == [PACE_SECONDS]


def test_a_set_is_heard_at_topics_that_get_bounces_and_complaints(ses: SesIdentities, stubs: dict[str, Stubber]) -> None:
    """Whether by one destination or by two; what is switched off, or goes elsewhere, is not heard."""
    destinations = [
        {"Name": "a", "Enabled": True, "MatchingEventTypes": ["BOUNCE"], "SnsDestination": {"TopicArn": TOPIC}},
        {"Name": "b", "Enabled": True, "MatchingEventTypes": ["COMPLAINT", "REJECT"], "SnsDestination": {"TopicArn": TOPIC}},
        {"Name": "c", "Enabled": False, "MatchingEventTypes": ["BOUNCE", "COMPLAINT"], "SnsDestination": {"TopicArn": OTHER}},
        {"Name": "d", "Enabled": True, "MatchingEventTypes": ["BOUNCE"], "SnsDestination": {"TopicArn": OTHER}},
        {
            "Name": "e",
            "Enabled": True,
            "MatchingEventTypes": ["BOUNCE", "COMPLAINT"],
            "EventBridgeDestination": {"EventBusArn": "arn:aws:events:eu-west-1:111122223333:event-bus/default"},
        },
    ]
    asked = {"ConfigurationSetName": "ses-warden"}
    stubs["sesv2"].add_response("get_configuration_set_event_destinations", {"EventDestinations": destinations}, asked)
    assert ses.feedback_topics("ses-warden") == {TOPIC}


@pytest.mark.parametrize(
    ("answer", "vdm"),
    [
        ({}, Vdm(False, None, None, "")),
        (
            {
                "VdmAttributes": {
                    "VdmEnabled": "ENABLED",
                    "DashboardAttributes": {"EngagementMetrics": "ENABLED"},
                    "GuardianAttributes": {"OptimizedSharedDelivery": "DISABLED"},
                },
                "PricingAttributes": {"CurrentPlan": "ESSENTIALS"},
            },
            Vdm(True, True, False, "ESSENTIALS"),
        ),
    ],
)
def test_vdm_is_read_from_the_account(ses: SesIdentities, stubs: dict[str, Stubber], answer: dict[str, Any], vdm: Vdm) -> None:
    """An account that never had it says nothing of it."""
    stubs["sesv2"].add_response("get_account", answer, {})
    assert ses.vdm() == vdm


def test_a_set_may_say_otherwise_about_vdm(ses: SesIdentities, stubs: dict[str, Stubber]) -> None:
    """And where it says nothing, that is None."""
    answer = {"VdmOptions": {"DashboardOptions": {"EngagementMetrics": "DISABLED"}}}
    stubs["sesv2"].add_response("get_configuration_set", answer, {"ConfigurationSetName": "ses-warden"})
    assert ses.set_vdm("ses-warden") == SetVdm("ses-warden", False, None)


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException"])
def test_a_missing_right_is_named(ses: SesIdentities, stubs: dict[str, Stubber], code: str) -> None:
    """By the name that a policy takes, whichever way the API spells the refusal."""
    stubs["sesv2"].add_client_error("get_email_identity", code, "User jane@example.com is not authorized")
    with pytest.raises(RightMissing, match="the right ses:GetEmailIdentity is missing") as refusal:
        ses.identity("example.com")
    assert "jane" not in str(refusal.value)


def test_each_question_names_its_own_right(ses: SesIdentities, stubs: dict[str, Stubber]) -> None:
    """By the name that a policy takes."""
    questions: dict[tuple[str, str, str], Callable[[], object]] = {
        ("sesv2", "list_email_identities", "ses:ListEmailIdentities"): lambda: list(ses.listed()),
        ("ses", "get_identity_notification_attributes", "ses:GetIdentityNotificationAttributes"): lambda: ses.topics(["a.example"]),
        ("sesv2", "get_configuration_set_event_destinations", "ses:GetConfigurationSetEventDestinations"): lambda: (
            ses.feedback_topics("x")
        ),
        ("sesv2", "get_account", "ses:GetAccount"): ses.vdm,
        ("sesv2", "get_configuration_set", "ses:GetConfigurationSet"): lambda: ses.set_vdm("x"),
    }
    for (service, operation, right), ask in questions.items():
        stubs[service].add_client_error(operation, "AccessDenied")
        with pytest.raises(RightMissing, match=f"{right} is missing"):
            ask()


def test_what_ses_does_not_have_is_told_from_what_it_does_not_say(ses: SesIdentities, stubs: dict[str, Stubber]) -> None:
    """Only NotFoundException says that there is none."""
    stubs["sesv2"].add_client_error("get_email_identity", "NotFoundException")
    with pytest.raises(NoIdentity):
        ses.identity("example.com")
    stubs["sesv2"].add_client_error("get_email_identity", "TooManyRequestsException")
    with pytest.raises(IdentityError, match="TooManyRequestsException") as refusal:
        ses.identity("example.com")
    assert type(refusal.value) is IdentityError


def test_silence_is_an_error_of_ours() -> None:
    """Not botocore's."""

    def nobody() -> None:
        raise EndpointConnectionError(endpoint_url="https://email.eu-west-1.amazonaws.com")

    with pytest.raises(IdentityError, match="SES did not answer GetAccount: EndpointConnectionError"):
        answer_of("ses:GetAccount", nobody)
