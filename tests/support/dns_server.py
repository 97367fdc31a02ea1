"""A DNS server on the loopback interface, over UDP and TCP, with the zones and faults that a test gives it.

with DnsServer({"example.com": {"TXT": ['"v=spf1 -all"']}}) as server:
    DnsNames([server.address])
"""

import contextlib
import socket
import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from enum import Enum
from socketserver import BaseRequestHandler, ThreadingTCPServer, ThreadingUDPServer
from threading import Thread
from typing import Any, Self

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset


class Fault(Enum):
    """How a name may fail to be answered."""

    SERVFAIL = "SERVFAIL"
    REFUSED = "REFUSED"
    SILENT = "silent"
    GARBAGE = "garbage"


# By name and kind the records as in a zone file, or what goes wrong; a fault may also stand for a whole name.
type Zone = Mapping[str, Mapping[str, Sequence[str] | Fault] | Fault]


def txt(text: str) -> str:
    """A TXT record of a zone file, in as many strings as it needs."""
    parts = [text[start : start + 250] for start in range(0, len(text), 250)] or [""]
    return " ".join('"' + part.replace("\\", "\\\\").replace('"', '\\"') + '"' for part in parts)


class DnsServer:
    """Answers as a resolver would, for as long as the `with` block runs. `asked` counts questions, `over_tcp` those over TCP."""

    def __init__(self, zone: Zone) -> None:
        self.zone = {name.rstrip(".").lower(): records for name, records in zone.items()}
        self.asked: Counter[tuple[str, str]] = Counter()
        self.over_tcp: Counter[tuple[str, str]] = Counter()
        self._closed = False

    def __enter__(self) -> Self:
        """Starts on a free port, the same for both."""
        for _ in range(20):
            self._tcp = _Tcp(("127.0.0.1", 0), _TcpHandler)
            try:
                self._udp = _Udp(self._tcp.server_address, _UdpHandler)
                break
            except OSError:
                self._tcp.server_close()
        self._tcp.dns = self._udp.dns = self
        for server in (self._tcp, self._udp):
            Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends."""
        for server in (self._tcp, self._udp):
            server.shutdown()
            server.server_close()
        self._closed = True

    @property
    def address(self) -> tuple[str, int]:
        """Where it answers."""
        return "127.0.0.1", int(self._tcp.server_address[1])

    @property
    def patience(self) -> float:
        """For how many seconds to wait for an answer: long on a busy machine, unless there is one that never comes."""
        faults = (records.values() if isinstance(records, Mapping) else (records,) for records in self.zone.values())
        return 1.0 if self._closed or any(fault in (Fault.SILENT, Fault.GARBAGE) for some in faults for fault in some) else 20.0

    def answer(self, wire: bytes, *, over_tcp: bool) -> bytes | None:
        """The answer to a question; None for silence."""
        question = dns.message.from_wire(wire)
        (asked,) = question.question
        name, kind = asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype)
        self.asked[name, kind] += 1
        if over_tcp:
            self.over_tcp[name, kind] += 1
        response = dns.message.make_response(question, recursion_available=True)
        fault = self._fill(response, name, kind)
        if fault is Fault.SILENT:
            return None
        if fault is Fault.GARBAGE:
            return wire[:2] + b"\x84\x00\xff\xff\xff\xff"
        if fault:
            response.set_rcode(dns.rcode.from_text(fault.value))
        if over_tcp:
            return response.to_wire(max_size=65_535)
        try:
            return response.to_wire(max_size=max(question.payload, 512))
        except dns.exception.TooBig:
            short = dns.message.make_response(question, recursion_available=True)
            short.flags |= dns.flags.TC
            return short.to_wire()

    def _fill(self, response: dns.message.Message, name: str, kind: str) -> Fault | None:
        for _ in range(30):
            records = self.zone.get(name)
            if isinstance(records, Fault):
                return records
            if records is None:
                if not any(known.endswith(f".{name}") for known in self.zone):
                    response.set_rcode(dns.rcode.NXDOMAIN)
                return None
            found = records.get(kind)
            if isinstance(found, Fault):
                return found
            if found:
                response.answer.append(dns.rrset.from_text_list(f"{name}.", 60, "IN", kind, found))
                return None
            alias = records.get("CNAME")
            if not alias or isinstance(alias, Fault):
                return None
            response.answer.append(dns.rrset.from_text_list(f"{name}.", 60, "IN", "CNAME", alias))
            name = alias[0].rstrip(".").lower()
        return None


class _Udp(ThreadingUDPServer):
    daemon_threads = True
    max_packet_size = 4096
    dns: DnsServer


class _Tcp(ThreadingTCPServer):
    daemon_threads = True
    dns: DnsServer


class _UdpHandler(BaseRequestHandler):
    def handle(self) -> None:
        wire, connection = self.request
        server: Any = self.server
        answered = server.dns.answer(wire, over_tcp=False)
        if answered is not None:
            with contextlib.suppress(OSError):
                connection.sendto(answered, self.client_address)


class _TcpHandler(BaseRequestHandler):
    def handle(self) -> None:
        connection: socket.socket = self.request
        with contextlib.suppress(OSError, struct.error):
            (length,) = struct.unpack("!H", connection.recv(2, socket.MSG_WAITALL))
            server: Any = self.server
            answered = server.dns.answer(connection.recv(length, socket.MSG_WAITALL), over_tcp=True)
            if answered is not None:
                connection.sendall(struct.pack("!H", len(answered)) + answered)
