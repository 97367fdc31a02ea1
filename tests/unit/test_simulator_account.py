"""The local SES keeps an account: its switches, its suppression list, its sandbox; boto3 checks the answers."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ses_warden.adapters.ses import SesSwitch
from ses_warden_simulator.account import Account
from ses_warden_simulator.profiles import Profile, Profiles
from ses_warden_simulator.server import Server
from ses_warden_simulator.service import Options, Service
from tests.simulator_fakes import ALL, MemoryBackend, ask, client_of, refused, simple

CALM = Profile(hard_bounce=0, soft_bounce=0, late=0, complaint=0, open=0, click=0, out_of_office=0)
GONE, ANGRY = CALM.model_copy(update={"hard_bounce": 1.0}), CALM.model_copy(update={"complaint": 1.0})
PROFILES = Profiles(default=CALM, domains={"gone.example": GONE, "angry.example": ANGRY})


@pytest.fixture
def backend() -> MemoryBackend:
    """An emulator that knows a configuration set with a topic for everything, and a tenant."""
    made = MemoryBackend(tenants={"shop": "tn-1"})
    made.subscribe("all", *ALL)
    return made


@pytest.fixture
def service(backend: MemoryBackend) -> Service:
    """A simulator in which time passes only when it is flushed."""
    return Service(backend, Options(speed=1e-6, profiles=PROFILES))


@pytest.fixture
def server(service: Service) -> Iterator[Server]:
    """The simulator, served."""
    with Server(service, 0) as started:
        yield started


@pytest.fixture
def ses(server: Server) -> Any:
    """A client of it."""
    return client_of(server)


def sub_types(backend: MemoryBackend) -> list[str]:
    """The sub-types of the bounces that were published."""
    return [event["bounce"]["bounceSubType"] for event in backend.events() if event["eventType"] == "Bounce"]


def test_an_account_is_described(ses: Any) -> None:
    """All that a sender asks of GetAccount is there."""
    account = ses.get_account()
    assert account["SendingEnabled"]
    assert account["ProductionAccessEnabled"]
    assert account["EnforcementStatus"] == "HEALTHY"
    assert account["SuppressionAttributes"]["SuppressedReasons"] == ["BOUNCE", "COMPLAINT"]
    assert account["SendQuota"]["SentLast24Hours"] == 0


def test_the_quota_counts_recipients_but_not_simulated_ones(ses: Any) -> None:
    """SES does not count its mailbox simulator."""
    ses.send_email(**simple("a@calm.example", "b@calm.example", "success@simulator.amazonses.com"))
    assert ses.get_account()["SendQuota"]["SentLast24Hours"] == 2


def test_the_quota_forgets_after_a_day() -> None:
    """What was sent 25 hours ago counts no more, what was sent 22 hours ago does."""
    account = Account()
    account.count_sent(5, datetime.now(UTC) - timedelta(hours=25))
    assert account.sent_last_day() == 0
    account.count_sent(3, datetime.now(UTC) - timedelta(hours=22))
    assert account.sent_last_day() == 3


def test_a_paused_account_sends_nothing(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """The next send is refused, in bulk too, until sending is switched on again."""
    backend.templates["hello"] = {"Subject": "Hi"}
    ses.put_account_sending_attributes(SendingEnabled=False)
    assert not ses.get_account()["SendingEnabled"]
    with refused("SendingPausedException"):
        ses.send_email(**simple("a@calm.example"))
    with refused("SendingPausedException"):
        ses.send_bulk_email(
            FromEmailAddress="a@example.com",
            DefaultContent={"Template": {"TemplateName": "hello", "TemplateData": "{}"}},
            BulkEmailEntries=[{"Destination": {"ToAddresses": ["a@calm.example"]}}],
        )
    ses.put_account_sending_attributes(SendingEnabled=True)
    ses.send_email(**simple("a@calm.example"))
    service.schedule.flush()
    assert [event["eventType"] for event in backend.events()] == ["Send", "Delivery"]


def test_a_paused_configuration_set_sends_nothing_and_the_others_do(ses: Any, backend: MemoryBackend) -> None:
    """The switch is the emulator's own; the simulator heeds it."""
    backend.subscribe("other")
    ses.put_configuration_set_sending_options(ConfigurationSetName="all", SendingEnabled=False)
    with refused("SendingPausedException"):
        ses.send_email(**simple("a@calm.example"))
    assert ses.send_email(**simple("a@calm.example", ConfigurationSetName="other"))["MessageId"]
    ses.put_configuration_set_sending_options(ConfigurationSetName="all", SendingEnabled=True)
    assert ses.send_email(**simple("a@calm.example"))["MessageId"]


