"""Judges how one service reaches the next: who may invoke and fill, where rules and buckets lead, where failures go."""

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from ses_warden.domain.findings import Finding
from ses_warden.domain.health import Notification, Queue, Target, broken, warn, well
from ses_warden.domain.health_lanes import Publisher
from ses_warden.domain.health_runners import short_name
from ses_warden.domain.policies import Caller, Grant, grant
from ses_warden.domain.text import clean

_NOTIFIES: Final = "https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html"
_WORD = 120
_SHOWN = 3
_STATEMENT = 90  # Lambda takes 100 characters
# The ways in which an object comes into being; S3 writes `s3:ObjectCreated:*` for all of them.
_CREATED: Final = frozenset(f"s3:ObjectCreated:{way}" for way in ("Put", "Post", "Copy", "CompleteMultipartUpload"))


def rule_at(topic: str, rule: str, what: str = "") -> Publisher:
    """A rule of EventBridge's default bus, in the topic's account and Region, and what it is for."""
    _, partition, _, region, account, *_ = topic.split(":")
    return Publisher(
        Caller("events.amazonaws.com", account, f"arn:{partition}:events:{region}:{account}:rule/{rule}"), "EventBridge", what
    )


def alarm_at(topic: str, alarm: str, what: str = "") -> Publisher:
    """An alarm that invokes a function: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-actions-Lambda.html."""
    _, partition, _, region, account, *_ = topic.split(":")
    arn = f"arn:{partition}:cloudwatch:{region}:{account}:alarm:{alarm}"
    return Publisher(Caller("lambda.alarms.cloudwatch.amazonaws.com", account, arn), "CloudWatch", what)


def bucket_at(topic: str, bucket: str, what: str = "") -> Publisher:
    """A bucket of the topic's account; its ARN names none."""
    _, partition, _, _, account, *_ = topic.split(":")
    return Publisher(Caller("s3.amazonaws.com", account, f"arn:{partition}:s3:::{bucket}"), "S3", what)


def _asked(policy: str, publishers: Iterable[Publisher], action: str, resource: str) -> Mapping[Grant, list[Publisher]]:
    """What the policy says of each of them."""
    found: dict[Grant, list[Publisher]] = {}
    for one in publishers:
        found.setdefault(grant(policy, one.caller, action, resource), []).append(one)
    return found


def judge_invokers(where: str, policy: str, function: str, publishers: Sequence[Publisher]) -> Finding:
    """Whether each of them may invoke the function (an ARN); the policy is empty where the function has none."""
    code = "function.invoker"
    found = _asked(policy, publishers, "lambda:InvokeFunction", function)
    if denied := found.get(Grant.DENIED):
        what = f"a statement of its policy denies it to {_whom(denied)}"
        mend = f"`aws lambda get-policy --function-name {function}` shows it; `aws lambda remove-permission` takes it away."
        return broken(code, where, what, mend)
    if refused := found.get(Grant.NONE):
        commands = "; ".join(f"`{one}`" for one in dict.fromkeys(_permission(function, one.caller) for one in refused))
        return broken(code, where, f"its policy does not let {_whom(refused)} invoke it", f"{commands}.")
    if unclear := found.get(Grant.UNCLEAR):
        what = f"whether {_names(unclear)} may invoke it hangs on a condition that cannot be judged from here"
        return warn(code, where, what, _compare(unclear))
    if anybody := found.get(Grant.ANYBODY):
        what = f"{_names(anybody)} may invoke it for any account: somebody else could send what never happened"
        return warn(code, where, what, "Give the permission a source account or ARN, as template.yaml does.")
    return well(code, where, f"{_names(publishers)} may invoke it")


def judge_queue(where: str, seen: Queue, publishers: Sequence[Publisher], lost: str) -> Finding:
    """Whether each of them may fill the queue; `lost` says what becomes of events if not."""
    code = "queue.policy"
    found = _asked(seen.policy, publishers, "sqs:SendMessage", seen.arn)
    if refused := [*found.get(Grant.DENIED, ()), *found.get(Grant.NONE, ())]:
        what = f"its policy does not let {_names(refused, ' or ')} fill it: {lost}"
        return broken(code, where, what, "Put the policy of template.yaml back: `aws sqs set-queue-attributes`.")
    if unclear := found.get(Grant.UNCLEAR):
        what = f"whether {_names(unclear)} may fill it hangs on a condition that cannot be judged from here"
        return warn(code, where, what, _compare(unclear))
    if anybody := found.get(Grant.ANYBODY):
        what = f"{_names(anybody)} may fill it for any account: somebody else could send what never happened"
        return warn(code, where, what, "Add the condition aws:SourceArn, as template.yaml has it: `aws sqs set-queue-attributes`.")
    return well(code, where, f"{_names(publishers)} may fill it")


class Leads(NamedTuple):
    """Where a rule should lead: the target (an ARN), its id by the template, and its queue for what cannot be delivered, if any."""

    target: str
    id: str
    dead_letters: str = ""


def judge_targets(where: str, name: str, seen: Sequence[Target], leads: Leads) -> Finding:
    """Whether a rule, by its name, leads to our function or queue."""
    code = "rule.target"
    ours = [one for one in seen if one.arn == leads.target]
    more = f",DeadLetterConfig={{Arn={leads.dead_letters}}}" if leads.dead_letters else ""
    command = f"`aws events put-targets --rule {name} --targets '{_id(ours, leads)},Arn={leads.target}{more}'`"
    # CloudFormation sees nothing that was done by hand.
    mend = f"{command} brings it back. A deployment does not."
    if not seen:
        return broken(code, where, f"it has no target: nothing reaches {short_name(leads.target)}", mend)
    if not ours:
        others = ", ".join(clean(one.arn, _WORD) for one in seen[:_SHOWN])
        return broken(code, where, f"it leads elsewhere, to {others}, and not to {short_name(leads.target)}", mend)
    if leads.dead_letters not in ("", *(one.dead_letters for one in ours)):
        what = f"it leads to {short_name(leads.target)}; what cannot be delivered is not kept in {short_name(leads.dead_letters)}"
        return warn(code, where, what, f"{command}.")
    return well(code, where, f"it leads to {short_name(leads.target)}")


