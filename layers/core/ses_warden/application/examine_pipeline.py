"""Looks at every part of a deployed pipeline and says what is wrong with it. Nothing is changed, and no look hides another."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain

from ses_warden.application.examine_lanes import Lanes
from ses_warden.application.examine_routes import Routes
from ses_warden.application.examine_runners import Runners
from ses_warden.application.looks import Check, Eyes, Judged, Records, SesEyes, looked, needs
from ses_warden.domain import health_mail
from ses_warden.domain.findings import Finding, Standing
from ses_warden.domain.health import Blueprint, Traffic, unknown, well
from ses_warden.errors import Unseen

_HOURS = 6
type Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Examination:
    """A pass over a stack. `identities` is how many senders are looked at, at one a second."""

    plan: Blueprint
    ses: SesEyes
    eyes: Eyes
    records: Records
    now: datetime
    identities: int = 0
    progress: Progress = field(default=lambda _: None)

    def findings(self) -> list[Finding]:
        """One line for each thing, in the order of the mail's way."""
        found: list[Finding] = []
        parts = (Lanes(self.plan, self.ses, self.eyes), Routes(self.plan, self.eyes), Runners(self.plan, self.eyes, self.now))
        for check in chain.from_iterable(part.checks() for part in parts):
            self.progress(check.where)
            found += looked(check)
        return found + self._mail()

    def _mail(self) -> list[Finding]:
        try:
            traffic = self.eyes.traffic(self.plan.of("FeedbackTopicArn"), self.now).after(self.plan.since)
        except Unseen as error:
            found = [unknown("events.age", "events", f"SES's own metrics could not be seen: {error}", needs(error))]
            coverage = Standing.UNKNOWN
        else:
            found = looked(
                Check("events.age", "events", lambda: health_mail.judge_age(traffic, self.records.last_event(self.now), self.now))
            )
            covered = looked(Check("events.coverage", "events", lambda: self._coverage(traffic)))
            coverage = covered[0].standing if self._hours() else Standing.UNKNOWN
            found += covered
            if self.plan.of("FeedbackTopicArn"):
                found.append(health_mail.judge_feedback(traffic, self.now))
        return found + looked(Check("identity.set", "identities", lambda: self._identities(coverage)))

    def _coverage(self, traffic: Traffic) -> Finding:
        hours = self._hours()
        if not hours:
            return well(
                "events.coverage", "events", "the stack has not been there for a full hour: there is nothing to compare yet"
            )
        return health_mail.judge_coverage(traffic, self.records.sent(hours))

    def _hours(self) -> list[datetime]:
        """The last full hours in which the stack was there."""
        end = self.now.replace(minute=0, second=0, microsecond=0)
        if self.now - end < health_mail.SETTLED:
            end -= health_mail.HOUR
        hours = [end - number * timedelta(hours=1) for number in range(1, _HOURS + 1)]
        return [one for one in hours if not self.plan.since or one >= self.plan.since]

    def _identities(self, coverage: Standing) -> Judged:
        seen = self.ses.identities(self.identities, lambda done: self.progress(f"identities: {done}"))
        return health_mail.judge_identities(seen, tuple(self.plan.sets()), coverage)
