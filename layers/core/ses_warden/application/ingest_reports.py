"""DMARC reports come in: each is kept once, what is none is refused, and what is bad is set aside with an alert."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ses_warden.application.dmarc_ports import AlertBudget, Inbox, Reader, Refused, ReportStore, Trouble
from ses_warden.application.guard_ports import Alerts, Notice, NoticeKind
from ses_warden.domain.dmarc import Report
from ses_warden.domain.dmarc_kept import Way
from ses_warden.errors import RowRefused

# As SES names the mail with which it tries a bucket when a receipt rule is made.
# https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-s3.html
SETUP_NOTIFICATION = "AMAZON_SES_SETUP_NOTIFICATION"
# Somebody should look at these; the others are mail that came to the wrong address.
BAD = frozenset({Trouble.HOSTILE, Trouble.DAMAGED})


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a file held. `reports`, `mails`, `sources` and `unread` are of new reports; `duplicates` were kept before."""

    reports: int = 0
    duplicates: int = 0
    mails: int = 0
    sources: int = 0
    unread: int = 0
    refused: tuple[Refused, ...] = ()
    alerted: bool = False

    def plus(self, other: "Ingested") -> "Ingested":
        """Both together."""
        return Ingested(
            self.reports + other.reports,
            self.duplicates + other.duplicates,
            self.mails + other.mails,
            self.sources + other.sources,
            self.unread + other.unread,
            self.refused + other.refused,
            self.alerted or other.alerted,
        )

    @property
    def bad(self) -> tuple[Refused, ...]:
        """What somebody should look at."""
        return tuple(one for one in self.refused if one.trouble in BAD)


def ingest(content: bytes, reader: Reader, store: ReportStore, way: Way) -> Ingested:
    """Keeps the reports in a mail, an archive or a document. Raises `LedgerError` where they were not kept, and may be again."""
    done = Ingested()
    for found in reader.read(content):
        done = done.plus(Ingested(refused=(found,)) if isinstance(found, Refused) else _keep(found, store, way))
    return done


def _keep(report: Report, store: ReportStore, way: Way) -> Ingested:
    # Into the bucket anybody with the right may put a file; what SES put there has its word of who sent it.
    came = Way.MAIL if way is Way.BUCKET and report.sender else way
    try:
        is_new = store.keep(report, came)
    except RowRefused as error:
        return Ingested(refused=(Refused(Trouble.DAMAGED, f"its report cannot be kept: {error}"),))
    if not is_new:
        return Ingested(duplicates=1)
    return Ingested(reports=1, mails=report.mails, sources=len(report.sources), unread=report.unread)


@dataclass(frozen=True, slots=True)
class IngestServices:
    """What ingesting from the bucket works with; of a file `most` bytes are fetched."""

    inbox: Inbox
    reader: Reader
    store: ReportStore
    alerts: Alerts
    budget: AlertBudget
    clock: Callable[[], datetime]
    most: int


def ingest_file(name: str, services: IngestServices) -> Ingested:
    """Ingests a file of the bucket. What is bad is set aside, with one alert for the file.

    Raises `LedgerError`, `StorageError` or `AlertError` where another try helps: it finds its reports there already.
    """
    if name.endswith(SETUP_NOTIFICATION):
        return Ingested()
    content = services.inbox.fetch(name, services.most)
    if content is None:
        return Ingested()
    done = ingest(content, services.reader, services.store, Way.BUCKET)
    if not done.bad or services.inbox.is_aside(name):
        return done
    # First the alert, then the copy that says that it went out: a crash between them repeats it, and loses none.
    alerted = services.budget.take(f"{services.clock():%Y-%m-%d}")
    reason = reason_of(done)
    if alerted:
        services.alerts.send(refusal_notice(name, reason, services.clock()))
    services.inbox.set_aside(name, reason)
    return done.plus(Ingested(alerted=alerted))


def reason_of(done: Ingested) -> str:
    """Why a file is bad, in a sentence for each of its parts."""
    return "; ".join(f"{one.part}: {one.reason}" if one.part else one.reason for one in done.bad)


def refusal_notice(name: str, reason: str, now: datetime) -> Notice:
    """The alert about a file."""
    return Notice(
        kind=NoticeKind.DMARC_REFUSED,
        scope=f"dmarc-file/{name}",
        at=now,
        reason=reason,
        done="The file was not unpacked any further, and is kept aside in the bucket, under refused/.",
        next="Look at who sent it. If it is a real report, read it again when the cause is mended:\n"
        f"    ses-warden dmarc ingest s3://BUCKET/{name}\n"
        'Step by step: docs/runbook.md, "A DMARC report was refused".',
        by="SES Warden",
        status="refused",
        episode=f"dmarc-file/{name}",
    )
