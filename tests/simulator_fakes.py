"""The emulator behind the simulator, in memory and type-checked against the port, and how tests call the simulator."""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from http.client import HTTPConnection
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from ses_warden_simulator.backend import PublishError
from ses_warden_simulator.errors import Missing
from ses_warden_simulator.exchange import Answer, Caller, Request, answer, refusal
from ses_warden_simulator.server import Server

ALL = ("SEND", "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "OPEN", "CLICK", "RENDERING_FAILURE", "DELIVERY_DELAY")
TOPIC = "arn:aws:sns:eu-west-1:000000000000:events"


@dataclass
class MemoryBackend:
    """Configuration sets, templates, identities and tenants by name; `published` is what reached a topic, in order."""

    sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    destinations: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    templates: dict[str, dict[str, str]] = field(default_factory=dict)
    identities: set[str] = field(default_factory=set)
    tenants: dict[str, str] = field(default_factory=dict)
    published: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    forwarded: list[Request] = field(default_factory=list)
    deaf: bool = False

    def subscribe(self, name: str, *kinds: str, enabled: bool = True) -> None:
        """A configuration set with one topic for these types of event."""
        self.sets.setdefault(name, {"ConfigurationSetName": name})
        destination = {"Name": "d", "Enabled": enabled, "MatchingEventTypes": list(kinds), "SnsDestination": {"TopicArn": TOPIC}}
        self.destinations.setdefault(name, []).append(destination)

    def events(self) -> list[dict[str, Any]]:
        """What was published, whichever the topic."""
        return [event for _, event in self.published]

    def forward(self, request: Request) -> Answer:
        """See the port."""
        self.forwarded.append(request)
        body = json.loads(request.body or b"{}")
        match request.method, *request.parts:
            case "PUT", "v2", "email", "configuration-sets", name, "sending":
                self.sets[name]["SendingOptions"] = {"SendingEnabled": body.get("SendingEnabled", False)}
                return answer({})
            case "POST", "v2", "email", "tenants", "get":
                found = self.read(request.caller, "tenants", "get", question=body)
            case _, "v2", "email", *path:
                found = self.read(request.caller, *path)
            case _:
                found = None
        return refusal(Missing("nothing")) if found is None else answer(found)

    def read(self, caller: Caller, *path: str, question: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """See the port."""
        match path:
            case "configuration-sets", name:
                return self.sets.get(name)
            case "configuration-sets", name, "event-destinations":
                return {"EventDestinations": self.destinations.get(name, [])} if name in self.sets else None
            case "templates", name:
                return {"TemplateContent": self.templates[name]} if name in self.templates else None
            case "identities", name:
                return {"VerifiedForSendingStatus": True} if name in self.identities else None
            case "tenants", "get":
                name = (question or {})["TenantName"]
                return {"Tenant": self._tenant(caller, name)} if name in self.tenants else None
            case "tenants", "list":
                return {"Tenants": [self._tenant(caller, name) for name in self.tenants]}
            case _:
                return None

    def publish(self, caller: Caller, topic_arn: str, event: dict[str, Any]) -> None:  # noqa: ARG002 -- the port's
        """See the port."""
        if self.deaf:
            raise PublishError("NotFound")
        self.published.append((topic_arn, event))

    def _tenant(self, caller: Caller, name: str) -> dict[str, Any]:
        return {
            "TenantName": name,
            "TenantId": self.tenants[name],
            "TenantArn": caller.arn(f"tenant/{name}/{self.tenants[name]}"),
            "SendingStatus": "ENABLED",
        }


@cache
def _session(key: str, region: str) -> Any:
    return boto3.Session(key, "test", region_name=region)


def client_of(server: Server, *, key: str = "test", region: str = "eu-west-1") -> Any:
    """A client as any program has one."""
    return _session(key, region).client("sesv2", endpoint_url=server.url, config=Config(retries={"max_attempts": 1}))


def simple(*to: str, html: str | None = None, **more: Any) -> dict[str, Any]:
    """A request to send a plain mail."""
    body: dict[str, Any] = {"Html": {"Data": html}} if html else {"Text": {"Data": "Hello"}}
    return {
        "FromEmailAddress": "Example News <news@mail.example.com>",
        "Destination": {"ToAddresses": list(to)},
        "Content": {"Simple": {"Subject": {"Data": "Offers"}, "Body": body}},
        "ConfigurationSetName": "all",
        **more,
    }


def refused(code: str) -> Any:
    """The refusal that boto3 raises for this code."""
    return pytest.raises(ClientError, match=rf"\({code}\)")


def ask(
    server: Server,
    method: str,
    path: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
) -> tuple[int, Any, str]:
    """A request as curl makes it: the answer's status, its body read as JSON, and the error's type where it is one."""
    with closing(HTTPConnection(server.url.partition("//")[2], timeout=20)) as connection:
        connection.request(method, path, body, dict(headers or {}))
        response = connection.getresponse()
        return response.status, json.loads(response.read()), response.getheader("x-amzn-ErrorType", "")
