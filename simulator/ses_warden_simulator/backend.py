"""The emulator behind: whatever the simulator does not own is there, and the events leave through its SNS."""

import json
import time
from collections import OrderedDict
from collections.abc import Mapping
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from threading import Lock
from typing import Any, Final, Protocol
from urllib.parse import quote, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from ses_warden_simulator.errors import ApiError, SetupError
from ses_warden_simulator.exchange import Answer, Caller, Request

SECONDS = 30
CACHED_SECONDS = 1.0
_MOST_CACHED = 10_000
_MOST_CLIENTS = 100
LARGEST_ANSWER = 64 * 1024 * 1024
# RFC 9110, section 7.6.1: what belongs to one connection, not to the message.
_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "proxy-connection"})
SUBJECT = "Amazon SES Email Event Notification"


class PublishError(Exception):
    """An event did not reach its topic; the message names the fault, not the event."""


class Backend(Protocol):
    """What the simulator needs of the emulator behind it."""

    def forward(self, request: Request) -> Answer:
        """Passes a request on, unchanged; raises `ApiError` when nobody answers."""
        ...

    def read(self, caller: Caller, *path: str, question: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """What `GET /v2/email/<path>` answers the caller, or None where that is not found; may be a second old.

        With a `question`, what that answers as the body of a POST (GetTenant is asked so).
        """
        ...

    def publish(self, caller: Caller, topic_arn: str, event: dict[str, Any]) -> None:
        """Publishes an event to a topic; raises `PublishError`."""
        ...


class HttpBackend:
    """The `Backend` port on an emulator's URL."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SetupError(f"--backend takes the URL of an AWS emulator, such as http://127.0.0.1:4566, not {url!r}")
        # Events that never happened must not get into an account.
        if parts.hostname.endswith((".amazonaws.com", ".amazonaws.com.cn", ".aws", ".api.aws")):
            raise SetupError("--backend takes the URL of an AWS emulator: the simulator publishes no events to AWS itself")
        self.url = url.rstrip("/")
        self._parts = parts
        self._lock = Lock()
        self._writes = 0
        self._seen: OrderedDict[tuple[str, str, str, bytes], tuple[float, dict[str, Any]]] = OrderedDict()
        self._topics: OrderedDict[tuple[str, str], Any] = OrderedDict()

    def forward(self, request: Request) -> Answer:
        """See the port."""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        answered = self._exchange(request.method, request.target, headers, request.body)
        if request.method != "GET":  # perhaps a write: SES asks some questions by POST
            with self._lock:
                self._writes += 1
                self._seen.clear()
        return answered

    def read(self, caller: Caller, *path: str, question: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """See the port."""
        target = "/v2/email/" + "/".join(quote(part, safe="") for part in path)
        body = b"" if question is None else json.dumps(question).encode()
        key = caller.account, caller.region, target, body
        now = time.monotonic()
        with self._lock:
            known, writes = self._seen.get(key), self._writes
        if known is not None and now - known[0] < CACHED_SECONDS:
            return known[1]
        headers = {"Host": self._parts.netloc, "Authorization": caller.authorization}
        answered = self._exchange("GET" if question is None else "POST", target, headers, body)
        found = _body(answered)
        with self._lock:
            # What was read before a write through us is history: a pause is in force from its answer on.
            if found is not None and writes == self._writes:
                self._seen[key] = now, found
            while len(self._seen) > _MOST_CACHED:
                self._seen.popitem(last=False)
        return found

    def publish(self, caller: Caller, topic_arn: str, event: dict[str, Any]) -> None:
        """See the port. SES ends its JSON with a new line (recorded)."""
        message = json.dumps(event, separators=(",", ":"), ensure_ascii=False) + "\n"
        try:
            self._topic_client(caller, topic_arn).publish(TopicArn=topic_arn, Message=message, Subject=SUBJECT)
        except ClientError as error:
            raise PublishError(error.response.get("Error", {}).get("Code", "")) from error
        except BotoCoreError as error:
            raise PublishError(type(error).__name__) from error

    def _topic_client(self, caller: Caller, topic_arn: str) -> Any:
        fields = topic_arn.split(":")
        region = fields[3] if len(fields) == 6 else caller.region  # noqa: PLR2004 - the parts of a topic's ARN
        key = caller.access_key, region
        with self._lock:
            if key not in self._topics:
                # Never the credentials of this process: they may be those of an account.
                session = boto3.Session(caller.access_key, "simulator", region_name=region)
                config = Config(retries={"max_attempts": 3, "mode": "standard"}, connect_timeout=5, read_timeout=SECONDS)
                self._topics[key] = session.client("sns", endpoint_url=self.url, config=config)
                while len(self._topics) > _MOST_CLIENTS:
                    self._topics.popitem(last=False)
            return self._topics[key]

    def _exchange(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Answer:
        kind = HTTPSConnection if self._parts.scheme == "https" else HTTPConnection
        with closing(kind(self._parts.hostname or "", self._parts.port, timeout=SECONDS)) as connection:
            try:
                connection.request(method, target, body, headers)
                response = connection.getresponse()
                content = response.read(LARGEST_ANSWER + 1)
            except (OSError, HTTPException, ValueError):  # a header that cannot be sent is a ValueError
                raise self._silent() from None
        if len(content) > LARGEST_ANSWER:
            raise self._silent()
        return Answer(response.status, content, tuple(pair for pair in response.getheaders() if _passes(pair[0])))

    def _silent(self) -> ApiError:
        message = f"The emulator behind the simulator ({self._parts.netloc}) does not answer."
        return ApiError(message, "InternalServiceErrorException", HTTPStatus.BAD_GATEWAY)


def _passes(name: str) -> bool:
    return name.lower() not in {*_HOP_BY_HOP, "content-length", "date", "server"}


def _body(answered: Answer) -> dict[str, Any] | None:
    if answered.status == HTTPStatus.NOT_FOUND:
        return None
    try:
        body = json.loads(answered.body)
    except (ValueError, RecursionError):
        body = None
    if answered.status != HTTPStatus.OK or not isinstance(body, dict):
        raise ApiError("The emulator behind the simulator did not answer as SES does.", status=HTTPStatus.BAD_GATEWAY)
    return body
