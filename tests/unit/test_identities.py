"""SES's identities through its API: what is read from the answers, and who sends for whom (checked against botocore's model)."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from ses_warden.adapters.identities import SesIdentities
from ses_warden.adapters.ses_pace import PACE_SECONDS
from ses_warden.domain.identities import Dkim, Identity, MailFrom, Silence, candidates
from ses_warden.errors import AuditError
from tests.support.aws import client_for, stubbed

ANSWER: dict[str, Any] = {
    "IdentityType": "DOMAIN",
    "VerifiedForSendingStatus": True,
    "VerificationStatus": "SUCCESS",
    "DkimAttributes": {
        "SigningEnabled": True,
        "Status": "SUCCESS",
        "Tokens": ["aaa", "bbb", "ccc"],
        "SigningAttributesOrigin": "AWS_SES",
        "CurrentSigningKeyLength": "RSA_1024_BIT",
        "NextSigningKeyLength": "RSA_2048_BIT",
    },
    "MailFromAttributes": {
        "MailFromDomain": "Bounce.example.com",
        "MailFromDomainStatus": "PENDING",
        "BehaviorOnMxFailure": "REJECT_MESSAGE",
    },
}


@pytest.fixture
def client() -> Any:
    """A client that no request leaves."""
    return client_for("sesv2")


@pytest.fixture
def ses(client: Any) -> Iterator[Stubber]:
    """What SES answers, in turn; all of it must be asked for."""
    with stubbed(client) as stub:
        yield stub


def identities(client: Any, slept: list[float] | None = None) -> SesIdentities:
    """The adapter, which sleeps for nobody; its clock stands still."""
    return SesIdentities(client, sleep=(slept if slept is not None else []).append, monotonic=lambda: 0.0)


def test_an_identity_is_read_whole(client: Any, ses: Stubber) -> None:
    """Verification, DKIM with the length of its key, MAIL FROM."""
    ses.add_response("get_email_identity", ANSWER, {"EmailIdentity": "example.com"})
    view = identities(client).view("example.com")
    assert view.region == "eu-west-1"
    assert view.identity == Identity(
        name="example.com",
        verified=True,
        status="SUCCESS",
        dkim=Dkim(signs=True, status="SUCCESS", tokens=("aaa", "bbb", "ccc"), key="RSA_1024_BIT"),
        mail_from=MailFrom("bounce.example.com", "PENDING", rejects=True),
    )


def test_a_bare_answer_is_an_identity_that_may_not_send(client: Any, ses: Stubber) -> None:
    """Whatever is missing is not so."""
    ses.add_response("get_email_identity", {})
    assert identities(client).view("example.com").identity == Identity(name="example.com", verified=False, status="unknown")


def test_a_region_may_have_a_zone_of_its_own(client: Any, ses: Stubber) -> None:
    """And DKIM may come from another Region, or be one's own."""
    dkim = {"SigningHostedZone": "dkim.eu-west-1.amazonses.com.", "SigningAttributesOrigin": "EXTERNAL", "Tokens": ["mine"]}
    ses.add_response("get_email_identity", {"DkimAttributes": dkim})
    identity = identities(client).view("example.com").identity
    assert identity is not None
    assert (identity.dkim.zone, identity.dkim.is_own) == ("dkim.eu-west-1.amazonses.com", True)


def test_a_subdomain_is_sent_by_the_nearest_parents_identity(client: Any, ses: Stubber) -> None:
    """One question a second."""
    for name in ("a.news.example.com", "news.example.com"):
        ses.add_client_error("get_email_identity", "NotFoundException", expected_params={"EmailIdentity": name})
    ses.add_response("get_email_identity", ANSWER, {"EmailIdentity": "example.com"})
    slept: list[float] = []
    view = identities(client, slept).view("a.news.example.com")
    assert (view.identity and view.identity.name, slept) == ("example.com", [PACE_SECONDS] * 2)


def test_a_domain_that_ses_does_not_know_has_no_identity(client: Any, ses: Stubber) -> None:
    """Nor its parents; the top level is not asked for."""
    for name in ("news.example.com", "example.com"):
        ses.add_client_error("get_email_identity", "NotFoundException", expected_params={"EmailIdentity": name})
    view = identities(client).view("news.example.com")
    assert (view.identity, view.silence) == (None, Silence.NO_IDENTITY)


@pytest.mark.parametrize(
    ("code", "silence"),
    [
        ("AccessDeniedException", Silence.DENIED),
        ("TooManyRequestsException", Silence.NO_ANSWER),
        ("InternalServiceErrorException", Silence.NO_ANSWER),
    ],
)
def test_what_ses_does_not_say_is_no_missing_identity(client: Any, ses: Stubber, code: str, silence: Silence) -> None:
    """The right may be missing, or SES be busy."""
    ses.add_client_error("get_email_identity", code)
    view = identities(client).view("example.com")
    assert (view.identity, view.silence, view.detail) == (None, silence, code)


def test_a_ses_that_cannot_be_reached_says_nothing(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """As above, without a code."""

    def fail(**_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://email.eu-west-1.amazonaws.com")

    monkeypatch.setattr(client, "get_email_identity", fail)
    view = identities(client).view("example.com")
    assert (view.silence, view.detail) == (Silence.NO_ANSWER, "EndpointConnectionError")


def test_the_domains_are_listed_page_by_page(client: Any, ses: Stubber) -> None:
    """Without addresses; in order, and whether they may send."""
    page = [
        {"IdentityType": "DOMAIN", "IdentityName": "Shop.example", "SendingEnabled": True},
        {"IdentityType": "EMAIL_ADDRESS", "IdentityName": "jane@example.com", "SendingEnabled": True},
        {"IdentityType": "DOMAIN", "IdentityName": "later.example", "SendingEnabled": False},
    ]
    ses.add_response("list_email_identities", {"EmailIdentities": page, "NextToken": "t"}, {"PageSize": 1000})
    last = [{"IdentityType": "MANAGED_DOMAIN", "IdentityName": "example.com", "SendingEnabled": True}]
    ses.add_response("list_email_identities", {"EmailIdentities": last}, {"PageSize": 1000, "NextToken": "t"})
    assert identities(client).domains() == {"example.com": True, "later.example": False, "shop.example": True}


def test_who_may_not_list_is_told_which_right_is_missing(client: Any, ses: Stubber) -> None:
    """Or names the domains."""
    ses.add_client_error("list_email_identities", "AccessDeniedException")
    with pytest.raises(AuditError, match=r"AccessDeniedException.*ses:ListEmailIdentities.*AuditDomains"):
        identities(client).domains()


@pytest.mark.parametrize(
    ("domain", "names"),
    [
        ("example.com", ["example.com"]),
        ("a.example.com", ["a.example.com", "example.com"]),
        ("com", ["com"]),
        ("a.b.c.d.e.f.example.com", ["a.b.c.d.e.f.example.com", "b.c.d.e.f.example.com", "c.d.e.f.example.com"]),
    ],
)
def test_parents_are_asked_for_upwards_and_not_for_ever(domain: str, names: list[str]) -> None:
    """SES takes one question a second."""
    found = candidates(domain)
    assert found[: len(names)] == names
    assert len(found) <= 5
