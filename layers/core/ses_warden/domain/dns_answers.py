"""What the DNS says of a name: its records, that there are none, or that nobody answered, which is another matter."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ses_warden.domain.text import clean

_LONGEST_RECORD, _LONGEST_NAME = 200, 255
# Python's codec (IDNA 2003) makes other domains of these than registries do: RFC 5894, section 7.2.
DEVIATING = frozenset("ß\u03c2\u200c\u200d")


class Failure(StrEnum):
    """Why a question has no answer. Nothing follows from it about the domain."""

    TIMEOUT = "no name server answered in time"
    REFUSED = "the name servers answered with an error (SERVFAIL or REFUSED)"
    TOO_LARGE = "the answer is larger than is read"
    TOO_MANY = "the audit has asked as much, or waited as long, as it may"
    BAD_NAME = "this is no name that the DNS could hold"
    UNREACHABLE = "no name server can be reached"


class Absence(StrEnum):
    """How a name lacks records, as RFC 2308 section 2 tells them apart."""

    NXDOMAIN = "there is no such name"
    NODATA = "the name has no such record"


@dataclass(frozen=True, slots=True)
class Answer:
    """The records of one kind (`TXT`, `MX`, …) of a name, in the form that the rules read them in.

    TXT: the strings of a record joined, as RFC 7208 section 3.3 and RFC 6376 section 3.6.2.2 join them. MX: `10 mail.example.com`,
    the null MX of RFC 7505 is `0 .`. CNAME, A, AAAA: the name or address. Names are in lower case, without the last dot. `aliases`
    are the CNAMEs that were followed.
    """

    name: str
    kind: str
    records: tuple[str, ...] = ()
    absence: Absence | None = None
    failure: Failure | None = None
    aliases: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """Why there are no records, in words."""
        return (self.failure or self.absence or Absence.NODATA).value


def quoted(records: Iterable[str]) -> str:
    """Records for people: strangers wrote them, so that they are cleaned and cut."""
    return ", ".join(f'"{clean(record, _LONGEST_RECORD)}"' for record in list(records)[:4])


def tidy(name: str) -> str:
    """A DNS name as it is compared: lower case, without the last dot, without what a terminal would obey."""
    return clean(name.strip().rstrip(".").lower(), _LONGEST_NAME)


def ascii_name(name: str) -> str | None:
    """A domain that mail may be sent from, in its ASCII form (A-labels); None if it is none, or must be given so."""
    if len(name) > _LONGEST_NAME or DEVIATING & set(name.lower()):  # the codec takes long for the former
        return None
    try:
        known = name.strip().rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    labels = known.split(".")
    fits = len(known) <= _LONGEST_NAME - 2 and len(labels) > 1 and not labels[-1].isdigit()
    return known if fits and all(map(_is_label, labels)) else None


def _is_label(label: str) -> bool:
    inner = label.replace("-", "").replace("_", "")
    return 0 < len(label) <= 63 and (inner.isalnum() and inner.isascii()) and not label.startswith("-")  # noqa: PLR2004 - RFC 1035


def is_within(name: str, domain: str) -> bool:
    """Whether the name is the domain, or below it."""
    return name == domain or name.endswith(f".{domain}")
