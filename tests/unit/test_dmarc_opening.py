"""What is opened of what came in, and what is refused: bombs, archives in archives, mails that hold no report."""

import base64
import email
import io
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from email import policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ses_warden.adapters.dmarc_opening import MIB, Document, Limits, open_content
from ses_warden.adapters.dmarc_parsing import ReportReader
from ses_warden.application.dmarc_ports import Refused, Trouble
from ses_warden.domain.dmarc import Report
from tests.support import dmarc
from tests.support.dmarc import gzipped, mail, record, report, zipped
from tests.support.emulator import ROOT

XML = report(record(count=7)).encode()
LIMITS = Limits()
# Of the processor's time, which a busy machine doubles: else it takes minutes or hours.
AT_ONCE_SECONDS = 10


def opened(content: bytes, limits: Limits = LIMITS) -> list[Document | Refused]:
    """What comes of a file."""
    return list(open_content(content, limits))


def refused(content: bytes) -> Refused:
    """Why a file is refused, alone."""
    (found,) = ReportReader().read(content)
    assert isinstance(found, Refused), found
    return found


def attached(data: bytes, kind: str, name: str) -> bytes:
    """A mail with an attachment of a type and name."""
    message = EmailMessage()
    message["Subject"] = "Report"
    maintype, _, subtype = kind.partition("/")
    message.set_content("Hello")
    message.add_attachment(data, maintype=maintype, subtype=subtype, filename=name)
    return message.as_bytes()


def forwarded(content: bytes) -> bytes:
    """The mail, attached to another."""
    inner = email.message_from_bytes(content, policy=policy.default)
    message = EmailMessage()
    message["Subject"] = "Fwd: Report"
    message.set_content("See below.")
    message.add_attachment(inner)
    return message.as_bytes()


GOOD = {
    "XML": XML,
    "XML after blanks": b"\r\n  " + XML,
    "XML after a mark": b"\xef\xbb\xbf" + XML,
    "XML in UTF-16": XML.decode().replace("UTF-8", "UTF-16").encode("utf-16"),
    "gzip": gzipped(XML),
    "gzip in two members": gzipped(XML[:300]) + gzipped(XML[300:]),
    "gzip with zeros behind": gzipped(XML) + b"\0" * 512,
    "gzip with a line break behind": gzipped(XML) + b"\r\n",
    "zip": zipped(XML),
    "zip not packed": zipped(XML, method=zipfile.ZIP_STORED),
    "zip with a folder": zipped(XML, name="reports/2026/report.xml"),
    "mail with gzip": mail(gzipped(XML)),
    "mail with zip": mail(zipped(XML), subtype="zip", name="report.zip"),
    "mail with XML": attached(XML, "application/xml", "report.xml"),
    "mail with another name than what it is": mail(gzipped(XML), subtype="zip", name="report.zip"),
    "mail with another type than what it is": attached(gzipped(XML), "text/plain", "notes.txt"),
    "mail without a name": attached(zipped(XML), "application/octet-stream", ""),
    "mail forwarded": forwarded(mail(gzipped(XML))),
    "mail that is nothing but the report": b"From: a@b.example\r\nContent-Type: application/gzip\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(gzipped(XML)),
    "mail with line ends of Windows": mail(gzipped(XML)).replace(b"\n", b"\r\n"),
    "mail from an mbox": b"From dmarc@receiver.example Tue Nov 24 10:00:00 2026\n" + mail(gzipped(XML)),
}


@pytest.mark.parametrize("content", GOOD.values(), ids=GOOD)
def test_a_report_is_found_however_it_is_packed(content: bytes) -> None:
    """By what it is, not by what it is called."""
    (found,) = ReportReader().read(content)
    assert isinstance(found, Report), found
    assert found.mails == 7


def test_all_reports_of_a_mail_and_of_an_archive_are_found() -> None:
    """And one that is bad does not keep the others away."""
    second = report(record(count=8), report_id="43").encode()
    found = list(ReportReader().read(mail(zipped(XML, second), gzipped(second), gzipped(b"<feedback>"), subtype="zip")))
    assert [one.mails for one in found if isinstance(one, Report)] == [7, 8, 8]
    assert [one.trouble for one in found if isinstance(one, Refused)] == [Trouble.DAMAGED]


