"""SPF and DMARC records read by checkdmarc, which asks the DNS through us alone.

checkdmarc says of a name server that does not answer that the record is absent (its issues 90 and 195); it looks for CNAMEs beside
TXT and for the SPF type that RFC 7208 dropped, remembers answers for half an hour, and knows other resolvers. So it is given a
resolver of ours: what it asks is counted and bounded with the rest of the audit, answered from the same memory, and whatever failed
leaves its verdict open. docs/decisions/0023-domain-audit.md has what else is not taken from it.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import dns.exception
import dns.resolver
from checkdmarc import dmarc, spf
from checkdmarc.utils import DNS_CACHE

from ses_warden.adapters.dns_view import DnsNames
from ses_warden.domain.audit_spf import MOST_LOOKUPS, SpfReading
from ses_warden.domain.dns_answers import tidy
from ses_warden.domain.text import clean

_ASKED = frozenset({"TXT", "A", "AAAA", "MX", "PTR"})
_LONGEST = 300


class CheckdmarcRecords:
    """The `Records` port. `names` is the DNS of the same audit."""

    def __init__(self, names: DnsNames) -> None:
        self._names = names

    def read_spf(self, record: str, domain: str) -> SpfReading:
        """See the port."""
        asked = _Resolver(self._names)
        DNS_CACHE.clear()
        try:
            found = spf.parse_spf_record(record, domain, resolver=asked, ignore_too_many_lookups=True)
        except spf.SPFError as error:
            return SpfReading(
                lookups=_count(error, "dns_lookups") or asked.more_than_allowed(),
                void_lookups=_count(error, "void_dns_lookups"),
                all_is=_all_of(record),
                uses_ptr=_has_ptr(record),
                error="" if _is_about_counts(error) else clean(str(error), _LONGEST),
                failures=tuple(asked.failures),
            )
        finally:
            DNS_CACHE.clear()
        parsed = list(_mechanisms(found["parsed"]))
        return SpfReading(
            lookups=found["dns_lookups"],
            void_lookups=found["void_dns_lookups"],
            all_is=str(found["parsed"]["all"] or "neutral"),
            uses_ptr=any(one.get("mechanism") == "ptr" for one in parsed),
            includes=frozenset(tidy(str(one.get("value"))) for one in parsed if one.get("mechanism") in ("include", "redirect")),
            failures=tuple(asked.failures),
        )

    def fault_of_dmarc(self, record: str, domain: str) -> str:
        """See the port. Where reports go is looked at by ourselves, so that nothing is asked."""
        try:
            dmarc.parse_dmarc_record(record, domain, resolver=_Deaf())
        except dmarc.DMARCError as error:
            return clean(str(error), _LONGEST)
        finally:
            DNS_CACHE.clear()
        return ""


class _Resolver(dns.resolver.Resolver):
    """What checkdmarc takes for a resolver; notes what failed."""

    def __init__(self, names: DnsNames) -> None:
        super().__init__(configure=False)
        self._names = names
        self.failures: list[str] = []
        self._included: set[str] = set()

    def more_than_allowed(self) -> int | None:
        """How many records were included, where these alone are too many lookups."""
        return len(self._included) if len(self._included) > MOST_LOOKUPS else None

    def resolve(self, qname: Any, rdtype: Any = "A", *_: Any, **__: Any) -> dns.resolver.Answer:
        if str(rdtype) not in _ASKED:
            raise dns.resolver.NoAnswer
        if str(rdtype) == "TXT":
            self._included.add(str(qname))
        try:
            return self._names.resolve(str(qname), str(rdtype))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            raise
        except dns.exception.DNSException:
            self.failures.append(f"{rdtype} {tidy(str(qname))}")
            raise


class _Deaf(dns.resolver.Resolver):
    """Answers nothing."""

    def __init__(self) -> None:
        super().__init__(configure=False)

    def resolve(self, *_: Any, **__: Any) -> dns.resolver.Answer:
        raise dns.resolver.NoAnswer


def _is_about_counts(error: spf.SPFError) -> bool:
    return isinstance(error, spf.SPFTooManyDNSLookups | spf.SPFTooManyVoidDNSLookups)


def _count(error: spf.SPFError, name: str) -> int | None:
    data: Mapping[str, Any] | None = getattr(error, "data", None)
    value = (data or {}).get(name)
    return value if isinstance(value, int) else None


def _mechanisms(parsed: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The mechanisms of a record and of all that it takes in."""
    for mechanism in parsed["mechanisms"]:
        yield mechanism
        if mechanism.get("parsed"):
            yield from _mechanisms(mechanism["parsed"])
    redirect = parsed.get("redirect")
    if redirect:
        yield {"mechanism": "redirect", "value": redirect.get("domain")}
        if redirect.get("parsed"):
            yield from _mechanisms(redirect["parsed"])


_ALL = {"+all": "pass", "all": "pass", "?all": "neutral", "~all": "softfail", "-all": "fail"}


def _all_of(record: str) -> str:
    return next((_ALL[term] for term in record.lower().split() if term in _ALL), "neutral")


def _has_ptr(record: str) -> bool:
    return any(term.lstrip("+-~?").partition(":")[0] == "ptr" for term in record.lower().split())
