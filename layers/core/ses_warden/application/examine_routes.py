"""Looks at how one service reaches the next: rules and where they lead, who may invoke, where failures go, DMARC reports."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple

from ses_warden.application.check_inbox import INBOX, Wanted, check_receipt
from ses_warden.application.looks import (
    Check,
    Eyes,
    Judged,
    function_arn,
    looked,
    named,
    no_resources,
    queue_arn,
    unnamed,
)
from ses_warden.domain import health_routes, health_runners
from ses_warden.domain.findings import Finding
from ses_warden.domain.health import Blueprint
from ses_warden.domain.health_lanes import Publisher, sns_at
from ses_warden.domain.health_routes import Leads, alarm_at, bucket_at, rule_at
from ses_warden.errors import Unseen


class _Rule(NamedTuple):
    """The parameter that switches a rule, what it is for, and the output that names its target, which has this id."""

    parameter: str
    what: str
    target: str
    id: str


# By the logical id that SAM gives the rule of a function's schedule; so is the target's id SAM's.
_RULES: Final = {
    "GuardFunctionEachMinute": _Rule(
        "GuardMode", "the guard looks each minute", "GuardFunctionName", "GuardFunctionEachMinuteLambdaTarget"
    ),
    "TenantStatusRule": _Rule("GuardMode", "the guard hears of tenants", "GuardFunctionName", "GuardFunction"),
    "SyncFunctionEachDay": _Rule(
        "SuppressionSync",
        "the suppression table is compared with SES's list each day",
        "SyncFunctionName",
        "SyncFunctionEachDayLambdaTarget",
    ),
    "AuditFunctionEachDay": _Rule("AuditMode", "domains are audited", "AuditFunctionName", "AuditFunctionEachDayLambdaTarget"),
    "SesEventsRule": _Rule(
        "EventBridgeRule", "events of the default event bus come into the activity lane", "ActivityQueueUrl", "ActivityQueue"
    ),
}
# The alarms that invoke the guard: of the account, and of the set that the stack made.
_ALARMS: Final = [
    f"{scope}{kind}Rate{step}"
    for scope in ("Account", "ConfigurationSet")
    for kind in ("Bounce", "Complaint")
    for step in ("Warn", "Pause")
]
# Functions that nobody waits for: the parameter that switches them, and the output that names where their failures go.
_FAILURES: Final = {
    "FeedbackFunction": ("", "FeedbackRetryQueueUrl"),
    "GuardFunction": ("GuardMode", "AlertTopicArn"),
    "AuditFunction": ("AuditMode", "AlertTopicArn"),
    "DmarcReportsFunction": ("DmarcReports", "DmarcReportsDeadLetterQueueUrl"),
}


@dataclass(frozen=True, slots=True)
class Routes:
    """The looks at what leads from one of a stack's parts to the next."""

    plan: Blueprint
    eyes: Eyes

    def checks(self) -> Iterator[Check]:
        """What starts functions, whether it may, where what they fail at goes, and the way of DMARC reports."""
        yield from self._rules()
        yield from self._invokers()
        for where, (parameter, output) in _FAILURES.items():
            name = self.plan.of(f"{where}Name")
            if name and (not parameter or self._on(parameter)):
                yield Check("function.failures", where, partial(self._failures, where, output, name))
        if self._has_reports:
            yield from self._reports()

    def _on(self, parameter: str) -> bool:
        """Whether a part of the stack is wanted; an older one may not have the parameter."""
        return self.plan.of(parameter, "off") not in ("off", "false")

    def _rules(self) -> Iterator[Check]:
        for where, rule in _RULES.items():
            if where == "SesEventsRule" and not self._on(rule.parameter):
                continue  # it is not even made
            # An older stack has fewer of them; without a stack nobody knows.
            if self.plan.of(rule.parameter) or self.plan.resources is None:
                yield Check("rule.state", where, partial(self._rule, where, rule))

    def _rule(self, where: str, rule: _Rule) -> Iterator[Finding]:
        if self.plan.resources is None:
            yield no_resources("rule.state", where)
            return
        name, on = self.plan.resource(where), self._on(rule.parameter)
        state = self.eyes.rule(name) if name else None
        yield health_runners.judge_rule(where, name, state, health_runners.Wanted(rule.what, on, rule.parameter))
        if state is not None and on:
            yield from looked(Check("rule.target", where, partial(self._target, where, name, rule)))

    def _target(self, where: str, name: str, rule: _Rule) -> Finding:
        topic, target = self.plan.anchor, self.plan.of(rule.target)
        if not topic or not target:
            return unnamed("rule.target", where, rule.target if topic else "FeedbackTopicArn")
        if rule.target.endswith("Url"):
            dead = queue_arn(topic, self.plan.of("ActivityDeadLetterQueueUrl"))
            leads = Leads(queue_arn(topic, target), rule.id, dead)
        else:
            leads = Leads(function_arn(topic, target), rule.id)
        return health_routes.judge_targets(where, name, self.eyes.targets(name), leads)

    def _invokers(self) -> Iterator[Check]:
        starts = [("FeedbackFunction", self._by_topic)]
        for where, parameter in (
            ("GuardFunction", "GuardMode"),
            ("SyncFunction", "SuppressionSync"),
            ("AuditFunction", "AuditMode"),
        ):
            if self._on(parameter):
                starts.append((where, partial(self._by_rules, where)))
        if self._has_reports:
            starts.append(("DmarcReportsFunction", self._by_bucket))
        for where, start in starts:
            yield named(self.plan, "function.invoker", where, f"{where}Name", partial(self._invoker, where, start))

    def _invoker(self, where: str, start: Callable[[], list[Publisher] | Finding], name: str) -> Judged:
        """Nothing is said where what starts the function is gone, or the function: both have lines of their own."""
        starts = start()
        if isinstance(starts, Finding):
            return starts
        if not starts or self._is_gone(name):
            return []
        return health_routes.judge_invokers(where, self.eyes.invokers(name), function_arn(self.plan.anchor, name), starts)

    def _is_gone(self, name: str) -> bool:
        """Whether another line says so. Where nobody may ask for the function itself, the rest can be told all the same."""
        try:
            return self.plan.resources is not None and self.eyes.function(name) is None
        except Unseen:
            return False

    def _by_topic(self) -> list[Publisher] | Finding:
        topic = self.plan.of("FeedbackTopicArn")
        if not topic:
            return unnamed("function.invoker", "FeedbackFunction", "FeedbackTopicArn")
        return [sns_at(topic)._replace(what="feedback comes at once, and not late by the retry queue")]

    def _by_rules(self, where: str) -> list[Publisher] | Finding:
        """And the guard by alarms."""
        topic = self.plan.anchor
        if self.plan.resources is None:
            return no_resources("function.invoker", where)
        if not topic:
            return unnamed("function.invoker", where, "FeedbackTopicArn")
        rules = [(self.plan.resource(one), rule) for one, rule in _RULES.items() if rule.target == f"{where}Name"]
        starts = [rule_at(topic, physical, rule.what) for physical, rule in rules if physical]
        alarms = map(self.plan.resource, _ALARMS if where == "GuardFunction" else ())
        return starts + [alarm_at(topic, one, "the guard looks as soon as an alarm speaks") for one in alarms if one]

    def _by_bucket(self) -> list[Publisher] | Finding:
        topic, bucket = self.plan.anchor, self.plan.of("MailBucketName")
        if not topic or not bucket:
            return unnamed("function.invoker", "DmarcReportsFunction", "MailBucketName" if topic else "FeedbackTopicArn")
        return [bucket_at(topic, bucket, "DMARC reports are read as they come")]

    def _failures(self, where: str, output: str, name: str) -> Judged:
        topic, destination = self.plan.anchor, self.plan.of(output)
        if not topic or not destination:
            return unnamed("function.failures", where, output if topic else "FeedbackTopicArn")
        if self._is_gone(name):
            return []
        wanted = destination if output.endswith("Arn") else queue_arn(topic, destination)
        return health_routes.judge_failing(where, health_routes.failed(name, wanted), self.eyes.failures(name), wanted)

    @property
    def _has_reports(self) -> bool:
        return self._on("DmarcReports") or bool(self.plan.of("MailBucketName"))

    def _reports(self) -> Iterator[Check]:
        yield named(self.plan, "dmarc.notification", "MailBucket", "MailBucketName", self._notified)
        if self.plan.of("DmarcReceiptRuleSetName"):
            yield named(self.plan, "dmarc.inbox.rule", "DmarcReceiptRule", "MailBucketName", self._received)

    def _notified(self, bucket: str) -> Finding:
        topic, name = self.plan.anchor, self.plan.of("DmarcReportsFunctionName")
        if not topic or not name:
            return unnamed("dmarc.notification", "MailBucket", "DmarcReportsFunctionName" if topic else "FeedbackTopicArn")
        return health_routes.judge_notifications("MailBucket", self.eyes.notifications(bucket), function_arn(topic, name), INBOX)

    def _received(self, bucket: str) -> Judged:
        """Where reports come by mail: whether SES's rule for them is active. Their domain's MX record is not looked up."""
        region = self.plan.anchor.split(":")[3] if self.plan.anchor else "this Region"
        wanted = Wanted(bucket, INBOX, self.plan.of("DmarcReceiptRuleSetName"), region)
        return check_receipt(wanted, self.eyes.receipts())