def test_a_paused_tenant_sends_nothing_and_the_others_do(ses: Any, backend: MemoryBackend) -> None:
    """A tenant's switch is its reputation entity's."""
    backend.tenants["other"] = "tn-2"
    arn = ses.get_tenant(TenantName="shop")["Tenant"]["TenantArn"]
    entity = {"ReputationEntityType": "RESOURCE", "ReputationEntityReference": arn}
    ses.update_reputation_entity_customer_managed_status(**entity, SendingStatus="DISABLED")
    shown = ses.get_reputation_entity(**entity)["ReputationEntity"]
    assert shown["CustomerManagedStatus"]["Status"] == "DISABLED"
    assert shown["SendingStatusAggregate"] == "DISABLED"
    assert ses.get_tenant(TenantName="shop")["Tenant"]["SendingStatus"] == "DISABLED"
    with refused("SendingPausedException"):
        ses.send_email(**simple("a@calm.example", TenantName="shop"))
    assert ses.send_email(**simple("a@calm.example", TenantName="other"))["MessageId"]
    ses.update_reputation_entity_customer_managed_status(**entity, SendingStatus="REINSTATED")
    assert ses.send_email(**simple("a@calm.example", TenantName="shop"))["MessageId"]


def test_reputation_entities_are_listed_and_filtered(ses: Any, backend: MemoryBackend) -> None:
    """Each tenant is one, and the filter takes status and prefix."""
    backend.tenants["other"] = "tn-2"
    arn = ses.get_tenant(TenantName="other")["Tenant"]["TenantArn"]
    entity = {"ReputationEntityType": "RESOURCE", "ReputationEntityReference": arn}
    ses.update_reputation_entity_customer_managed_status(**entity, SendingStatus="DISABLED")
    assert len(ses.list_reputation_entities()["ReputationEntities"]) == 2
    disabled = ses.list_reputation_entities(Filter={"SENDING_STATUS": "DISABLED"})["ReputationEntities"]
    assert [entity["ReputationEntityReference"] for entity in disabled] == [arn]
    assert ses.list_reputation_entities(Filter={"ENTITY_REFERENCE_PREFIX": arn})["ReputationEntities"] == disabled


@pytest.mark.parametrize("reference", ["arn:aws:ses:eu-west-1:000000000000:tenant/shop/tn-9", "nonsense"])
def test_an_entity_that_is_not_there_is_refused(ses: Any, reference: str) -> None:
    """Looking finds nothing; switching is a bad request, since AWS's operation knows no other error."""
    entity = {"ReputationEntityType": "RESOURCE", "ReputationEntityReference": reference}
    with refused("NotFoundException"):
        ses.get_reputation_entity(**entity)
    with refused("BadRequestException"):
        ses.update_reputation_entity_customer_managed_status(**entity, SendingStatus="DISABLED")


@pytest.mark.parametrize("scope", ["account", "configuration-set/all", "tenant/shop"])
def test_the_guards_switch_works_on_the_simulator(ses: Any, scope: str) -> None:
    """What the guard throws is thrown, read back and thrown back."""
    switch = SesSwitch(ses, sleep=lambda _: None)
    assert switch.is_on(scope)
    switch.turn(scope, on=False)
    assert not switch.is_on(scope)
    switch.turn(scope, on=True)
    assert switch.is_on(scope)


