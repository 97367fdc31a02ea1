"""Whom a mail with a report comes from, by what SES found; and what becomes of it."""

import pytest

from ses_warden.adapters.dmarc_parsing import ReportReader
from ses_warden.adapters.dmarc_sender import sender_of
from ses_warden.application.dmarc_ports import Refused, Trouble
from ses_warden.domain.dmarc import Report
from tests.support.dmarc import gzipped, mail, record, report


def results(spf: str = "pass", dkim: str = "", dmarc: str = "", *, envelope: str = "bounce@mail.receiver.example") -> str:
    """A header field as SES writes it."""
    return (
        f"amazonses.com;\n spf={spf} (spfCheck: domain of {envelope} designates 192.0.2.1 as permitted sender) "
        f"client-ip=192.0.2.1; envelope-from={envelope}; helo=mail.receiver.example;\n"
        f" dkim={dkim or 'none header.i=unknown'};\n dmarc={dmarc or 'none header.from=receiver.example'};"
    )


CASES: dict[str, tuple[str | None, str | None]] = {
    "nobody looked": (None, ""),
    "another service looked": ("mx.example.net; dmarc=pass header.from=google.com", ""),
    "DMARC passes": (results(dkim="pass header.i=@x.example", dmarc="pass header.from=Google.com"), "google.com"),
    "with a version": (results(dmarc="pass header.from=google.com").replace(".com;", ".com 1;", 1), "google.com"),
    "no DMARC, a signature": (results("fail", "pass header.i=@receiver.example"), "receiver.example"),
    "no DMARC, a signature of a mailbox": (results("none", "pass header.i=dmarc@receiver.example"), "receiver.example"),
    "SPF alone": (results(), "mail.receiver.example"),
    "SPF alone, of the HELO": (results(envelope=""), "mail.receiver.example"),
    "an envelope in an envelope": (results(envelope='"a envelope-from=b@google.com; c"@evil.example'), None),
    "a signature of somebody else": (
        results(dkim="pass header.i=@evil.example", dmarc="fail header.from=google.com"),
        "evil.example",
    ),
    "nothing passes": (results("fail", "fail header.i=@google.com", "fail header.from=google.com"), None),
    "nothing is there": (results("none"), None),
    "a verdict in the envelope": (results("fail", envelope='"a; dmarc=pass header.from=google.com; x"@evil.example'), None),
    "a signature in the envelope": (results("fail", envelope='"a; dkim=pass header.i=@google.com; x"@evil.example'), None),
    "a verdict in a comment": ("amazonses.com; spf=fail (dmarc=pass header.from=google.com)", None),
    "no domain": (results(dmarc="pass header.from=\x1b[31m"), None),
}


@pytest.mark.parametrize(("field", "sender"), CASES.values(), ids=CASES)
def test_the_sender_is_who_proved_it(field: str | None, sender: str | None) -> None:
    """What a sender chooses itself proves nothing."""
    assert sender_of(field) == sender


def read(field: str, *more: str) -> Report | Refused:
    """What comes of a mail with the field above its own."""
    fields = "".join(f"Authentication-Results: {one}\r\n" for one in (field, *more)).replace("\n ", "\r\n ")
    (found,) = ReportReader().read(fields.encode() + mail(gzipped(report(record()).encode())))
    return found


def test_a_report_says_whose_mail_it_came_in() -> None:
    """SES's own field is the first; one below it is the sender's."""
    found = read(results(dmarc="pass header.from=evil.example"), results(dmarc="pass header.from=google.com"))
    assert isinstance(found, Report)
    assert found.sender == "evil.example"


def test_a_report_for_which_nobody_vouches_is_refused() -> None:
    """It would be anybody's."""
    found = read(results("fail", "none", "fail header.from=google.com"), results(dmarc="pass header.from=google.com"))
    assert isinstance(found, Refused)
    assert found.trouble is Trouble.DAMAGED
    assert "nobody vouches for it" in found.reason
