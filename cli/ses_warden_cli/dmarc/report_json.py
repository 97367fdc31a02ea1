"""`dmarc report` for scripts: JSON and CSV."""

import csv
import sys

from ses_warden.application.report_dmarc import DmarcReport
from ses_warden.domain.dmarc_summary import SourceSum, Tally
from ses_warden_cli import show
from ses_warden_cli.dmarc import report_shapes as shapes
from ses_warden_cli.findings import shapes_of

_COUNTS = ("mails", "passed", "dkim", "spf", "spf_alone", "delivered", "quarantined", "rejected")
_COLUMNS = ("kind", "address", *_COUNTS, "authors", "somebody", "evidence", "reporters", "first_day", "last_day", "days")


def report_shape(found: DmarcReport, *, finding: bool) -> shapes.DmarcReport:
    """The whole report."""
    summary, advice, known, published = found.summary, found.advice, found.known, found.summary.published
    return shapes.DmarcReport(
        domain=summary.domain,
        since=str(show.iso(found.since)),
        until=str(show.iso(found.until)),
        finding=finding,
        reports=summary.reports,
        unread=summary.unread,
        discarded=summary.discarded,
        first=show.iso(summary.first),
        last=show.iso(summary.last),
        complete=not summary.cut,
        total=_tally(summary.total),
        kinds={kind.value: _tally(tally) for kind, tally in summary.kinds.items()},
        sources=[_source(one) for one in summary.sources],
        reporters={name: _tally(tally) for name, tally in summary.reporters.items()},
        days={day.isoformat(): _tally(tally) for day, tally in summary.days.items()},
        authors=[
            shapes.DmarcAuthor(domain=name, kinds={kind.value: _tally(tally) for kind, tally in kinds.items()})
            for name, kinds in summary.authors.items()
        ],
        published=shapes.DmarcPublished(
            p=published.policy,
            sp=published.subdomain,
            np=published.nonexistent,
            t=published.testing,
            pct=published.percent,
            since=show.iso(published.since),
        ),
        outgoing=shapes.DmarcOutgoing(
            addresses=len(known.addresses),
            domains=sorted(known.domains),
            since=known.since.isoformat() if known.since else None,
            trouble=known.trouble or None,
        ),
        advice=shapes.DmarcAdvice(
            step=advice.step.value,
            headline=advice.headline,
            reasons=list(advice.reasons),
            findings=shapes_of(advice.findings),
            record=advice.record,
        ),
    )


def write_csv(found: DmarcReport) -> None:
    """A line a source."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for one in found.summary.sources:
        shape = _source(one)
        named = {name: " ".join(shape[name]) for name in ("authors", "somebody", "evidence", "reporters")}
        texts = {**shape, **shape["tally"], **named}
        writer.writerow([texts[name] if isinstance(texts[name], int) else show.cell(texts[name]) for name in _COLUMNS])


def _source(one: SourceSum) -> shapes.DmarcSource:
    return shapes.DmarcSource(
        address=one.address,
        kind=one.kind.value,
        evidence=[evidence.value for evidence, _ in one.evidence.most_common()],
        tally=_tally(one.tally),
        authors=dict(one.authors.most_common()),
        somebody=dict(one.somebody.most_common()),
        keys=sorted(one.keys),
        reporters=sorted(one.reporters),
        first_day=min(one.days).isoformat(),
        last_day=max(one.days).isoformat(),
        days=len(one.days),
    )


def _tally(tally: Tally) -> shapes.DmarcTally:
    return shapes.DmarcTally(
        mails=tally.mails,
        passed=tally.passed,
        dkim=tally.dkim,
        spf=tally.spf,
        spf_alone=tally.spf_alone,
        delivered=tally.dispositions["none"],
        quarantined=tally.dispositions["quarantine"],
        rejected=tally.dispositions["reject"],
    )