def test_a_suspended_account_sends_nothing(ses: Any, server: Server) -> None:
    """AWS's own word is put by the simulator's own page, and shown by GetAccount."""
    scope = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20261124/eu-west-1/ses/aws4_request"}
    ask(server, "PUT", "/_simulator/enforcement", b'{"EnforcementStatus": "SHUTDOWN"}', scope)
    assert ses.get_account()["EnforcementStatus"] == "SHUTDOWN"
    assert not ses.get_account()["SendingEnabled"]
    with refused("AccountSuspendedException"):
        ses.send_email(**simple("a@calm.example"))


def test_suppressed_addresses_are_managed_by_their_spelling(ses: Any) -> None:
    """Another case is another entry, and an entry must be spelt as it is."""
    ses.put_suppressed_destination(EmailAddress="Jane@Calm.example", Reason="BOUNCE")
    entry = ses.get_suppressed_destination(EmailAddress="Jane@Calm.example")["SuppressedDestination"]
    assert (entry["EmailAddress"], entry["Reason"]) == ("Jane@Calm.example", "BOUNCE")
    assert datetime.now(UTC) - entry["LastUpdateTime"] < timedelta(minutes=1)
    for call in (ses.get_suppressed_destination, ses.delete_suppressed_destination):
        with refused("NotFoundException"):
            call(EmailAddress="jane@calm.example")
    ses.put_suppressed_destination(EmailAddress="jane@calm.example", Reason="COMPLAINT")
    assert len(ses.list_suppressed_destinations()["SuppressedDestinationSummaries"]) == 2
    ses.delete_suppressed_destination(EmailAddress="Jane@Calm.example")
    (left,) = ses.list_suppressed_destinations()["SuppressedDestinationSummaries"]
    assert left["EmailAddress"] == "jane@calm.example"


