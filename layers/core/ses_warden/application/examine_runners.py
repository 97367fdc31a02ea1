"""Looks at what works events off: functions, rules, queues, the quarantine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from ses_warden.application.looks import Check, Eyes, Judged, looked, named, queue_arn, unnamed
from ses_warden.domain import health_runners
from ses_warden.domain.findings import Finding
from ses_warden.domain.health import Blueprint, Queue, broken, unknown, warn
from ses_warden.domain.health_lanes import aws_key, judge_key, sns_at
from ses_warden.domain.health_runners import Wanted

# By the logical id that SAM gives the rule of a function's schedule: the parameter that switches it, and what it is for.
_RULES: Final = {
    "GuardFunctionEachMinute": ("GuardMode", "the guard looks each minute"),
    "TenantStatusRule": ("GuardMode", "the guard hears of tenants"),
    "SyncFunctionEachDay": ("SuppressionSync", "the suppression table is compared with SES's list each day"),
    "AuditFunctionEachDay": ("AuditMode", "domains are audited"),
}


@dataclass(frozen=True, slots=True)
class Runners:
    """The looks at a stack's functions and queues."""

    plan: Blueprint
    eyes: Eyes
    now: datetime

    def checks(self) -> Iterator[Check]:
        """Functions, what starts them, and what waits for them."""
        yield from self._functions()
        yield from self._rules()
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
        yield named(self.plan, "function.invoker", "FeedbackFunction", "FeedbackFunctionName", self._invoker)
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

    def _invoker(self, name: str) -> Judged:
        topic = self.plan.of("FeedbackTopicArn")
        if not topic:
            return unnamed("function.invoker", "FeedbackFunction", "FeedbackTopicArn")
        function = self.eyes.function(name)
        arn = function.arn if function else name
        return health_runners.judge_invoker("FeedbackFunction", self.eyes.invokers(name), topic, arn)

    def _all_sources(self, where: str, name: str) -> Judged:
        seen = self.eyes.sources(name)
        # The publisher lives by its stream; others are started by rules.
        wanted = sorted({one.arn for one in seen}) or (["the suppression table's stream"] if where == "PublisherFunction" else [])
        return health_runners.judge_sources(where, seen, wanted)

    def _no_publisher(self) -> Finding:
        if self.plan.resources is None:
            return _no_resources("function.state", "PublisherFunction")
        what = "RecipientEvents is on, yet nobody tells of recipients: the suppression table was given without its stream"
        return warn("function.state", "PublisherFunction", what, "Give ExistingSuppressionStreamArn too, and deploy.")

    def _rules(self) -> Iterator[Check]:
        for where, (parameter, what) in _RULES.items():
            mode = self.plan.of(parameter)
            # An older stack has fewer of them; without a stack nobody knows.
            if mode or self.plan.resources is None:
                yield Check("rule.state", where, partial(self._rule, where, Wanted(what, mode != "off", parameter)))
        if self.plan.of("EventBridgeRule", "false") == "true":
            wanted = Wanted("events of the default event bus come into the activity lane", on=True, parameter="EventBridgeRule")
            yield Check("rule.state", "SesEventsRule", partial(self._rule, "SesEventsRule", wanted))

    def _rule(self, where: str, wanted: Wanted) -> Finding:
        if self.plan.resources is None:
            return _no_resources("rule.state", where)
        name = self.plan.resource(where)
        return health_runners.judge_rule(where, name, self.eyes.rule(name) if name else None, wanted)

    def _queues(self) -> Iterator[Check]:
        for where, topic in (("ActivityQueue", "ActivityTopicArn"), ("FeedbackRetryQueue", "FeedbackTopicArn")):
            yield named(self.plan, "queue.age", where, f"{where}Url", partial(self._queue, where, topic))
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

    def _queue(self, where: str, topic: str, url: str) -> Iterator[Finding]:
        seen = self.eyes.queue(url)
        if seen is None:
            yield _no_queue("queue.age", where)
            return
        if arn := self.plan.of(topic):
            yield health_runners.judge_queue(where, seen, arn)
            yield from looked(Check("queue.key", where, partial(self._key, where, arn, seen)))
        yield from looked(Check("queue.age", where, partial(self._age, where, url, seen)))

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

    def _dead(self, where: str, mend: str, url: str) -> Finding:
        seen = self.eyes.queue(url)
        return health_runners.judge_dead_letters(where, seen, mend) if seen else _no_queue("queue.dead", where)


def _no_resources(code: str, where: str) -> Finding:
    mend = "Whoever asks needs the right cloudformation:ListStackResources; --use names no rules and publishers."
    return unknown(code, where, "could not be seen: what the stack is made of is not known", mend)


def _no_queue(code: str, where: str) -> Finding:
    return broken(code, where, "SQS knows no such queue", "Deploy a new stack.")
