"""Looks at what works events off: functions, rules, queues, the quarantine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from ses_warden.application.looks import Check, Eyes, Judged, looked, named, queue_arn, unnamed
from ses_warden.domain import health_runners
from ses_warden.domain.findings import Finding
from ses_warden.domain.health import Blueprint, Queue, broken, unknown, warn


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

    def _functions(self) -> Iterator[Check]:
        topic = self.plan.of("FeedbackTopicArn")
        queues = {"FeedbackFunction": "FeedbackRetryQueueUrl", "ActivityFunction": "ActivityQueueUrl", "GuardFunction": ""}
        for function, queue in queues.items():
            yield named(self.plan, "function.state", function, f"{function}Name", partial(self._function, function))
            if feeding := queue_arn(topic, self.plan.of(queue)):
                yield named(self.plan, "function.source", function, f"{function}Name", partial(self._source, function, feeding))
        yield named(self.plan, "function.invoker", "FeedbackFunction", "FeedbackFunctionName", self._invoker)
        if self._tells_of_recipients:
            yield Check("function.state", "PublisherFunction", self._publisher)

    @property
    def _tells_of_recipients(self) -> bool:
        return self.plan.of("RecipientEvents", "off") != "off"

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

    def _publisher(self) -> Iterator[Finding]:
        where = "PublisherFunction"
        if self.plan.resources is None:
            yield _no_resources("function.state", where)
            return
        name = self.plan.resource(where)
        if not name:
            what = "RecipientEvents is on, yet nobody tells of recipients: the suppression table was given without its stream"
            yield warn("function.state", where, what, "Give ExistingSuppressionStreamArn too, and deploy.")
            return
        yield from looked(Check("function.state", where, partial(self._function, where, name)))
        yield from looked(Check("function.source", where, partial(self._stream, where, name)))

    def _stream(self, where: str, name: str) -> Judged:
        seen = self.eyes.sources(name)
        streams = [one.arn for one in seen if ":dynamodb:" in one.arn]
        return health_runners.judge_sources(where, seen, streams or ["the suppression table's stream"])

    def _rules(self) -> Iterator[Check]:
        guards = self.plan.of("GuardMode", "active") != "off"
        rules = [
            ("GuardFunctionEachMinute", guards, "the guard looks each minute"),
            ("TenantStatusRule", guards, "the guard hears of tenants"),
        ]
        if self.plan.of("EventBridgeRule", "false") == "true":
            rules.append(("SesEventsRule", True, "events of the default event bus come into the activity lane"))
        for where, wanted, what in rules:
            yield Check("rule.state", where, partial(self._rule, where, what, wanted=wanted))

    def _rule(self, where: str, what: str, *, wanted: bool) -> Finding:
        if self.plan.resources is None:
            return _no_resources("rule.state", where)
        name = self.plan.resource(where)
        return health_runners.judge_rule(where, name, self.eyes.rule(name) if name else None, wanted=wanted, what=what)

    def _queues(self) -> Iterator[Check]:
        for where, topic in (("ActivityQueue", "ActivityTopicArn"), ("FeedbackRetryQueue", "FeedbackTopicArn")):
            yield named(self.plan, "queue.age", where, f"{where}Url", partial(self._queue, where, topic))
        for where, lane in (("FeedbackDeadLetterQueue", "feedback"), ("ActivityDeadLetterQueue", "activity")):
            mend = f"`ses-warden redrive --lane {lane}` shows why; with --apply it records them."
            yield named(self.plan, "queue.dead", where, f"{where}Url", partial(self._dead, where, mend))
        given_up = self.plan.resource("PublisherDeadLetterQueue")
        if self._tells_of_recipients and given_up:
            mend = "The runbook says what to do (Other programs do not hear of recipients)."
            yield Check("queue.dead", "PublisherDeadLetterQueue", partial(self._dead, "PublisherDeadLetterQueue", mend, given_up))
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
        yield from looked(Check("queue.age", where, partial(self._age, where, url, seen)))

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