def test_suppressed_addresses_are_heeded_whatever_the_case(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """The mail is accepted, and bounces, and the address is not listed anew."""
    ses.put_suppressed_destination(EmailAddress="Jane@Calm.example", Reason="BOUNCE")
    ses.send_email(**simple("jANE@calm.EXAMPLE"))
    service.schedule.flush()
    assert [event["eventType"] for event in backend.events()] == ["Send", "Bounce"]
    assert sub_types(backend) == ["OnAccountSuppressionList"]
    assert len(ses.list_suppressed_destinations()["SuppressedDestinationSummaries"]) == 1


def test_who_was_listed_for_a_complaint_complains(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """The complaint's sub-type says that no mail was sent."""
    ses.put_suppressed_destination(EmailAddress="a@calm.example", Reason="COMPLAINT")
    ses.send_email(**simple("a@calm.example"))
    service.schedule.flush()
    assert backend.events()[-1]["complaint"]["complaintSubType"] == "OnAccountSuppressionList"


@pytest.mark.parametrize(("domain", "reason"), [("gone", "BOUNCE"), ("angry", "COMPLAINT")])
def test_ses_itself_lists_who_bounced_or_complained(
    ses: Any, service: Service, backend: MemoryBackend, domain: str, reason: str
) -> None:
    """The entry names mail and feedback, and the next mail is not sent."""
    address = f"a@{domain}.example"
    made = ses.send_email(**simple(address))
    service.schedule.flush()
    entry = ses.get_suppressed_destination(EmailAddress=address)["SuppressedDestination"]
    assert entry["Reason"] == reason
    feedback = backend.events()[-1][reason.lower()]["feedbackId"]
    assert entry["Attributes"] == {"MessageId": made["MessageId"], "FeedbackId": feedback}
    ses.send_email(**simple(address))
    service.schedule.flush()
    last = backend.events()[-1]
    assert "OnAccountSuppressionList" in (last.get("bounce") or last["complaint"]).values()


def test_the_mailbox_simulator_is_never_listed(ses: Any, service: Service) -> None:
    """It bounces as often as one likes."""
    ses.send_email(**simple("bounce@simulator.amazonses.com", "complaint@simulator.amazonses.com"))
    service.schedule.flush()
    assert ses.list_suppressed_destinations()["SuppressedDestinationSummaries"] == []


def test_an_account_may_list_nobody(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """Without reasons SES lists nobody, and heeds no entry."""
    ses.put_account_suppression_attributes(SuppressedReasons=[])
    ses.put_suppressed_destination(EmailAddress="b@calm.example", Reason="BOUNCE")
    ses.send_email(**simple("a@gone.example", "b@calm.example"))
    service.schedule.flush()
    assert len(ses.list_suppressed_destinations()["SuppressedDestinationSummaries"]) == 1
    assert sub_types(backend) == ["General"]


def test_a_configuration_set_may_heed_no_list(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """Its own reasons outrank the account's."""
    backend.sets["all"]["SuppressionOptions"] = {"SuppressedReasons": ["COMPLAINT"]}
    ses.put_suppressed_destination(EmailAddress="b@calm.example", Reason="BOUNCE")
    ses.send_email(**simple("b@calm.example"))
    service.schedule.flush()
    assert sub_types(backend) == []


def test_a_tenant_has_a_list_of_its_own(ses: Any, service: Service, backend: MemoryBackend) -> None:
    """It keeps that tenant's mail, and nobody else's."""
    ses.put_suppressed_destination(EmailAddress="b@calm.example", Reason="BOUNCE", TenantName="shop")
    assert ses.list_suppressed_destinations()["SuppressedDestinationSummaries"] == []
    entry = ses.get_suppressed_destination(EmailAddress="b@calm.example", TenantName="shop")["SuppressedDestination"]
    assert entry["TenantName"] == "shop"
    ses.send_email(**simple("b@calm.example"))
    ses.send_email(**simple("b@calm.example", TenantName="shop"))
    service.schedule.flush()
    assert sub_types(backend) == ["OnTenantSuppressionList"]
    with refused("NotFoundException"):
        ses.list_suppressed_destinations(TenantName="none")


def test_the_list_comes_in_pages(ses: Any) -> None:
    """Each entry once, whatever is listed in between."""
    for number in range(5):
        ses.put_suppressed_destination(EmailAddress=f"a{number}@calm.example", Reason="BOUNCE")
    first = ses.list_suppressed_destinations(PageSize=2)
    ses.put_suppressed_destination(EmailAddress="a00@calm.example", Reason="BOUNCE")
    seen = [entry["EmailAddress"] for entry in first["SuppressedDestinationSummaries"]]
    token = first["NextToken"]
    while token:
        page = ses.list_suppressed_destinations(PageSize=2, NextToken=token)
        seen += [entry["EmailAddress"] for entry in page["SuppressedDestinationSummaries"]]
        token = page.get("NextToken")
    assert seen == [f"a{number}@calm.example" for number in range(5)]


def test_the_list_is_filtered(ses: Any) -> None:
    """By reason and by time."""
    ses.put_suppressed_destination(EmailAddress="a@calm.example", Reason="BOUNCE")
    ses.put_suppressed_destination(EmailAddress="b@calm.example", Reason="COMPLAINT")

    def listed(**query: Any) -> list[str]:
        return [entry["EmailAddress"] for entry in ses.list_suppressed_destinations(**query)["SuppressedDestinationSummaries"]]

    hour = timedelta(hours=1)
    assert listed(Reasons=["COMPLAINT"]) == ["b@calm.example"]
    assert listed(StartDate=datetime.now(UTC) + hour) == []
    assert listed(EndDate=datetime.now(UTC) - hour) == []
    assert len(listed(StartDate=datetime.now(UTC) - hour, EndDate=datetime.now(UTC) + hour)) == 2


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"PageSize": 0}, "BadRequestException"),
        ({"PageSize": 1001}, "BadRequestException"),
        ({"NextToken": "/w=="}, "InvalidNextTokenException"),
    ],
)
def test_a_page_that_cannot_be_is_refused(ses: Any, query: dict[str, Any], code: str) -> None:
    """With SES's error."""
    with refused(code):
        ses.list_suppressed_destinations(**query)