class Failing(NamedTuple):
    """What may fail, in words, what becomes of it without a place to go to, and how to give it one."""

    code: str
    what: str
    lost: str
    mend: str


def judge_failing(where: str, failing: Failing, seen: str, wanted: str) -> Finding:
    """Whether what fails goes to the queue or topic that is wanted (ARNs); `seen` is empty where it goes nowhere."""
    if seen == wanted:
        return well(failing.code, where, f"{failing.what} is kept" if ":sqs:" in wanted else f"{failing.what} is told")
    if not seen:
        return warn(failing.code, where, f"{failing.what} goes nowhere: {failing.lost}", failing.mend)
    what = f"{failing.what} goes to {clean(seen, _WORD)}, and not to {short_name(wanted)}, where it is looked for"
    return warn(failing.code, where, what, failing.mend)


def undelivered(subscription: str, wanted: str) -> Failing:
    """What SNS cannot hand over to a subscriber."""
    put = f"aws sns set-subscription-attributes --subscription-arn {subscription} --attribute-name RedrivePolicy"
    mend = f"`{put} --attribute-value '{_redrive(wanted)}'`."
    return Failing("subscription.redrive", "what cannot be handed over", "it is lost once SNS has given it up", mend)


def unrecorded(url: str, wanted: str) -> Failing:
    """What is taken from a queue ten times in vain, as in template.yaml."""
    attributes = json.dumps({"RedrivePolicy": _redrive(wanted, maxReceiveCount=10)})
    mend = f"`aws sqs set-queue-attributes --queue-url {url} --attributes {shlex.quote(attributes)}`."
    return Failing("queue.redrive", "what cannot be recorded", "it is tried for 14 days, then lost", mend)


def failed(function: str, wanted: str) -> Failing:
    """What a function that is not waited for fails at three times."""
    put = f"aws lambda update-function-event-invoke-config --function-name {function} --qualifier '$LATEST'"
    mend = f"`{put} --destination-config '{_on_failure(wanted)}'` (or `put-…`, where the function has no such configuration)."
    return Failing("function.failures", "what it fails at", "after its attempts it is lost", mend)


def skipped(uuid: str, wanted: str) -> Failing:
    """What a function fails at that reads a stream."""
    mend = f"`aws lambda update-event-source-mapping --uuid {uuid} --destination-config '{_on_failure(wanted)}'`."
    return Failing("function.failures", "what it fails at", "after its attempts it is lost", mend)


def judge_notifications(where: str, seen: Sequence[Notification], function: str, prefix: str) -> Finding:
    """Whether the function (an ARN) is told of each object that is put below a prefix of the bucket."""
    code = "dmarc.notification"
    told = [one for one in seen if one.function == function and prefix.startswith(one.prefix) and not one.suffix]
    events = frozenset[str]().union(*(one.events for one in told))
    missing = frozenset[str]() if "s3:ObjectCreated:*" in events else _CREATED - events
    mend = (
        "`aws s3api put-bucket-notification-configuration`, as template.yaml has it; it replaces all that is there. "
        f"`ses-warden dmarc ingest s3://…/{prefix}` reads what came meanwhile."
    )
    if not told:
        what = f"nothing tells the function of files below {prefix}: reports are kept, and nobody reads them"
        return broken(code, where, what, mend, _NOTIFIES)
    if missing:
        ways = ", ".join(sorted(one.rpartition(":")[2] for one in missing))
        how = broken if "s3:ObjectCreated:Put" in missing else warn
        return how(code, where, f"the function is not told of files that come by {ways}", mend, _NOTIFIES)
    return well(code, where, f"its function is told of files below {prefix}")


def _names(publishers: Iterable[Publisher], between: str = " and ") -> str:
    return between.join(sorted({one.name for one in publishers}))


def _whom(publishers: Iterable[Publisher]) -> str:
    """Their names and what they are for, each once."""
    return " nor ".join(dict.fromkeys(f"{one.name} ({one.what})" if one.what else one.name for one in publishers))


def _compare(publishers: Iterable[Publisher]) -> str:
    tells = "; `doctor --send-test` tells" if any(one.name == "SNS" for one in publishers) else ""
    return f"Compare it with template.yaml{tells}."


def _permission(function: str, caller: Caller) -> str:
    """The command that lets a service invoke the function; all alarms at once, as the template does."""
    source = re.sub(r":alarm:.*", ":alarm:*", caller.arn)
    account = "" if caller.account in source else f" --source-account {caller.account}"
    name = re.sub("[^A-Za-z0-9]+", "-", source.split(":", 5)[-1]).strip("-")[:_STATEMENT]
    return (
        f"aws lambda add-permission --function-name {function} --statement-id mended-{name} --action lambda:InvokeFunction "
        f"--principal {caller.service} --source-arn {shlex.quote(source)}{account}"
    )


def _id(ours: Sequence[Target], leads: Leads) -> str:
    """By another id than the target's own the command would add a second one, and all would come twice."""
    return f"Id={ours[0].id if ours else leads.id}"


def _redrive(queue: str, **more: int) -> str:
    return json.dumps({"deadLetterTargetArn": queue, **more})


def _on_failure(destination: str) -> str:
    return json.dumps({"OnFailure": {"Destination": destination}})
