"""The account's requests against botocore's own model of SES, and what is read of odd answers."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from ses_warden.adapters.account import SesAccount, account_from
from ses_warden.domain.account import Account, Details, Quota, Review
from ses_warden.domain.production import (
    LONGEST_CONTACT,
    LONGEST_USE_CASE,
    LONGEST_WEBSITE,
    MOST_CONTACTS,
    SHORTEST_CONTACT,
    AccessRequest,
    Language,
    MailType,
    faults_of,
)
from ses_warden.errors import AccountError, NothingToDo
from tests.support.aws import client_for, shared, stubbed

FULL = {
    "DedicatedIpAutoWarmupEnabled": True,
    "EnforcementStatus": "HEALTHY",
    "ProductionAccessEnabled": True,
    "SendQuota": {"Max24HourSend": 50_000.0, "MaxSendRate": 14.0, "SentLast24Hours": 1_234.0},
    "SendingEnabled": True,
    "SuppressionAttributes": {
        "SuppressedReasons": ["BOUNCE"],
        "ValidationAttributes": {"ConditionThreshold": {"ConditionThresholdEnabled": "ENABLED"}},
    },
    "Details": {
        "MailType": "MARKETING",
        "WebsiteURL": "https://www.example.com",
        "ContactLanguage": "EN",
        "UseCaseDescription": "A newsletter.\r\n\x1b[31mFor readers.\n",
        "AdditionalContactEmailAddresses": ["ops@example.com"],
        "ReviewDetails": {"Status": "GRANTED", "CaseId": "4711"},
    },
    "VdmAttributes": {
        "VdmEnabled": "ENABLED",
        "DashboardAttributes": {"EngagementMetrics": "DISABLED"},
        "GuardianAttributes": {"OptimizedSharedDelivery": "ENABLED"},
    },
    "PricingAttributes": {"CurrentPlan": "PRO", "NextPlan": "NONE"},
}
REQUEST = AccessRequest(
    MailType.TRANSACTIONAL, "https://www.example.com", "Receipts.\nFor customers.", Language.JAPANESE, ("ops@example.com",)
)
SENT = {
    "MailType": "TRANSACTIONAL",
    "WebsiteURL": "https://www.example.com",
    "UseCaseDescription": "Receipts.\nFor customers.",
    "ContactLanguage": "JA",
    "AdditionalContactEmailAddresses": ["ops@example.com"],
    "ProductionAccessEnabled": True,
}


class Raw(BytesIO):
    """A body as urllib3 streams it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        """All at once."""
        yield self.read()


@pytest.fixture
def ses() -> Any:
    """SES, API version 2."""
    return shared("sesv2")


@pytest.fixture
def stub(ses: Any) -> Iterator[Stubber]:
    """Answers in SES's place."""
    with stubbed(ses) as stub:
        yield stub


def test_all_that_ses_says_is_read(ses: Any, stub: Stubber) -> None:
    """Each field of GetAccount has its place."""
    stub.add_response("get_account", FULL, {})
    assert SesAccount(ses).read() == Account(
        production=True,
        enforcement="HEALTHY",
        sending=True,
        quota=Quota(50_000.0, 14.0, 1_234.0),
        suppressed_reasons=("BOUNCE",),
        validation="ENABLED",
        vdm="ENABLED",
        vdm_engagement="DISABLED",
        vdm_shared_delivery="ENABLED",
        ip_warmup=True,
        plan="PRO",
        next_plan="NONE",
        details=Details("MARKETING", "https://www.example.com", "EN", "A newsletter.\nFor readers.", ("ops@example.com",)),
        review=Review("GRANTED", "4711"),
    )


@pytest.mark.parametrize("name", FULL)
def test_a_field_that_is_missing_is_not_known(name: str) -> None:
    """The others are read all the same."""
    account = account_from({key: value for key, value in FULL.items() if key != name})
    assert account != account_from(FULL)
    assert (account.enforcement is None) is (name == "EnforcementStatus")


@pytest.mark.parametrize("attributes", [{"SuppressedReasons": []}, {}, {"ValidationAttributes": {}}])
def test_suppression_without_reasons_is_switched_off(attributes: dict[str, Any]) -> None:
    """Whether SES says so by an empty list or by none; an answer without settings says nothing."""
    assert account_from({"SuppressionAttributes": attributes}).suppressed_reasons == ()
    assert account_from({}).suppressed_reasons is None