def test_the_sandbox_sends_to_verified_recipients_and_the_simulator_only(backend: MemoryBackend) -> None:
    """Address or domain may be verified; the refusal masks whose address is not."""
    backend.identities |= {"mail.example.com", "friend@calm.example"}
    with Server(Service(backend, Options(sandbox=True)), 0) as server:
        ses = client_of(server)
        assert ses.send_email(**simple("success@simulator.amazonses.com"))["MessageId"]
        assert ses.send_email(**simple("friend@calm.example"))["MessageId"]
        with refused("MessageRejected") as caught:
            ses.send_email(**simple("stranger@calm.example"))
        assert "stranger" not in str(caught.value)
        with refused("MessageRejected"):
            ses.send_email(**simple("friend@calm.example", FromEmailAddress="a@unverified.example"))


def test_the_sandbox_is_left_by_asking(backend: MemoryBackend) -> None:
    """Production access is granted at once; until then the suppression list is closed."""
    with Server(Service(backend, Options(sandbox=True)), 0) as server:
        ses = client_of(server)
        assert not ses.get_account()["ProductionAccessEnabled"]
        assert ses.get_account()["SendQuota"]["Max24HourSend"] == 200
        with refused("BadRequestException"):
            ses.put_suppressed_destination(EmailAddress="a@calm.example", Reason="BOUNCE")
        ses.put_account_details(MailType="MARKETING", WebsiteURL="https://www.example.com", ProductionAccessEnabled=True)
        account = ses.get_account()
        assert account["ProductionAccessEnabled"]
        assert account["Details"]["ReviewDetails"]["Status"] == "GRANTED"
        assert ses.send_email(**simple("stranger@calm.example"))["MessageId"]


def test_a_review_may_take_its_time(backend: MemoryBackend) -> None:
    """While AWS reviews the details they cannot be changed; what it grants in the end is there."""
    request = {"MailType": "TRANSACTIONAL", "WebsiteURL": "https://www.example.com", "ProductionAccessEnabled": True}
    with Server(Service(backend, Options(sandbox=True)), 0) as server:
        ses = client_of(server)
        scope = {"Authorization": "AWS4-HMAC-SHA256 Credential=test/20261124/eu-west-1/ses/aws4_request"}
        ask(server, "PUT", "/_simulator/review", b'{"Status": "PENDING"}', scope)
        ses.put_account_details(**request, UseCaseDescription="Receipts.", AdditionalContactEmailAddresses=["ops@example.com"])
        account = ses.get_account()
        assert not account["ProductionAccessEnabled"]
        assert account["Details"]["ReviewDetails"] == {"Status": "PENDING"}
        assert account["Details"]["AdditionalContactEmailAddresses"] == ["ops@example.com"]
        with refused("ConflictException"):
            ses.put_account_details(**request)
        ask(server, "PUT", "/_simulator/review", b'{"Status": "DENIED"}', scope)
        ses.put_account_details(**request)
        assert not ses.get_account()["ProductionAccessEnabled"]
        assert "UseCaseDescription" not in ses.get_account()["Details"]
        ask(server, "PUT", "/_simulator/review", b'{"Status": "GRANTED"}', scope)
        assert ses.get_account()["ProductionAccessEnabled"]


def test_accounts_and_regions_are_apart(server: Server) -> None:
    """What one pauses and suppresses is nothing to the others."""
    ses = client_of(server)
    ses.put_account_sending_attributes(SendingEnabled=False)
    ses.put_suppressed_destination(EmailAddress="a@calm.example", Reason="BOUNCE")
    for other in (client_of(server, region="us-east-1"), client_of(server, key="111122223333")):
        assert other.get_account()["SendingEnabled"]
        assert other.list_suppressed_destinations()["SuppressedDestinationSummaries"] == []
    same = client_of(server, key="another-key")
    assert not same.get_account()["SendingEnabled"]


def test_what_is_not_ours_is_passed_on_unchanged(ses: Any, backend: MemoryBackend) -> None:
    """Path, query, body and signature are those that came."""
    assert ses.get_configuration_set(ConfigurationSetName="all")["ConfigurationSetName"] == "all"
    with refused("NotFoundException"):
        ses.create_email_identity(EmailIdentity="mail.example.com")
    last = backend.forwarded[-1]
    assert (last.method, last.target) == ("POST", "/v2/email/identities")
    assert b"mail.example.com" in last.body
    assert last.caller.authorization.startswith("AWS4-HMAC-SHA256 Credential=test/")
