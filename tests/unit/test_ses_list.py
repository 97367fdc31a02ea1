"""The requests about SES's suppression list, against botocore's own model of the service."""

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber

from ses_warden.adapters.ses_list import MOST_SINGLE, SesSuppressionList
from ses_warden.adapters.ses_pace import PACE_SECONDS
from ses_warden.application.sync_suppression import Wish
from ses_warden.domain.reconciliation import Listed
from ses_warden.errors import SuppressionListError
from tests.support.aws import shared, stubbed

AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
MANY = [Wish(f"r{number}@example.com", "BOUNCE") for number in range(MOST_SINGLE)]
GONE = [Wish("Jane@example.com", None)]


class Store:
    """What S3 was given, and whether it still has it."""

    def __init__(self) -> None:
        """It is empty."""
        self.objects: dict[str, bytes] = {}
        self.bodies: list[bytes] = []

    def put_object(self, **request: Any) -> None:
        """Keeps it."""
        self.objects[request["Key"]] = request["Body"]
        self.bodies.append(request["Body"])

    def delete_object(self, **request: Any) -> None:
        """Forgets it."""
        del self.objects[request["Key"]]


@pytest.fixture
def client() -> Any:
    """One for all."""
    return shared("sesv2")


@pytest.fixture
def stub(client: Any) -> Iterator[Stubber]:
    """Answers in SES's place."""
    with stubbed(client) as stub:
        yield stub


@pytest.fixture
def slept() -> list[float]:
    """How long was waited each time."""
    return []


@pytest.fixture
def store() -> Store:
    """A bucket."""
    return Store()


@pytest.fixture
def ses(client: Any, slept: list[float], store: Store) -> SesSuppressionList:
    """The list; time passes by sleeping alone."""
    return SesSuppressionList(client, lambda: store, "quarantine", sleep=slept.append, monotonic=lambda: sum(slept))


def test_the_list_is_read_in_pages_one_a_second(ses: SesSuppressionList, stub: Stubber, slept: list[float]) -> None:
    """1,000 addresses a page, until there is no token."""
    row = {"EmailAddress": "Jane@example.com", "Reason": "BOUNCE", "LastUpdateTime": AT}
    stub.add_response(
        "list_suppressed_destinations", {"SuppressedDestinationSummaries": [row], "NextToken": "t"}, {"PageSize": 1000}
    )
    stub.add_response(
        "list_suppressed_destinations", {"SuppressedDestinationSummaries": [row]}, {"PageSize": 1000, "NextToken": "t"}
    )
    assert list(ses.listed()) == [Listed("Jane@example.com", "BOUNCE", AT)] * 2
    assert slept == [PACE_SECONDS]


def test_a_few_changes_are_single_calls(ses: SesSuppressionList, stub: Stubber, slept: list[float]) -> None:
    """Each a second after the other; an address that is not there any more is as it should be."""
    done: list[int] = []
    stub.add_response("put_suppressed_destination", {}, {"EmailAddress": "joe@example.com", "Reason": "COMPLAINT"})
    stub.add_client_error(
        "delete_suppressed_destination", "NotFoundException", expected_params={"EmailAddress": "Jane@example.com"}
    )
    ses.change([Wish("joe@example.com", "COMPLAINT"), *GONE], done.append)
    assert (done, slept) == ([1, 2], [PACE_SECONDS])


def test_an_address_is_looked_up_and_taken_off_by_each_spelling(ses: SesSuppressionList, stub: Stubber, slept: list[float]) -> None:
    """SES manages its list by exact spelling; those that are not on it are no failure."""
    one = {"EmailAddress": "Jane@example.com", "Reason": "BOUNCE", "LastUpdateTime": AT}
    stub.add_response("get_suppressed_destination", {"SuppressedDestination": one}, {"EmailAddress": "Jane@example.com"})
    stub.add_client_error("get_suppressed_destination", "NotFoundException", expected_params={"EmailAddress": "jane@example.com"})
    stub.add_response("delete_suppressed_destination", {}, {"EmailAddress": "Jane@example.com"})
    stub.add_client_error(
        "delete_suppressed_destination", "NotFoundException", expected_params={"EmailAddress": "jane@example.com"}
    )
    spellings = ["Jane@example.com", "jane@example.com"]
    assert ses.find(spellings) == [Listed("Jane@example.com", "BOUNCE", AT)]
    assert ses.remove(spellings) == ["Jane@example.com"]
    assert slept == [PACE_SECONDS] * 3