def bomb(kind: str, size: int = 1000 * MIB) -> bytes:
    """A kilobyte for each megabyte."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31 if kind == "gzip" else -15)
    chunk = b"<record>" * (MIB // 8)
    packed = b"".join(packer.compress(chunk) for _ in range(size // MIB)) + packer.flush()
    return packed if kind == "gzip" else raw_zip(packed, size)


def raw_zip(packed: bytes, size: int, *, method: int = 8, flags: int = 0, packed_size: int | None = None) -> bytes:
    """A zip file of one member that says what it likes about itself."""
    length = len(packed) if packed_size is None else packed_size
    fields = (20, flags, method, 0, 0, 0, length, min(size, 2**32 - 2), 5, 0)
    local = struct.pack("<4s5H3I2H", b"PK\3\4", *fields) + b"r.xml" + packed
    central = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, *fields[:9], 0, 0, 0, 0, 0, 0) + b"r.xml"
    return local + central + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local), 0)


def with_directory_of(entries: int) -> bytes:
    """A zip file of so many members."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for number in range(entries):
            archive.writestr(f"{number}", b"")
    return made.getvalue()


ENTITY = '<!DOCTYPE feedback [<!ENTITY x "y">]>'
LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)
HOSTILE: dict[str, bytes] = {
    "a gzip bomb": bomb("gzip"),
    "a zip bomb": bomb("zip"),
    "a bomb in a mail": mail(bomb("gzip")),
    "a gzip file that is too large, with a good ratio": gzipped(dmarc.many(2_000).encode() * 40),
    "ten gigabytes declared": raw_zip(zlib.compress(XML)[2:-4], 10 * 1024 * MIB),
    "gzip in gzip": gzipped(gzipped(XML)),
    "zip in zip": zipped(zipped(XML)),
    "zip in gzip": gzipped(zipped(XML)),
    "gzip in zip": zipped(gzipped(XML)),
    "a thousand members": with_directory_of(1_000),
    "eleven members": zipped(*([XML] * 11)),
    "a hundred gzip members": gzipped(b"") * 100,
    "packed by LZMA, whose memory the file chooses": zipped(XML, method=zipfile.ZIP_LZMA),
    "packed by bzip2": zipped(XML, method=zipfile.ZIP_BZIP2),
    "an entity from a file": (b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>')
    + XML.split(b"\n", 1)[1].replace(b"receiver.example", b"&f;"),
    "an entity from the network": b'<!DOCTYPE x SYSTEM "http://192.0.2.1/x.dtd">' + XML,
    "a billion laughs": LAUGHS.encode() + XML.split(b"\n", 1)[1].replace(b"receiver.example", b"&i;"),
    "a document type in small letters": b"<!doctype feedback [" + XML,
    "a document type behind a comment": b"<!-- a report -->" + ENTITY.encode() + XML.split(b"\n", 1)[1],
    "a document type in UTF-16": (ENTITY + XML.decode().split("\n", 1)[1]).encode("utf-16"),
    "a document type with NULs": ENTITY.replace("DOC", "DO\0C").encode() + XML.split(b"\n", 1)[1],
    "a document type in a gzip": gzipped(ENTITY.encode() + XML.split(b"\n", 1)[1]),
    "elements a hundred thousand deep": report("<a>" * 100_000 + "</a>" * 100_000).encode(),
    "a frame of a megabyte": report(record(), metadata=dmarc.text("extra_contact_info", "x" * MIB)).encode(),
    "a frame of many elements": report(record(), "<x/>" * 100_000).encode(),
    "a record of a megabyte": report(record(header_from="x" * MIB)).encode(),
    "a frame of blanks": gzipped(XML.replace(b"<feedback>", b"<feedback>" + b" " * MIB)),
    "a record of many elements": report(record().replace("</row>", "<x/>" * 500_000 + "</row>")).encode(),
    "a file that is too large": XML + b" " * 16 * MIB,
    "a million lines": b"Subject: x\r\n\r\n" + b"\n" * 1_000_000,
    "a thousand parts within parts": b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (number, number) for number in range(1_000)
    ),
    "a thousand parts within parts, in capitals": b"".join(
        b'Content-Type: multipart/mixed; BOUNDARY="b%d"\n\n--b%d\n' % (number, number) for number in range(900)
    ),
    "two million lines of old Macs": b"Subject: x\r" + b"A: b\r" * 2_000_000,
    "a hundred attachments": mail(*([gzipped(XML)] * 100)),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_is_hostile_is_refused_at_once(content: bytes) -> None:
    """With a reason for people, and before it costs anything."""
    started = time.process_time()
    found = refused(content)
    assert found.trouble is Trouble.HOSTILE
    assert 10 < len(found.reason) < 200
    assert time.process_time() - started < AT_ONCE_SECONDS


@pytest.mark.parametrize(
    "field",
    [
        b'Content-Disposition: attachment; filename="%s"' % (b";" * 500_000),
        b"Content-Disposition: attachment" + b"".join(b"; filename*%d*=a" % number for number in range(50_000)),
        b'Content-Type: text/xml; name="%s"' % (b"=;" * 250_000),
    ],
    ids=["semicolons", "parts of a name", "a type"],
)
def test_a_field_that_python_takes_hours_for_is_cut(field: bytes) -> None:
    """And the report is read."""
    started = time.process_time()
    (found,) = opened(b"From: a@b.example\n" + field + b"\n\n" + XML)
    assert isinstance(found, Document)
    assert time.process_time() - started < AT_ONCE_SECONDS


def test_the_documents_of_a_file_are_bounded_together() -> None:
    """Twenty attachments of ten members, each below the limit, would take hours: what was read until then is kept."""
    limits = Limits(unpacked=3 * len(XML))
    *read, last = opened(mail(zipped(XML, XML), zipped(XML, XML), gzipped(XML), subtype="zip"), limits)
    assert [one.data for one in read if isinstance(one, Document)] == [XML] * 3
    assert isinstance(last, Refused)
    assert last.trouble is Trouble.HOSTILE


DAMAGED = {
    "a character set that is none": mail(gzipped(XML)[:-30]).replace(b"utf-8", b"u\0f"),
    "a gzip file cut in two": gzipped(XML)[:-30],
    "a gzip file with its end cut off": gzipped(XML)[:-4],
    "a gzip file that is changed": gzipped(XML)[:40] + b"\xff\xff" + gzipped(XML)[42:],
    "a gzip file with another sum": gzipped(XML)[:-8] + b"\0" * 8,
    "nothing but the beginning of gzip": b"\x1f\x8b",
    "a zip file cut in two": zipped(XML)[:-30],
    "nothing but the beginning of zip": b"PK\x03\x04",
    "a zip file that is changed": zipped(XML).replace(zlib.compress(XML)[10:14], b"\0\0\0\0"),
    "a zip file with nothing in it": zipped(b"", name="folder/"),
    "a zip file with a password": raw_zip(zlib.compress(XML)[2:-4], len(XML), flags=1),
    "a zip file with a wrong sum": raw_zip(zlib.compress(XML)[2:-4], len(XML)),
    "a zip file whose member goes on beyond its end": raw_zip(b"\0" * 10, 10, packed_size=10**6),
    "gzip of something else": gzipped(b"hello"),
    "gzip of nothing": gzipped(b""),
    "a mail with a broken gzip": mail(gzipped(XML)[:-30]),
    "XML that ends": XML[: len(XML) // 2],
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_what_is_damaged_is_refused(content: bytes) -> None:
    """With a reason."""
    found = refused(content)
    assert found.trouble is Trouble.DAMAGED
    assert 10 < len(found.reason) < 300


def failure_report() -> bytes:
    """A report about one mail (RFC 6591)."""
    return (
        b"From: arf@receiver.example\nSubject: FW: spam\nMIME-Version: 1.0\n"
        b'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n'
        b"--b\nContent-Type: text/plain\n\nA report.\n"
        b"--b\nContent-Type: message/feedback-report\n\nFeedback-Type: auth-failure\nVersion: 1\n\n"
        b"--b\nContent-Type: message/rfc822\n\nFrom: jane.doe@example.com\nSubject: secret\n\nHello\n--b--\n"
    )


OTHER: dict[str, tuple[bytes, Trouble]] = {
    "nothing": (b"", Trouble.NOTHING),
    "blanks": (b" \r\n ", Trouble.NOTHING),
    "a picture": (b"\x89PNG\r\n\x1a\n", Trouble.NOTHING),
    "text": (b"hello world", Trouble.NOTHING),
    "a web page": (b"<!doctype html><html></html>", Trouble.NOTHING),
    "a mail without attachments": (b"From: a@b.example\nSubject: Buy\n\nBuy now!\n", Trouble.NOTHING),
    "a mail in HTML": (attached(b"<html><p>Buy</p></html>", "text/html", "offer.html"), Trouble.NOTHING),
    "a mail with a picture": (attached(b"\x89PNG\r\n\x1a\n", "image/png", "a.png"), Trouble.NOTHING),
    "a failure report": (failure_report(), Trouble.OTHER_KIND),
    "a report about TLS": (attached(gzipped(b"{}"), "application/tlsrpt+gzip", "tls.json.gz"), Trouble.OTHER_KIND),
    "a report about TLS by another type": (mail(gzipped(b'{"organization-name": "x"}')), Trouble.OTHER_KIND),
    "a report about TLS, alone": (gzipped(b'{"organization-name": "x"}'), Trouble.OTHER_KIND),
}


@pytest.mark.parametrize(("content", "trouble"), OTHER.values(), ids=OTHER)
def test_what_is_no_aggregate_report_is_told_apart_from_what_is_bad(content: bytes, trouble: Trouble) -> None:
    """Nobody is woken by spam to a report address, nor by reports of other kinds."""
    assert refused(content).trouble is trouble


def test_names_of_attachments_hold_no_address_and_no_commands() -> None:
    """They go into alerts and logs."""
    found = refused(mail(gzipped(b"hello"), name="jane.doe@example.com\x1b[31m!report.gz"))
    assert found.part
    assert "jane.doe" not in found.part
    assert found.part.isprintable()


def test_the_limits_are_bytes_of_what_is_unpacked() -> None:
    """A report right below them is taken, one above is not."""
    limits = Limits(unpacked=len(XML), ratio_from=len(XML))
    for pack in (gzipped, zipped):
        assert opened(pack(XML), limits) == [Document(XML, "report.xml" if pack is zipped else "")]
        (found,) = opened(pack(XML + b" "), limits)
        assert isinstance(found, Refused)


def test_a_ratio_is_too_high_only_where_it_matters() -> None:
    """A small file of blanks is no bomb; thousands of equal records are none either."""
    assert isinstance(opened(gzipped(XML + b" " * (MIB // 2)))[0], Document)
    found = opened(gzipped(dmarc.many(20_000).encode()))
    assert isinstance(found[0], Document)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_damage_is_an_error(data: st.DataObject) -> None:
    """Bytes of good files, changed anywhere: a report or a reason comes of them."""
    content = bytearray(data.draw(st.sampled_from([gzipped(XML), zipped(XML), mail(gzipped(XML)), mail(zipped(XML)), XML])))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at : at + data.draw(st.integers(0, 4))] = data.draw(st.binary(max_size=4))
    for found in ReportReader().read(bytes(content)):
        assert isinstance(found, Report | Refused)


MEASURE = """
import sys
from ses_warden.adapters.dmarc_parsing import ReportReader
from ses_warden.domain.dmarc import Report
content = sys.stdin.buffer.read()
found = list(ReportReader().read(content))
print(len(found), sum(len(one.sources) for one in found if isinstance(one, Report)))
# What getrusage says is never less than what the parent had.
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM:")).split()[1])
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process's own peak")
@pytest.mark.parametrize(
    ("content", "sources"),
    [
        (gzipped(dmarc.many(10_000).encode()), 10_000),
        (mail(*[zipped(dmarc.many(250, seed).encode()) for seed in range(20)]), 5_000),
        (HOSTILE["a gzip bomb"], 0),
        (HOSTILE["a zip bomb"], 0),
        (HOSTILE["a billion laughs"], 0),
        (HOSTILE["a frame of many elements"], 0),
        (HOSTILE["a million lines"], 0),
        (b"Subject: x\n\n" + b"x\n" * 249_000, 0),
        (b"".join(b"A%d: b\n" % number for number in range(249_000)), 0),
        (mail(b"\0" * (9 * MIB)), 0),
        (gzipped(report(record()).encode() + b"<x/>" * 250_000), 1),
    ],
    ids=[
        "20,000 records",
        "twenty reports",
        "gzip bomb",
        "zip bomb",
        "laughs",
        "frame",
        "lines",
        "short lines",
        "short fields",
        "a large mail",
        "mended",
    ],
)
def test_no_file_needs_a_quarter_of_a_gigabyte(content: bytes, sources: int) -> None:
    """Parsedmarc and its libraries included."""
    done = subprocess.run(  # noqa: S603  # our own words
        [sys.executable, "-c", MEASURE], input=content, capture_output=True, check=True, cwd=ROOT, timeout=240
    )
    counts, peak = done.stdout.decode().splitlines()
    assert int(counts.split()[1]) == sources
    assert int(peak) < 256 * 1024, f"{peak} KiB"
