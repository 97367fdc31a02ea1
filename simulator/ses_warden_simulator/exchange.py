"""One request and its answer, free of the server that carries them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ses_warden_simulator.errors import ApiError

# https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
_SCOPE = re.compile(r"Credential=([!-+.0-~-]{1,128})/\d{8}/([a-z0-9-]{1,32})/")
_ACCOUNT = re.compile(r"\d{12}")
# The account of every caller whose access key is not itself the number of one: the same rule as MiniStack's and LocalStack's.
DEFAULT_ACCOUNT = "000000000000"
DEFAULT_KEY = "test"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: nothing is verified, but key and region say whose account it is.

    `authorization` is the header as it came, so that the emulator behind sees the same caller.
    """

    access_key: str
    region: str
    authorization: str = ""
    ip: str = "127.0.0.1"

    @classmethod
    def of(cls, authorization: str, default_region: str, ip: str) -> "Caller":
        """Reads the scope of a signature (version 4); an unsigned request comes from the default account."""
        scope = _SCOPE.search(authorization)
        key, region = scope.groups() if scope else (DEFAULT_KEY, default_region)
        return cls(key, region, authorization, ip)

    @property
    def account(self) -> str:
        """The number of the account."""
        return self.access_key if _ACCOUNT.fullmatch(self.access_key) else DEFAULT_ACCOUNT

    def arn(self, resource: str) -> str:
        """The ARN of a resource of SES in this account and region."""
        return f"arn:aws:ses:{self.region}:{self.account}:{resource}"


@dataclass(frozen=True, slots=True)
class Request:
    """A request of the REST API. `target` is path and query as they came, percent-encoded."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    caller: Caller

    @property
    def parts(self) -> tuple[str, ...]:
        """The path's segments, decoded one by one: an ARN within one keeps its slashes."""
        return tuple(unquote(part) for part in urlsplit(self.target).path.strip("/").split("/"))

    @property
    def query(self) -> dict[str, list[str]]:
        """The parameters of the query."""
        try:
            return parse_qs(urlsplit(self.target).query, max_num_fields=100)
        except ValueError:
            raise ApiError("The query has too many parameters.", "BadRequestException") from None


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: `headers` besides the length."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)


def answer(body: Mapping[str, Any]) -> Answer:
    """Success, with this body."""
    return Answer(HTTPStatus.OK, json.dumps(body, separators=(",", ":")).encode())


def refusal(error: ApiError) -> Answer:
    """An error in the form of AWS's REST APIs in JSON: the type in a header, the message in the body."""
    headers = (("Content-Type", "application/json"), ("x-amzn-ErrorType", error.code))
    return Answer(error.status, json.dumps({"message": error.message}).encode(), headers)