def job(stub: Stubber, action: str, *answers: dict[str, Any]) -> None:
    """SES takes an import job and says in turn how it goes."""
    request = {
        "ImportDestination": {"SuppressionListDestination": {"SuppressionListImportAction": action}},
        "ImportDataSource": {"S3Url": ANY, "DataFormat": "JSON"},
    }
    stub.add_response("create_import_job", {"JobId": f"job-{action}"}, request)
    for answer in answers:
        stub.add_response("get_import_job", answer, {"JobId": f"job-{action}"})


def test_many_changes_are_import_jobs(ses: SesSuppressionList, stub: Stubber, store: Store) -> None:
    """Removals first, each kind in a file of its own, a JSON object a line; the files name recipients, and are deleted."""
    done: list[int] = []
    job(stub, "DELETE", {"JobStatus": "PROCESSING"}, {"JobStatus": "COMPLETED", "FailedRecordsCount": 0})
    job(stub, "PUT", {"JobStatus": "COMPLETED"})
    ses.change([*MANY, *GONE], done.append)
    assert done == [1, MOST_SINGLE + 1]
    removed, added = store.bodies
    assert removed == b'{"emailAddress": "Jane@example.com"}\n'
    assert added.splitlines()[0] == b'{"emailAddress": "r0@example.com", "reason": "BOUNCE"}'
    assert len(added.splitlines()) == MOST_SINGLE
    assert store.objects == {}


def test_removals_come_in_files_of_ten_thousand(ses: SesSuppressionList, stub: Stubber, store: Store) -> None:
    """SES takes a tenth as many as it does of additions."""
    for _ in range(2):
        job(stub, "DELETE", {"JobStatus": "COMPLETED"})
    done: list[int] = []
    ses.change([Wish(f"r{number}@example.com", None) for number in range(10_001)], done.append)
    assert done == [10_000, 10_001]
    assert [len(body.splitlines()) for body in store.bodies] == [10_000, 1]


@pytest.mark.parametrize(
    "answer", [{"JobStatus": "FAILED"}, {"JobStatus": "CANCELLED"}, {"JobStatus": "COMPLETED", "FailedRecordsCount": 3}]
)
def test_a_job_that_fails_is_named(ses: SesSuppressionList, stub: Stubber, store: Store, answer: dict[str, Any]) -> None:
    """With how many addresses failed; its file is deleted all the same."""
    job(stub, "PUT", answer)
    with pytest.raises(SuppressionListError, match=r"job-PUT \(PUT\) is .* addresses failed"):
        ses.change([*MANY, MANY[0]], lambda _: None)
    assert store.objects == {}


LEAVING = [Wish(f"r{number}@example.com", None) for number in range(MOST_SINGLE + 1)]


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED"])
@pytest.mark.parametrize(("there", "fails"), [("R0@example.com", False), ("r7@example.com", True)])
def test_removals_that_failed_are_looked_for_on_the_list(
    ses: SesSuppressionList, stub: Stubber, slept: list[float], store: Store, *, status: str, there: str, fails: bool
) -> None:
    """SES may count as failed what was not there. One look through the list, one page a second; another spelling is another row."""
    job(stub, "DELETE", {"JobStatus": status, "FailedRecordsCount": 3})
    rows = [{"EmailAddress": one, "Reason": "BOUNCE", "LastUpdateTime": AT} for one in ("ann@example.org", there)]
    page = "list_suppressed_destinations"
    stub.add_response(page, {"SuppressedDestinationSummaries": rows[:1], "NextToken": "t"}, {"PageSize": 1000})
    stub.add_response(page, {"SuppressedDestinationSummaries": rows[1:]}, {"PageSize": 1000, "NextToken": "t"})
    with pytest.raises(SuppressionListError, match=r"job-DELETE .* 3 addresses failed") if fails else nullcontext():
        ses.change(LEAVING, lambda _: None)
    assert store.objects == {}
    assert slept == [PACE_SECONDS] * 3


def test_a_removal_that_failed_without_a_count_is_a_fault(ses: SesSuppressionList, stub: Stubber) -> None:
    """Nothing says that any address was looked at."""
    job(stub, "DELETE", {"JobStatus": "FAILED"})
    with pytest.raises(SuppressionListError, match="FAILED"):
        ses.change(LEAVING, lambda _: None)


