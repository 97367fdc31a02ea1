"""SES's account-level suppression list: read in pages, changed one by one or by import jobs.

SES takes one request a second of all of these: https://docs.aws.amazon.com/ses/latest/dg/quotas.html
"""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import batched
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.failures import code_of
from ses_warden.adapters.ses_pace import Pace
from ses_warden.application.sync_suppression import Wish
from ses_warden.domain.reconciliation import Listed
from ses_warden.errors import Sandboxed, SuppressionListError

PAGE = 1000
# One call a second for each of more would take longer than an import job.
MOST_SINGLE = 50
# https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html
MOST_IN_A_FILE = {"PUT": 100_000, "DELETE": 10_000}
_POLL_SECONDS = 5.0
_LONGEST_JOB_SECONDS = 3600.0
_SANDBOX = (
    "the account is in SES's sandbox in this Region, where the suppression list cannot be managed, neither one by one nor by "
    "import jobs. Ask for production access first: https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html"
)


class SesSuppressionList:
    """The ports `SesList` and `Refusals` on SES's API, version 2. Files of import jobs go to `bucket` for as long as a job runs.

    More changes than `most_single` are import jobs; None: there are none, whatever the number.
    """

    def __init__(
        self,
        client: Any,
        s3: Callable[[], Any],
        bucket: str,
        *,
        most_single: int | None = MOST_SINGLE,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._s3 = s3
        self._bucket = bucket
        self._most_single = most_single
        self._sleep = sleep
        self._monotonic = monotonic
        self._paced = Pace(sleep, monotonic)

    def listed(self) -> Iterator[Listed]:
        """See the port: 1,000 addresses a call."""
        page: dict[str, Any] = {}
        while True:
            answer = self._ask(self._client.list_suppressed_destinations, PageSize=PAGE, **page)
            for one in answer["SuppressedDestinationSummaries"]:
                yield Listed(one["EmailAddress"], one["Reason"], one["LastUpdateTime"])
            if not answer.get("NextToken"):
                return
            page = {"NextToken": answer["NextToken"]}

    def change(self, wishes: Sequence[Wish], done: Callable[[int], None]) -> None:
        """See the port."""
        if self._most_single is not None and len(wishes) > self._most_single:
            self._change_in_bulk(wishes, done)
            return
        for number, wish in enumerate(wishes, 1):
            if wish.reason:
                self._ask(self._client.put_suppressed_destination, EmailAddress=wish.address, Reason=wish.reason)
            else:
                self._ask(self._client.delete_suppressed_destination, absent_is_fine=True, EmailAddress=wish.address)
            done(number)

    def find(self, spellings: Iterable[str]) -> list[Listed]:
        """See the port: one call for each spelling."""
        found: list[Listed] = []
        for spelling in spellings:
            answer = self._ask(self._client.get_suppressed_destination, absent_is_fine=True, EmailAddress=spelling)
            if answer is not None:
                one = answer["SuppressedDestination"]
                found.append(Listed(one["EmailAddress"], one["Reason"], one["LastUpdateTime"]))
        return found

    def remove(self, spellings: Iterable[str]) -> list[str]:
        """See the port: one call for each spelling."""
        delete = self._client.delete_suppressed_destination
        return [one for one in spellings if self._ask(delete, absent_is_fine=True, EmailAddress=one) is not None]

    def _change_in_bulk(self, wishes: Sequence[Wish], done: Callable[[int], None]) -> None:
        # Whether a removal of what is not there counts as failed is not documented; that none is there is what was wanted.
        finished = 0
        kinds = {"DELETE": [wish for wish in wishes if not wish.reason], "PUT": [wish for wish in wishes if wish.reason]}
        for action, some in kinds.items():
            doubts: list[SuppressionListError] = []
            for part in batched(some, MOST_IN_A_FILE[action], strict=False):
                doubts += self._import(action, part)
                finished += len(part)
                done(finished)
            if doubts and not {wish.address for wish in some}.isdisjoint(one.address for one in self.listed()):
                raise doubts[0]

    def _import(self, action: str, wishes: Sequence[Wish]) -> list[SuppressionListError]:
        """Runs a job. Raises what was wrong with it; a DELETE of which records failed is only doubted."""
        key = f"suppression-sync/{uuid.uuid4().hex}.json"
        lines = (
            json.dumps({"emailAddress": wish.address} | ({"reason": wish.reason} if wish.reason else {})) + "\n" for wish in wishes
        )
        self._store(self._s3().put_object, Bucket=self._bucket, Key=key, Body="".join(lines).encode())
        # The file names recipients. While a job may still read it, it stays: then the bucket's lifecycle deletes it.
        fault: SuppressionListError | None = None
        failed = 0
        try:
            job = self._ask(
                self._client.create_import_job,
                ImportDestination={"SuppressionListDestination": {"SuppressionListImportAction": action}},
                ImportDataSource={"S3Url": f"s3://{self._bucket}/{key}", "DataFormat": "JSON"},
            )["JobId"]
        except SuppressionListError as error:
            fault = error
        else:
            fault, failed = self._fault_of(job, action)
        doubted = [fault] if fault and failed and action == "DELETE" else []
        try:
            self._store(self._s3().delete_object, Bucket=self._bucket, Key=key)
        finally:
            if fault and not doubted:
                raise fault
        return doubted

    def _fault_of(self, job: str, action: str) -> tuple[SuppressionListError | None, int]:
        """What was wrong with a job that has ended, and how many records failed.

        Raises `SuppressionListError` where it may still run after an hour.
        """
        until = self._monotonic() + _LONGEST_JOB_SECONDS
        while True:
            try:
                answer = self._ask(self._client.get_import_job, JobId=job)
            except SuppressionListError as error:
                if isinstance(error.__cause__, ClientError) and code_of(error.__cause__) == "AccessDeniedException":
                    raise SuppressionListError(
                        f"SES's import job {job} ({action}) was started, and may not be asked about: that needs the right "
                        "ses:GetImportJob. Compare again when it has ended"
                    ) from error
                # The job goes on without us.
                answer, status = {}, str(error)
            else:
                status = answer["JobStatus"]
            failed = int(answer.get("FailedRecordsCount", 0))
            if status == "COMPLETED" and not failed:
                return None, 0
            if status in ("COMPLETED", "FAILED", "CANCELLED"):
                fault = SuppressionListError(
                    f"SES's import job {job} ({action}) is {status}, {failed} addresses failed; "
                    "`aws sesv2 get-import-job` says where it lists them. Another run tries the rest again"
                )
                return fault, failed
            if self._monotonic() >= until:
                raise SuppressionListError(f"SES's import job {job} ({action}) is still {status} after an hour")
            self._sleep(_POLL_SECONDS)

    def _ask(self, operation: Callable[..., Any], *, absent_is_fine: bool = False, **request: Any) -> Any:
        try:
            return self._paced(operation, **request)
        except ClientError as error:
            # Messages may repeat the address: only the code is passed on.
            code = code_of(error)
            if absent_is_fine and code == "NotFoundException":
                return None
            if code in ("BadRequestException", "AccessDeniedException") and self._is_in_sandbox():
                raise Sandboxed(_SANDBOX) from error
            raise SuppressionListError(f"SES refused a request about its suppression list: {code}") from error
        except BotoCoreError as error:
            raise SuppressionListError(f"SES did not answer about its suppression list: {code_of(error)}") from error

    def _is_in_sandbox(self) -> bool:
        try:
            return self._paced(self._client.get_account).get("ProductionAccessEnabled") is False
        except (ClientError, BotoCoreError):
            return False

    def _store(self, operation: Callable[..., Any], **request: Any) -> None:
        try:
            operation(**request)
        except (ClientError, BotoCoreError) as error:
            raise SuppressionListError(f"S3 did not take or delete the file of an import job: {code_of(error)}") from error
