"""The request for production access: what it says, and what is wrong with it before AWS's reviewers see it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from ses_warden.domain.addresses import plain_key

# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_PutAccountDetails.html
LONGEST_USE_CASE = 5000
LONGEST_WEBSITE = 1000
MOST_CONTACTS = 4
SHORTEST_CONTACT, LONGEST_CONTACT = 6, 254

# Not AWS's words; what its page asks for, and what reviewers ask back: https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html
WANTED = (
    "what you send, to whom, how much a day and how often, with an example",
    "how recipients sign up (or why they expect this mail), and how they unsubscribe",
    "how bounces and complaints are handled: SES Warden suppresses those addresses at once, and pauses what bounces too much",
    "a website that works and shows what you do; a verified domain to send from",
)


class MailType(StrEnum):
    """What most of the mail is, by SES's words."""

    TRANSACTIONAL = "TRANSACTIONAL"
    MARKETING = "MARKETING"


class Language(StrEnum):
    """The language that AWS answers in, by SES's words."""

    ENGLISH = "EN"
    JAPANESE = "JA"


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """What PutAccountDetails is told. Texts and addresses are kept out of its `repr`, and so out of logs."""

    mail_type: MailType
    website: str = field(repr=False)
    use_case: str = field(repr=False)
    language: Language | None = None
    contacts: tuple[str, ...] = field(default=(), repr=False)


def faults_of(request: AccessRequest) -> Iterator[str]:
    """What SES or a reviewer would refuse; addresses are not repeated."""
    if not _is_website(request.website):
        yield "the website must be a whole address that reviewers can open, such as https://www.example.com"
    if len(request.website) > LONGEST_WEBSITE:
        yield f"the website's address has {len(request.website):,} characters, and may have {LONGEST_WEBSITE:,}"
    if not request.use_case.strip():
        yield "the use case is empty"
    if len(request.use_case) > LONGEST_USE_CASE:
        yield f"the use case has {len(request.use_case):,} characters, and may have {LONGEST_USE_CASE:,}"
    if not all(one.isprintable() or one in "\n\r\t" for one in request.use_case):
        yield "the use case holds control characters; is it a text file in UTF-8?"
    if len(request.contacts) > MOST_CONTACTS:
        yield f"there are {len(request.contacts)} additional contacts, and may be {MOST_CONTACTS}"
    for number, contact in enumerate(request.contacts, 1):
        if not SHORTEST_CONTACT <= len(contact) <= LONGEST_CONTACT or plain_key(contact) is None:
            yield f"additional contact {number} is no e-mail address of {SHORTEST_CONTACT} to {LONGEST_CONTACT} characters"


def _is_website(text: str) -> bool:
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and "." in host.strip(".") and text.isprintable() and " " not in text