@pytest.mark.parametrize("value", [None, "", [], {}, 5, "x", [None], {"SuppressedReasons": None}, {"Status": 5}, float("nan")])
@pytest.mark.parametrize("name", FULL)
def test_a_field_of_another_shape_is_no_traceback(name: str, value: Any) -> None:
    """Whatever stands there."""
    account = account_from({**FULL, name: value})
    assert account.production in (True, None)
    assert account.quota.day in (50_000.0, None)


@pytest.mark.parametrize(
    ("quota", "read"),
    [
        ({"Max24HourSend": -1.0}, Quota(-1.0, None, None)),
        ({"Max24HourSend": float("inf"), "SentLast24Hours": float("nan"), "MaxSendRate": True}, Quota()),
        ({"Max24HourSend": 200, "SentLast24Hours": "3"}, Quota(200.0, None, None)),
        ({"Max24HourSend": -2.0, "SentLast24Hours": -1.0, "MaxSendRate": -1.0}, Quota()),
    ],
)
def test_a_number_that_makes_no_sense_is_not_known(quota: dict[str, Any], read: Quota) -> None:
    """-1 does: no limit."""
    assert account_from({"SendQuota": quota}).quota == read


def test_words_are_cleaned_and_bounded() -> None:
    """They come to terminals and alerts."""
    account = account_from({"EnforcementStatus": "\x1b[31mNEW\n" + "x" * 1_000})
    assert account.enforcement
    assert account.enforcement.startswith("NEW x")
    assert len(account.enforcement) == 100


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDeniedException", "right ses:GetAccount is missing"),
        ("TooManyRequestsException", "TooManyRequestsException"),
        ("UnrecognizedClientException", "UnrecognizedClientException"),
    ],
)
def test_a_refusal_names_the_right_or_the_code(ses: Any, stub: Stubber, code: str, words: str) -> None:
    """Not the message."""
    stub.add_client_error("get_account", code, "secret")
    with pytest.raises(AccountError, match=words) as caught:
        SesAccount(ses).read()
    assert "secret" not in str(caught.value)


def test_the_request_is_sent_as_it_was_shown(ses: Any, stub: Stubber) -> None:
    """All fields, and that it is for production access."""
    stub.add_response("put_account_details", {}, SENT)
    SesAccount(ses).request_production(REQUEST)


def test_what_was_not_given_is_not_sent(ses: Any, stub: Stubber) -> None:
    """SES takes no empty lists."""
    left = {key: value for key, value in SENT.items() if key not in ("ContactLanguage", "AdditionalContactEmailAddresses")}
    stub.add_response("put_account_details", {}, left)
    SesAccount(ses).request_production(AccessRequest(REQUEST.mail_type, REQUEST.website, REQUEST.use_case))


@pytest.mark.parametrize(
    ("code", "error", "words"),
    [
        ("ConflictException", NothingToDo, "under review already"),
        ("AccessDeniedException", AccountError, "right ses:PutAccountDetails is missing"),
        ("BadRequestException", AccountError, "BadRequestException"),
        ("TooManyRequestsException", AccountError, "TooManyRequestsException"),
    ],
)
def test_a_request_that_was_refused_says_why(ses: Any, stub: Stubber, code: str, error: type[Exception], words: str) -> None:
    """And repeats nothing of it."""
    stub.add_client_error("put_account_details", code, "ops@example.com")
    with pytest.raises(error, match=words) as caught:
        SesAccount(ses).request_production(REQUEST)
    assert "ops@" not in str(caught.value)


@pytest.mark.parametrize(
    "body", [b"[]", b"null", b'"x"', b'{"SendQuota": 5}', b'{"SendQuota": {"Max24HourSend": "abc"}}', b'{"Details": []}', b"\xff"]
)
def test_an_answer_that_no_ses_gives_is_an_error_in_words(body: bytes) -> None:
    """What botocore stumbles over, as an emulator may answer it."""

    def answer(request: Any, **_: Any) -> AWSResponse:
        headers: Any = {"content-type": "application/json"}
        return AWSResponse(request.url, 200, headers, Raw(body))

    client = client_for("sesv2")
    client.meta.events.register_first("before-send.sesv2", answer)
    with pytest.raises(AccountError, match="form that its API does not have"):
        SesAccount(client).read()


