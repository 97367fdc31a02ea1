"""The local SES stands whatever is sent to it, and answers in SES's form."""

import json
import socket
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ses_warden_simulator.__main__ import main
from ses_warden_simulator.backend import HttpBackend
from ses_warden_simulator.errors import SetupError
from ses_warden_simulator.exchange import Caller
from ses_warden_simulator.server import LARGEST_BODY, MOST_CONNECTIONS, Server, check_host
from ses_warden_simulator.service import Options, Service
from tests.simulator_fakes import ALL, MemoryBackend, ask, client_of, simple

SEND = "/v2/email/outbound-emails"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One simulator for all attacks: it must survive each."""
    backend = MemoryBackend()
    backend.subscribe("all", *ALL)
    with Server(Service(backend, Options()), 0) as started:
        yield started
        assert client_of(started).get_account()["SendingEnabled"]


def address_of(server: Server) -> tuple[str, int]:
    """Where it listens."""
    return "127.0.0.1", int(server.server_address[1])


def raw(message: bytes) -> bytes:
    """The body of a request that sends this message."""
    return b'{"Content": {"Raw": {"Data": "' + b64encode(message) + b'"}}}'


NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(1500))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "BadRequestException"),
        (b"{", "SerializationException"),
        (b"\xff\xfe", "SerializationException"),
        (b"[" * 100_000, "SerializationException"),
        (b'{"a":' * 100_000, "SerializationException"),
        (b"[]", "BadRequestException"),
        (b"null", "BadRequestException"),
        (b'{"Content": {"Simple": null}}', "BadRequestException"),
        (b'{"content": {"raw": {"data": ""}}}', "BadRequestException"),
        (b'{"Content": {"Raw": {"Data": "%%%"}}}', "BadRequestException"),
        (b'{"Content": {"Raw": {"Data": 7}}}', "BadRequestException"),
        (b'{"Content": {"Simple": {"Subject": {"Data": "\\ud800"}, "Body": {}}}}', "SerializationException"),
        (raw(b""), "BadRequestException"),
        (raw(b"\x00" * 5000), "BadRequestException"),
        (raw(b"From: a@example.com\nTo: " + b"(" * 5000), "BadRequestException"),
        (raw(b"From: " + b"(" * 1200 + b"\nTo: b@example.com"), "BadRequestException"),
        (raw(b"From: a@example.com\nTo: " + b"b@example.com," * 51), "BadRequestException"),
        (raw(b"From: a@example.com\nTo: " + b"b@example.com," * 100_000), "MessageRejected"),
        (raw(b"From: a@example.com\nTo: b@example.com\nX-SES-CONFIGURATION-SET: ../account\n\n"), "BadRequestException"),
        (raw(b"From: a@example.com\nTo: b@example.com\nX-SES-MESSAGE-TAGS: a b=c\n\n"), "BadRequestException"),
        (raw(b"From: a@example.com\nTo: b@example.com\n" + NESTED), "MessageRejected"),
    ],
)
def test_a_hostile_body_is_a_bad_request(server: Server, body: bytes, code: str) -> None:
    """The error has a name and a sentence, and repeats nothing of what came."""
    status, answered, error = ask(server, "POST", SEND, body)
    assert (status, error) == (400, code)
    assert "example.com" not in answered["message"]


@pytest.mark.parametrize(
    "message",
    [
        b"From: a@example.com\nTo: b@example.com\nContent-Type: text/html; charset=nonsense\n\n<a href='x'>",
        b"From: a@example.com\nTo: b@example.com\nContent-Transfer-Encoding: base64\n\n%%%%",
        b"From: a@example.com\nTo: b@example.com\nSubject: =?utf-8?b?%%%?=\nX\xff: \xfe\n\n\xff",
        b"From: a@example.com\nTo: b@example.com\nContent-Type: multipart/mixed; boundary=\n\n--\n--",
        b"From: a@example.com\nTo: b@example.com\nContent-Type: text/html\n\n" + b"<a " * 300_000,
        b"From: a@example.com\nTo: b@example.com\nContent-Type: text/html\n\n<a href" + b" " * 900_000,
    ],
)
def test_a_strange_message_is_sent_all_the_same(server: Server, message: bytes) -> None:
    """SES carries what it does not understand."""
    status, answered, _ = ask(server, "POST", SEND, raw(message))
    assert status == 200, answered


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(message=st.binary(max_size=400))
def test_any_message_gets_an_answer(server: Server, message: bytes) -> None:
    """Accepted or refused, never a fault of ours."""
    status, _, _ = ask(server, "POST", SEND, raw(b"From: a@example.com\nTo: b@example.com\n" + message))
    assert status in {200, 400}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["Content", "Simple", "Raw", "Data", "Template", "Destination", "ToAddresses"]), inner
            )
        ),
        max_leaves=8,
    )
)
def test_any_json_gets_an_answer(server: Server, body: Any) -> None:
    """Whatever stands where SES's fields should."""
    for path in (SEND, "/v2/email/outbound-bulk-emails"):
        status, _, _ = ask(server, "POST", path, json.dumps(body).encode())
        assert status == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Length": str(LARGEST_BODY + 1)}, 413),
        ({"Content-Length": "9" * 400}, 413),
        ({"Content-Length": "-1"}, 413),
        ({"Content-Length": "²"}, 413),
        ({"Transfer-Encoding": "chunked"}, 411),
        ({"Host": "attacker.example"}, 403),
        ({"Host": "127.0.0.1.attacker.example"}, 403),
        ({"Host": "[::1"}, 403),
        ({"Origin": "https://attacker.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_a_hostile_header_is_refused(server: Server, headers: dict[str, str], status: int) -> None:
    """Bodies without bounds, and pages of the web that reach for this machine."""
    host = {} if "Host" in headers else {"Host": "localhost"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in {**host, **headers}.items())
    with socket.create_connection(address_of(server), timeout=10) as connection:
        connection.sendall(f"POST {SEND} HTTP/1.1\r\n{lines}\r\n".encode("latin-1"))
        answered = connection.recv(4096).decode()
    assert answered.startswith(f"HTTP/1.1 {status} ")


@pytest.mark.parametrize(
    "target",
    [
        "/v2/email/suppression/addresses/%00%ff",
        "/v2/email/suppression/addresses?" + "&".join(f"a{n}=b" for n in range(200)),
        "/v2/email/suppression/addresses?StartDate=yesterday",
        "/v2/email/reputation/entities/RESOURCE/%2F..%2F",
        "/_simulator/none",
        "/",
        "//",
    ],
)
def test_a_hostile_path_is_refused(server: Server, target: str) -> None:
    """Nothing is there, or it is no question."""
    assert ask(server, "GET", target)[0] in {400, 404}


def test_half_a_character_in_the_values_of_a_template_is_replaced(server: Server) -> None:
    """No event could carry it."""
    content = {"Template": {"TemplateContent": {"Subject": "{{a}}"}, "TemplateData": '{"a": "\\ud800"}'}}
    assert client_of(server).send_email(**{**simple("success@simulator.amazonses.com"), "Content": content})["MessageId"]


def test_too_many_connections_are_hung_up_on() -> None:
    """Those that are there stay served."""
    with Server(Service(MemoryBackend(), Options()), 0) as server:
        held = [socket.create_connection(address_of(server), timeout=10) for _ in range(MOST_CONNECTIONS)]
        try:
            for number, each in enumerate(held):
                each.sendall(b"GET /_simulator/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert each.recv(100).startswith(b"HTTP/1.1 200"), number
            with socket.create_connection(address_of(server), timeout=10) as one_more:
                assert one_more.recv(100) == b""
            held[0].sendall(b"GET /_simulator/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert held[0].recv(500)
        finally:
            for each in held:
                each.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])  # noqa: S104 -- refused
def test_only_the_loopback_interface_is_listened_on(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Any other address is refused in one sentence."""
    with pytest.raises(SetupError, match="loopback interface only"):
        check_host(host)
    assert main(["--backend", "http://127.0.0.1:1", "--host", host]) == 2
    assert "loopback interface only" in capsys.readouterr().err


@pytest.mark.parametrize("url", ["https://sns.eu-west-1.amazonaws.com", "ftp://localhost", "localhost:4566", ""])
def test_only_an_emulator_can_be_behind(url: str) -> None:
    """Events that never happened do not get into an account."""
    with pytest.raises(SetupError, match="emulator"):
        HttpBackend(url)


@pytest.mark.parametrize("header", ["", "Credential=", "Credential=a b/20261124/eu-west-1/ses/aws4_request", "Bearer é"])
def test_a_strange_signature_is_the_default_accounts(header: str) -> None:
    """Nothing of it is used."""
    caller = Caller.of(header, "eu-west-1", "127.0.0.1")
    assert (caller.account, caller.region) == ("000000000000", "eu-west-1")
