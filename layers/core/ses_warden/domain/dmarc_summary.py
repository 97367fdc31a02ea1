"""What the DMARC reports of some weeks come to: by source, by reporter, by day, by domain of the From header.

All numbers are sums over reports. Each receiver tells of its own mail only, and some tell of the same mail twice (a forwarder and
the one it forwards to), so that a sum is what was reported, and never how much was sent.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from ses_warden.domain.dmarc import Report, Source
from ses_warden.domain.dmarc_kept import told_by
from ses_warden.domain.dmarc_published import Published, Told, current, end_of, told_of
from ses_warden.domain.dmarc_sources import Evidence, Kind, Trace, keys_of, kind_of, trace_of

# What is different beyond these is counted under `REST`: a reporter may write whatever it likes.
_MOST_TRACES, _MOST_NAMES = 50_000, 1_000
REST = "(rest)"
_EVER = datetime.max.replace(tzinfo=UTC)
_DISPOSITIONS = ("none", "quarantine", "reject")


@dataclass(slots=True)
class Tally:
    """How mails fared. `dispositions` is what receivers did: `none` (delivered), `quarantine`, `reject`, `other`."""

    mails: int = 0
    passed: int = 0
    dkim: int = 0
    spf: int = 0
    spf_alone: int = 0  # pass by SPF, without an aligned signature: the next forwarder breaks it
    dispositions: Counter[str] = field(default_factory=Counter)

    def add(self, count: int, disposition: str, *, dkim: bool, spf: bool) -> None:
        """Counts mails that fared alike."""
        self.mails += count
        self.passed += count * (dkim or spf)
        self.dkim += count * dkim
        self.spf += count * spf
        self.spf_alone += count * (spf and not dkim)
        # RFC 9990 writes `pass` where RFC 7489 wrote `none` for a mail that passed.
        disposition = "none" if disposition == "pass" else disposition
        self.dispositions[disposition if disposition in _DISPOSITIONS else "other"] += count

    def merge(self, other: "Tally") -> None:
        """Counts what another one has counted."""
        self.mails += other.mails
        self.passed += other.passed
        self.dkim += other.dkim
        self.spf += other.spf
        self.spf_alone += other.spf_alone
        self.dispositions.update(other.dispositions)

    @property
    def failed(self) -> int:
        """How many fail DMARC."""
        return self.mails - self.passed

    def rate(self, part: int) -> float:
        """A part of the mails as a fraction."""
        return part / self.mails if self.mails else 0.0


@dataclass(slots=True)
class SourceSum:
    """The mails of one kind from one address. `reporters` and `days`: who told of it, and on which days.

    `authors` are the domains of the From header, with their mails; `unsigned` those of mail that passes by SPF alone.
    """

    address: str
    kind: Kind
    tally: Tally = field(default_factory=Tally)
    evidence: Counter[Evidence] = field(default_factory=Counter)
    authors: Counter[str] = field(default_factory=Counter)
    unsigned: Counter[str] = field(default_factory=Counter)
    somebody: Counter[str] = field(default_factory=Counter)
    keys: set[str] = field(default_factory=set)
    reporters: set[str] = field(default_factory=set)
    days: set[date] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Summary:
    """What some weeks of reports come to.

    `first` and `last`: the time that the reports cover, and `covered` its days; a report of a week counts on the day of its middle,
    and covers all seven. `own_days`: mails of ours by day. `unread`: records that could not be read; `cut`: more sources than are
    kept apart, the rest of which is one, `REST`; `discarded`: reports that an operator took out, of which nothing else here knows.
    """

    domain: str
    total: Tally
    kinds: Mapping[Kind, Tally]
    sources: tuple[SourceSum, ...]
    reporters: Mapping[str, Tally]
    days: Mapping[date, Tally]
    authors: Mapping[str, Mapping[Kind, Tally]]
    reports: int
    first: datetime | None
    last: datetime | None
    published: Published
    covered: frozenset[date] = frozenset()
    own_days: Mapping[date, int] = field(default_factory=dict[date, int])
    unread: int = 0
    cut: bool = False
    discarded: int = 0

    def mails(self, kind: Kind) -> int:
        """How many mails are of a kind."""
        tally = self.kinds.get(kind)
        return tally.mails if tally else 0

    @property
    def ours(self) -> Tally:
        """The mail that is ours, and that nobody passed on."""
        found = Tally()
        for kind, tally in self.kinds.items():
            if kind.is_ours:
                found.merge(tally)
        return found


def summarize(domain: str, reports: Iterable[Report], addresses: Collection[str]) -> Summary:
    """The sums of the reports about a domain. `addresses` are those from which SES delivered mail of ours."""
    return summarize_twice(domain, reports, addresses, _EVER)[0]


def summarize_twice(
    domain: str, reports: Iterable[Report], addresses: Collection[str], latest: datetime, until: datetime = _EVER
) -> tuple[Summary, Summary]:
    """Of all the reports, and of those that begin at `latest` or later. Nothing after `until` is covered, whatever they claim."""
    sums, later = _Sums(domain, until), _Sums(domain, until)
    for report in reports:
        sums.add(report)
        if report.begin >= latest:
            later.add(report)
    return sums.summary(addresses), later.summary(addresses)


@dataclass(slots=True)
class _Told:
    """What is known of a trace."""

    by_disposition: Counter[str] = field(default_factory=Counter)
    reporters: set[str] = field(default_factory=set)
    days: Counter[date] = field(default_factory=Counter)


@dataclass(slots=True)
class _Sums:
    """The sums as they grow: what sources are is known only when all are read, and then of each trace once."""

    domain: str
    until: datetime
    told: dict[Trace, _Told] = field(default_factory=dict)
    reporters: dict[str, Tally] = field(default_factory=dict)
    days: dict[date, Tally] = field(default_factory=dict)
    published: list[Told] = field(default_factory=list)
    covered: set[date] = field(default_factory=set)
    unread: int = 0
    cut: bool = False
    discarded: int = 0
    apart: Counter[bool] = field(default_factory=Counter)

    def add(self, report: Report) -> None:
        """Counts a report, unless somebody discarded it."""
        if report.discarded:
            self.discarded += 1
            return
        reporter = _room(self.reporters, told_by(report.reporter, report.sender))
        days = _days_of(report)
        day = days[len(days) // 2]
        self.covered.update(one for one in days if one <= self.until.date())
        self.published.append(told_of(report))
        self.unread += report.unread
        by_reporter, by_day = self.reporters.setdefault(reporter, Tally()), self.days.setdefault(day, Tally())
        for source in report.sources:
            known = self.told.setdefault(self._trace(source), _Told())
            known.by_disposition[source.disposition] += source.count
            known.reporters.add(reporter)
            known.days[day] += source.count
            for tally in (by_reporter, by_day):
                tally.add(source.count, source.disposition, dkim=source.dkim_aligned, spf=source.spf_aligned)

    def _trace(self, source: Source) -> Trace:
        trace = trace_of(source, self.domain)
        if trace in self.told:
            return trace
        # Apart, so that a flood of forgers' addresses takes no room from what is ours.
        self.apart[trace.passes] += 1
        if self.apart[trace.passes] <= _MOST_TRACES:
            return trace
        self.cut = True
        return Trace(REST, self.domain, source.dkim_aligned, source.spf_aligned)

    def summary(self, addresses: Collection[str]) -> Summary:
        """What all of it comes to."""
        keys = keys_of(self.told, addresses)
        total = Tally()
        kinds: dict[Kind, Tally] = {}
        sources: dict[tuple[Kind, str], SourceSum] = {}
        authors: dict[str, dict[Kind, Tally]] = {}
        own_days: Counter[date] = Counter()
        for trace, known in self.told.items():
            kind, evidence = kind_of(trace, addresses, keys)
            tally = Tally()
            for disposition, count in known.by_disposition.items():
                tally.add(count, disposition, dkim=trace.dkim, spf=trace.spf)
            author = _room(authors, trace.author)
            source = sources.setdefault((kind, trace.address), SourceSum(trace.address, kind))
            for one in (total, kinds.setdefault(kind, Tally()), authors.setdefault(author, {}).setdefault(kind, Tally())):
                one.merge(tally)
            _tell(source, trace, known, tally, evidence)
            if kind.is_ours:
                own_days.update(known.days)
        order = list(Kind)
        return Summary(
            domain=self.domain,
            total=total,
            kinds={kind: kinds[kind] for kind in order if kind in kinds},
            sources=tuple(sorted(sources.values(), key=lambda one: (order.index(one.kind), -one.tally.mails, one.address))),
            reporters=dict(sorted(self.reporters.items(), key=lambda item: (-item[1].mails, item[0]))),
            days=dict(sorted(self.days.items())),
            authors=dict(sorted(authors.items(), key=lambda item: (-sum(one.mails for one in item[1].values()), item[0]))),
            reports=len(self.published),
            first=min((one.begin for one in self.published), default=None),
            last=max((min(one.end, self.until) for one in self.published), default=None),
            published=current(self.published),
            covered=frozenset(self.covered),
            own_days=own_days,
            unread=self.unread,
            cut=self.cut,
            discarded=self.discarded,
        )


def _tell(source: SourceSum, trace: Trace, known: _Told, tally: Tally, evidence: Collection[Evidence]) -> None:
    source.tally.merge(tally)
    source.evidence.update(dict.fromkeys(evidence, tally.mails))
    source.authors[trace.author] += tally.mails
    if tally.spf_alone:
        source.unsigned[trace.author] += tally.spf_alone
    source.keys.update(trace.keys)
    source.reporters |= known.reporters
    source.days.update(known.days)
    if trace.somebody:
        source.somebody[trace.somebody] += tally.mails


def _room(known: Mapping[str, object], name: str) -> str:
    return name if name in known or len(known) < _MOST_NAMES else REST


def _days_of(report: Report) -> list[date]:
    """The days that a report is about, by their middles, since reports begin and end at the midnight of anywhere."""
    length = end_of(report) - report.begin
    number = max(1, round(length / timedelta(days=1)))
    return [(report.begin + length * (2 * day + 1) / (2 * number)).astimezone(UTC).date() for day in range(number)]