@pytest.mark.parametrize(("operation", "words"), [("read", "did not answer"), ("request", "may have taken")])
def test_silence_is_an_error(operation: str, words: str) -> None:
    """Of a request it is not known whether it arrived."""

    def cut(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://email.example")

    client = client_for("sesv2")
    client.meta.events.register_first("before-send.sesv2", cut)
    desk = SesAccount(client)
    with pytest.raises(AccountError, match=words):
        desk.read() if operation == "read" else desk.request_production(REQUEST)


def test_the_limits_are_those_of_the_api(ses: Any) -> None:
    """As botocore's model has them."""
    shape = ses.meta.service_model.operation_model("PutAccountDetails").input_shape
    contacts = shape.members["AdditionalContactEmailAddresses"]
    assert shape.members["UseCaseDescription"].metadata["max"] == LONGEST_USE_CASE
    assert shape.members["WebsiteURL"].metadata["max"] == LONGEST_WEBSITE
    assert contacts.metadata["max"] == MOST_CONTACTS
    assert (contacts.member.metadata["min"], contacts.member.metadata["max"]) == (SHORTEST_CONTACT, LONGEST_CONTACT)
    assert set(shape.members["MailType"].enum) == set(MailType)
    assert set(shape.members["ContactLanguage"].enum) == set(Language)


def asked(website: str = "https://www.example.com", use_case: str = "Receipts.", contacts: tuple[str, ...] = ()) -> list[str]:
    """The faults of a request."""
    return list(faults_of(AccessRequest(MailType.MARKETING, website, use_case, None, contacts)))


@pytest.mark.parametrize(
    "website",
    ["https://www.example.com", "http://example.co.jp/a?b=c#d", "https://xn--bcher-kva.example/", "https://bücher.example"],
)
def test_a_website_that_can_be_opened_is_fine(website: str) -> None:
    """By either scheme, with or without a path."""
    assert asked(website) == []


@pytest.mark.parametrize(
    ("website", "use_case", "contacts", "words"),
    [
        ("www.example.com", "x", (), "whole address"),
        ("", "x", (), "whole address"),
        ("ftp://example.com", "x", (), "whole address"),
        ("https://localhost", "x", (), "whole address"),
        ("https://.", "x", (), "whole address"),
        ("https://[example.com", "x", (), "whole address"),
        ("https://exa mple.com", "x", (), "whole address"),
        ("https://example.com/\x1b[31m", "x", (), "whole address"),
        ("https://example.com/" + "a" * 1000, "x", (), "may have 1,000"),
        ("https://example.com", " \n", (), "use case is empty"),
        ("https://example.com", "x" * 5001, (), "5,001 characters"),
        ("https://example.com", "a\x00b", (), "control characters"),
        ("https://example.com", "x", ("a@example.com",) * 5, "may be 4"),
        ("https://example.com", "x", ("a@example.com", "jane"), "contact 2"),
        ("https://example.com", "x", ("Jane <jane@example.com>",), "contact 1"),
        ("https://example.com", "\udcff", (), "control characters"),
        ("https://example.com", "x", ("a@b.c",), "contact 1"),
        ("https://example.com", "x", ("a@" + "b" * 60 + ".example" * 30,), "contact 1"),
    ],
)
def test_what_ses_or_a_reviewer_would_refuse_is_said_before(
    website: str, use_case: str, contacts: tuple[str, ...], words: str
) -> None:
    """One fault, which repeats no address."""
    [fault] = asked(website, use_case, contacts)
    assert words in fault
    assert "@" not in fault


def test_the_longest_that_is_taken_is_taken() -> None:
    """To the character."""
    assert asked("https://example.com/" + "a" * 980, "x" * 5000, tuple(f"ops{n}@example.com" for n in range(4))) == []


def test_a_request_is_in_no_log() -> None:
    """Texts and addresses are not in its representation."""
    shown = repr(REQUEST)
    assert "TRANSACTIONAL" in shown
    assert "example" not in shown
    assert "Receipts" not in shown