def test_additions_go_on_after_removals_that_were_done_before(ses: SesSuppressionList, stub: Stubber) -> None:
    """Two jobs of removals fail in part, and are looked for once."""
    done: list[int] = []
    for _ in range(2):
        job(stub, "DELETE", {"JobStatus": "COMPLETED", "FailedRecordsCount": 1})
    stub.add_response("list_suppressed_destinations", {"SuppressedDestinationSummaries": []}, {"PageSize": 1000})
    job(stub, "PUT", {"JobStatus": "COMPLETED"})
    ses.change([*MANY, *(Wish(f"r{number}@example.com", None) for number in range(10_001))], done.append)
    assert done == [10_000, 10_001, 10_001 + MOST_SINGLE]


def test_a_question_about_a_job_that_fails_is_asked_again(ses: SesSuppressionList, stub: Stubber, store: Store) -> None:
    """The job goes on meanwhile, and its file stays until it has ended."""
    job(stub, "PUT")
    stub.add_client_error("get_import_job", "TooManyRequestsException", expected_params={"JobId": "job-PUT"})
    stub.add_response("get_import_job", {"JobStatus": "COMPLETED"}, {"JobId": "job-PUT"})
    ses.change([*MANY, MANY[0]], lambda _: None)
    assert store.objects == {}


def test_a_job_that_may_not_be_asked_about_is_not_waited_for(ses: SesSuppressionList, stub: Stubber, store: Store) -> None:
    """No answer would come within the hour; its file stays, since SES may still read it."""
    job(stub, "PUT")
    stub.add_client_error("get_import_job", "AccessDeniedException", expected_params={"JobId": "job-PUT"})
    stub.add_response("get_account", {"ProductionAccessEnabled": True}, {})
    with pytest.raises(SuppressionListError, match="ses:GetImportJob"):
        ses.change([*MANY, MANY[0]], lambda _: None)
    assert len(store.objects) == 1


def test_a_job_that_is_refused_leaves_no_file(ses: SesSuppressionList, stub: Stubber, store: Store) -> None:
    """It names recipients."""
    stub.add_client_error("create_import_job", "LimitExceededException")
    with pytest.raises(SuppressionListError, match="LimitExceededException"):
        ses.change([*MANY, MANY[0]], lambda _: None)
    assert store.objects == {}


def test_a_job_that_never_ends_is_given_up(ses: SesSuppressionList, stub: Stubber, store: Store) -> None:
    """After an hour, in words; its file stays, since SES may still read it."""
    job(stub, "PUT", *[{"JobStatus": "PROCESSING"}] * 721)
    with pytest.raises(SuppressionListError, match="still PROCESSING after an hour"):
        ses.change([*MANY, MANY[0]], lambda _: None)
    assert len(store.objects) == 1


@pytest.mark.parametrize(("production", "said"), [(False, "sandbox"), (True, "BadRequestException")])
def test_the_sandboxs_refusal_is_explained(ses: SesSuppressionList, stub: Stubber, production: bool, said: str) -> None:
    """SES itself says bad request; whether that is the sandbox, the account tells. No address is repeated."""
    stub.add_client_error("put_suppressed_destination", "BadRequestException", "jane@example.com may not")
    stub.add_response("get_account", {"ProductionAccessEnabled": production}, {})
    with pytest.raises(SuppressionListError, match=said) as raised:
        ses.change([Wish("jane@example.com", "BOUNCE")], lambda _: None)
    assert "jane" not in str(raised.value)


def test_a_bucket_that_refuses_is_named(client: Any, stub: Stubber) -> None:
    """SES is not asked for a job without its file."""
    s3 = shared("s3")
    with Stubber(s3) as bucket:
        bucket.add_client_error("put_object", "AccessDenied")
        with pytest.raises(SuppressionListError, match=r"S3 .* AccessDenied"):
            SesSuppressionList(client, lambda: s3, "quarantine").change([*MANY, *GONE], lambda _: None)
    assert stub


def test_silence_is_no_refusal(slept: list[float]) -> None:
    """Where nobody answers, the message says so."""

    def deaf(**_: Any) -> None:
        raise EndpointConnectionError(endpoint_url="https://email.eu-west-1.amazonaws.com")

    client = SimpleNamespace(list_suppressed_destinations=deaf)
    with pytest.raises(SuppressionListError, match="did not answer"):
        list(SesSuppressionList(client, lambda: None, "quarantine", sleep=slept.append).listed())
