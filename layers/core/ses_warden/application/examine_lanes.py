"""Looks at how events come in: configuration sets and their destinations, topics, subscriptions."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

from ses_warden.application.looks import Check, Eyes, Judged, SesEyes, function_arn, looked, named, needs, queue_arn, unnamed
from ses_warden.domain import health_lanes
from ses_warden.domain.findings import Finding, worst
from ses_warden.domain.health import Blueprint, Topic, broken, unknown
from ses_warden.domain.health_lanes import ACTIVITY, FEEDBACK, TRACKING, Lane, Publisher, alarms_at, ses_at
from ses_warden.domain.health_mail import judge_account
from ses_warden.domain.health_routes import judge_failing, undelivered
from ses_warden.errors import Unseen


@dataclass(frozen=True, slots=True)
class Lanes:
    """The looks at a stack's lanes, up to whoever works events off."""

    plan: Blueprint
    ses: SesEyes
    eyes: Eyes

    def checks(self) -> Iterator[Check]:
        """In the order of the mail's way."""
        yield Check("account.sending", "account", lambda: judge_account(self.ses.account()))
        yield from self._sets()
        yield from self._topics()
        yield from self._subscriptions()

    def _sets(self) -> Iterator[Check]:
        for name in self.plan.sets():
            yield Check("set.exists", name, partial(self._set, name))
        if not any(self.plan.sets()):
            yield Check(
                "set.exists", "configuration set", lambda: unnamed("set.exists", "configuration set", "ConfigurationSetName")
            )

    def _set(self, name: str) -> Iterator[Finding]:
        seen = self.ses.configuration_set(name)
        if seen is None:
            yield health_lanes.no_set(name)
            return
        authority = self.plan.of("SuppressionAuthority", "ses")
        yield from health_lanes.judge_set(name, seen, authority, None if seen.suppressed is not None else self._account_list())
        yield from looked(Check("set.destinations", name, lambda: self._destinations(name)))

    def _account_list(self) -> frozenset[str] | None:
        try:
            return self.ses.account().suppressed
        except Unseen:
            return None

    def _destinations(self, name: str) -> Judged:
        tracks = self.plan.of("TrackOpensAndClicks", "true") == "true"
        activity = ACTIVITY | TRACKING if tracks else ACTIVITY
        lanes = (
            Lane("feedback", FEEDBACK, self.plan.of("FeedbackTopicArn"), f"{self.plan.stack}-feedback"),
            Lane("activity", activity, self.plan.of("ActivityTopicArn"), f"{self.plan.stack}-activity"),
        )
        return health_lanes.judge_destinations(name, self.ses.destinations(name), [lane for lane in lanes if lane.topic])

    def _topics(self) -> Iterator[Check]:
        for where in ("FeedbackTopic", "ActivityTopic", "AlertTopic"):
            yield named(self.plan, "topic.policy", where, f"{where}Arn", partial(self._topic, where))

    def _topic(self, where: str, arn: str) -> Iterator[Finding]:
        seen = self.eyes.topic(arn)
        if seen is None:
            yield broken("topic.policy", where, "SNS knows no such topic: all that goes there is lost", "Deploy a new stack.")
            return
        some = [alarms_at(arn)] if where == "AlertTopic" else [ses_at(arn, one) for one in self.plan.sets()]
        yield self._policy(where, arn, seen, some)
        publisher = next(iter(some), ses_at(arn, "ses-warden"))
        if seen.key.endswith("alias/aws/sns"):
            yield health_lanes.aws_key("topic.key", where, publisher)
        elif seen.key:
            yield from looked(Check("topic.key", where, partial(self._key, where, publisher, seen.key)))

    def _policy(self, where: str, arn: str, seen: Topic, publishers: list[Publisher]) -> Finding:
        """Of all that publish, the one that fares worst: a policy may name one configuration set and forget another."""
        found = [health_lanes.judge_topic(where, arn, seen, one) for one in publishers]
        standing = worst(found)
        for finding, publisher in zip(found, publishers, strict=True):
            if finding.standing is standing:
                part = any(one.standing is not standing for one in found)
                return replace(finding, what=f"{finding.what}: {publisher.caller.arn}") if part else finding
        return unnamed("topic.policy", where, "ConfigurationSetName")

    def _key(self, where: str, publisher: Publisher, key: str) -> Judged:
        return health_lanes.judge_key("topic.key", where, self.eyes.key(key), publisher)

    def _subscriptions(self) -> Iterator[Check]:
        for where, reader in (("FeedbackTopic", "FeedbackFunctionName"), ("ActivityTopic", "ActivityQueueUrl")):
            yield named(
                self.plan,
                "subscription.lane",
                where,
                f"{where}Arn",
                partial(self._reader, where, reader),
            )
        yield named(
            self.plan,
            "subscription.alerts",
            "AlertTopic",
            "AlertTopicArn",
            lambda arn: health_lanes.judge_listeners("AlertTopic", self.eyes.subscriptions(arn)),
        )

    def _reader(self, where: str, reader: str, topic: str) -> Iterator[Finding]:
        name = self.plan.of(reader)
        if not name:
            yield unnamed("subscription.lane", where, reader)
            return
        lambdas = where == "FeedbackTopic"
        protocol, endpoint = ("lambda", function_arn(topic, name)) if lambdas else ("sqs", queue_arn(topic, name))
        readers = [one for one in self.eyes.subscriptions(topic) if (one.protocol, one.endpoint) == (protocol, endpoint)]
        confirmed = [one for one in readers if not one.is_pending]
        try:
            deliveries = [self.eyes.delivery(one.arn) for one in confirmed]
        except Unseen as error:
            # That it is there can be said without it.
            yield health_lanes.judge_reader(where, readers, protocol, [])
            yield unknown("subscription.redrive", where, f"could not be seen: {error}", needs(error))
            return
        yield health_lanes.judge_reader(where, readers, protocol, deliveries)
        for one, delivery in zip(confirmed, deliveries, strict=True):
            yield self._redrive(where, one.arn, delivery.dead_letters)

    def _redrive(self, where: str, subscription: str, seen: str) -> Finding:
        name = "FeedbackRetryQueueUrl" if where == "FeedbackTopic" else "ActivityDeadLetterQueueUrl"
        wanted = queue_arn(self.plan.of(f"{where}Arn"), self.plan.of(name))
        if not wanted:
            return unnamed("subscription.redrive", where, name)
        return judge_failing(where, undelivered(subscription, wanted), seen, wanted)
