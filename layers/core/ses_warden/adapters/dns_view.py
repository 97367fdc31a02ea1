"""The DNS, by dnspython: bounded in time, questions and bytes, and telling apart what is absent from what nobody answered."""

import ipaddress
import time
from collections.abc import Callable, Sequence
from typing import Any

import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver

from ses_warden.domain.dns_answers import Absence, Answer, Failure, tidy
from ses_warden.errors import AuditError

# A domain with all that the audit asks for takes about forty questions; SPF may lead to many more.
MOST_QUESTIONS = 150
MOST_SECONDS = 30.0
_LIFETIME_SECONDS, _TRY_SECONDS = 5.0, 1.5
# An answer over TCP may have 64 KB: RFC 1035, section 4.2.2.
_MOST_BYTES, _MOST_RECORDS = 16_384, 100
# What arrives in one piece nearly everywhere; larger answers come over TCP: https://dnsflagday.net/2020/
_UDP_BYTES = 1_232
_LAST_PORT = 65_535


class DnsNames:
    """The `Names` port. Each audit takes a fresh one, whose answers are remembered.

    Without `nameservers` those of the system are asked; each is an address, or an address and a port.
    """

    def __init__(
        self,
        nameservers: Sequence[tuple[str, int]] = (),
        *,
        monotonic: Callable[[], float] = time.monotonic,
        lifetime: float = _LIFETIME_SECONDS,
    ) -> None:
        self._monotonic = monotonic
        self._until = monotonic() + MOST_SECONDS
        self._lifetime = lifetime
        self._questions = 0
        self._answers: dict[tuple[str, str], dns.resolver.Answer | dns.exception.DNSException] = {}
        self._resolver = _resolver(nameservers, lifetime)

    def ask(self, name: str, kind: str) -> Answer:
        """See the port."""
        known = tidy(name)
        try:
            found = self.resolve(name, kind)
        except dns.resolver.NXDOMAIN:
            return Answer(known, kind, absence=Absence.NXDOMAIN)
        except dns.resolver.NoAnswer:
            return Answer(known, kind, absence=Absence.NODATA)
        except dns.exception.DNSException as error:
            return Answer(known, kind, failure=_failure_of(error))
        if _is_too_large(found):
            return Answer(known, kind, failure=Failure.TOO_LARGE)
        aliases = tuple(tidy(str(one.target)) for rrset in found.chaining_result.cnames for one in rrset)
        return Answer(known, kind, tuple(sorted(_text_of(one, kind) for one in found)), aliases=aliases)

    def resolve(self, name: str, kind: str) -> dns.resolver.Answer:
        """The same as dnspython has it, for those who know it. Raises its `DNSException`."""
        key = (name.lower().rstrip("."), kind)
        if key not in self._answers:
            try:
                self._answers[key] = self._resolve(*key)
            except dns.exception.DNSException as error:
                self._answers[key] = error
        found = self._answers[key]
        if isinstance(found, dns.exception.DNSException):
            raise found
        return found

    def _resolve(self, name: str, kind: str) -> dns.resolver.Answer:
        left = self._until - self._monotonic()
        if self._questions >= MOST_QUESTIONS or left <= 0:
            raise TooManyQuestions
        self._questions += 1
        asked = dns.name.from_text(name)
        try:
            return self._resolver.resolve(asked, kind, search=False, lifetime=min(self._lifetime, left))
        except OSError as error:
            raise Unreachable from error


class TooManyQuestions(dns.exception.DNSException):
    """The audit may ask no more."""


class Unreachable(dns.exception.DNSException):
    """No packet leaves, or none may."""


def nameserver_of(text: str) -> tuple[str, int]:
    """The address and port in `192.0.2.1`, `192.0.2.1:5353`, `2001:db8::1` or `[2001:db8::1]:5353`. Raises `AuditError`."""
    address, port = text, "53"
    if text.startswith("["):
        address, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":") if rest else port
    elif text.count(":") == 1:
        address, _, port = text.partition(":")
    try:
        known = str(ipaddress.ip_address(address))
    except ValueError:
        known = ""
    if not known or not port.isdecimal() or not 0 < int(port) <= _LAST_PORT:
        raise AuditError(f"{text!r} is no address of a name server, such as 192.0.2.1 or 192.0.2.1:5353")
    return known, int(port)


def _resolver(nameservers: Sequence[tuple[str, int]], lifetime: float) -> dns.resolver.Resolver:
    try:
        made = dns.resolver.Resolver(configure=not nameservers)
    except dns.resolver.NoResolverConfiguration as error:
        raise AuditError("this system names no DNS resolver (/etc/resolv.conf): name one, with --nameserver") from error
    if nameservers:
        made.nameservers = [dns.nameserver.Do53Nameserver(address, port) for address, port in nameservers]
    made.lifetime, made.timeout = lifetime, min(_TRY_SECONDS, lifetime)
    made.use_edns(0, 0, _UDP_BYTES)
    # Names that were found absent are asked for once, by our own memory.
    made.cache = None
    return made


def _failure_of(error: dns.exception.DNSException) -> Failure:
    match error:
        case TooManyQuestions():
            return Failure.TOO_MANY
        case Unreachable() | dns.resolver.NoResolverConfiguration():
            return Failure.UNREACHABLE
        case dns.exception.Timeout():
            return Failure.TIMEOUT
        case (
            dns.name.LabelTooLong()
            | dns.name.NameTooLong()
            | dns.name.EmptyLabel()
            | dns.name.BadEscape()
            | dns.name.IDNAException()
        ):
            return Failure.BAD_NAME
        case _:
            return Failure.REFUSED


def _is_too_large(found: dns.resolver.Answer) -> bool:
    return len(found) > _MOST_RECORDS or sum(len(one.to_wire() or b"") for one in found) > _MOST_BYTES


def _text_of(record: Any, kind: str) -> str:
    if kind == "TXT":
        # Characters beyond ASCII have no meaning in these records; what cannot be read stays visible.
        return b"".join(record.strings).decode("utf-8", "backslashreplace")
    if kind == "MX":
        return f"{record.preference} {tidy(str(record.exchange)) or '.'}"
    if kind == "CNAME":
        return tidy(str(record.target))
    return str(record)
