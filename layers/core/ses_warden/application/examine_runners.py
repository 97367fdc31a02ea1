"""Looks at what works events off: functions, queues, the quarantine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from ses_warden.application.looks import Check, Eyes, Judged, looked, named, no_resources, queue_arn, unnamed
from ses_warden.domain import health_routes, health_runners
from ses_warden.domain.findings import Finding
from ses_warden.domain.health import Blueprint, Queue, Source, broken, warn
from ses_warden.domain.health_lanes import aws_key, judge_key, sns_at
from ses_warden.domain.health_routes import judge_failing, rule_at, skipped, unrecorded

# By whom the queues are filled: the output that names the topic, and what becomes of events if it may not fill it.
_FILLED: Final = {
    "ActivityQueue": ("ActivityTopicArn", "events go to the dead-letter queue, or are lost"),
    "FeedbackRetryQueue": ("FeedbackTopicArn", "what cannot be handed over is lost"),
    "ActivityDeadLetterQueue": ("ActivityTopicArn", "what cannot be delivered is lost"),
}
# The queues behind them.
_BEHIND: Final = {"ActivityQueue": "ActivityDeadLetterQueue", "FeedbackRetryQueue": "FeedbackDeadLetterQueue"}


@dataclass(frozen=True, slots=True)
class Runners:
    """The looks at a stack's functions and queues."""

    plan: Blueprint
    eyes: Eyes
    now: datetime

    def checks(self) -> Iterator[Check]:
        """Functions, what feeds them, and what waits for them."""
        yield from self._functions()
        yield from self._queues()
        yield Check("alarm.state", "alarms", self._alarms)

    def _functions(self) -> Iterator[Check]:
        topic = self.plan.of("FeedbackTopicArn")
        queues = {"FeedbackFunction": "FeedbackRetryQueueUrl", "ActivityFunction": "ActivityQueueUrl"}
        for function in (*queues, "GuardFunction"):
            yield named(self.plan, "function.state", function, f"{function}Name", partial(self._function, function))
        for function, queue in queues.items():
            if feeding := queue_arn(topic, self.plan.of(queue)):
                yield named(self.plan, "function.source", function, f"{function}Name", partial(self._source, function, feeding))
        further = [one for one in self.plan.resources or () if one.endswith("Function") and one not in (*queues, "GuardFunction")]
        for function in further:
            name = self.plan.resource(function)
            yield Check("function.state", function, partial(self._function, function, name))
            yield Check("function.source", function, partial(self._all_sources, function, name))
        if self.plan.of("RecipientEvents", "off") != "off" and "PublisherFunction" not in further:
            yield Check("function.state", "PublisherFunction", self._no_publisher)

    def _function(self, where: str, name: str) -> Judged:
        return health_runners.judge_function(where, self.eyes.function(name))

    def _source(self, where: str, feeding: str, name: str) -> Judged:
        return health_runners.judge_sources(where, self.eyes.sources(name), [feeding])

    def _all_sources(self, where: str, name: str) -> Iterator[Finding]:
        seen = self.eyes.sources(name)
        # The publisher lives by its stream; others are started by rules.
        wanted = sorted({one.arn for one in seen}) or (["the suppression table's stream"] if where == "PublisherFunction" else [])
        yield from health_runners.judge_sources(where, seen, wanted)
        if seen and where == "PublisherFunction":
            yield self._skipped(where, next((one for one in seen if one.state == "Enabled"), seen[0]))

    def _skipped(self, where: str, seen: Source) -> Finding:
        url = self.plan.resource("PublisherDeadLetterQueue")
        wanted = queue_arn(self.plan.anchor, url)
        if not wanted:
            return unnamed("function.failures", where, "FeedbackTopicArn")
        return judge_failing(where, skipped(seen.uuid, wanted), seen.failures, wanted)

    def _no_publisher(self) -> Finding:
        if self.plan.resources is None:
            return no_resources("function.state", "PublisherFunction")
        what = "RecipientEvents is on, yet nobody tells of recipients: the suppression table was given without its stream"
        return warn("function.state", "PublisherFunction", what, "Give ExistingSuppressionStreamArn too, and deploy.")

    def _queues(self) -> Iterator[Check]:
        for where in _BEHIND:
            yield named(self.plan, "queue.age", where, f"{where}Url", partial(self._queue, where))
        for where, lane in (("FeedbackDeadLetterQueue", "feedback"), ("ActivityDeadLetterQueue", "activity")):
            mend = f"`ses-warden redrive --lane {lane}` shows why; with --apply it records them."
            yield named(self.plan, "queue.dead", where, f"{where}Url", partial(self._dead, where, mend))
        lanes = ("FeedbackDeadLetterQueue", "ActivityDeadLetterQueue")
        for where in (one for one in self.plan.resources or () if one.endswith("DeadLetterQueue") and one not in lanes):
            mend = "Its alarm's section in the runbook says what to do."
            yield Check("queue.dead", where, partial(self._dead, where, mend, self.plan.resource(where)))
        yield named(self.plan, "quarantine.objects", "QuarantineBucket", "QuarantineBucketName", self._quarantine)

    def _quarantine(self, bucket: str) -> Finding:
        return health_runners.judge_quarantine("QuarantineBucket", self.eyes.quarantine(bucket, self.now), self.now)

    def _queue(self, where: str, url: str) -> Iterator[Finding]:
        seen = self.eyes.queue(url)
        if seen is None:
            yield _no_queue("queue.age", where)
            return
        yield from self._policy(where, seen)
        yield self._redrive(where, url, seen)
        if arn := self.plan.of(_FILLED[where][0]):
            yield from looked(Check("queue.key", where, partial(self._key, where, arn, seen)))
        yield from looked(Check("queue.age", where, partial(self._age, where, url, seen)))

    def _policy(self, where: str, seen: Queue) -> Iterator[Finding]:
        name, lost = _FILLED[where]
        topic, rule = self.plan.of(name), self.plan.resource("SesEventsRule")
        if topic:
            rules = [rule_at(topic, rule)] if rule and where != "FeedbackRetryQueue" else []
            yield health_routes.judge_queue(where, seen, [sns_at(topic), *rules], lost)

    def _redrive(self, where: str, url: str, seen: Queue) -> Finding:
        behind = f"{_BEHIND[where]}Url"
        wanted = queue_arn(self.plan.anchor, self.plan.of(behind))
        if not wanted:
            return unnamed("queue.redrive", where, behind if self.plan.anchor else "FeedbackTopicArn")
        return judge_failing(where, unrecorded(url, wanted), seen.dead_letters, wanted)

    def _key(self, where: str, topic: str, seen: Queue) -> Judged:
        if seen.key.endswith("alias/aws/sqs"):
            return aws_key("queue.key", where, sns_at(topic))
        return [judge_key("queue.key", where, self.eyes.key(seen.key), sns_at(topic))] if seen.key else []

    def _alarms(self) -> Judged:
        seen = self.eyes.alarms(self.plan.stack)
        if self.plan.resources is None:
            return health_runners.judge_alarms(seen)
        # Another stack's name may begin with this one's.
        logical = {physical: name for name, physical in self.plan.resources.items()}
        ours = [one._replace(name=logical[one.name]) for one in seen if one.name in logical]
        return health_runners.judge_alarms(ours)

    def _age(self, where: str, url: str, seen: Queue) -> Finding:
        limit = self.plan.number("QueueAgeAlarmSeconds", 600)
        return health_runners.judge_age(where, seen, self.eyes.oldest(url.rpartition("/")[2], self.now), limit)

    def _dead(self, where: str, mend: str, url: str) -> Iterator[Finding]:
        seen = self.eyes.queue(url)
        if seen is None:
            yield _no_queue("queue.dead", where)
            return
        if where in _FILLED:
            yield from self._policy(where, seen)
        yield health_runners.judge_dead_letters(where, seen, mend)


def _no_queue(code: str, where: str) -> Finding:
    return broken(code, where, "SQS knows no such queue", "Deploy a new stack.")
