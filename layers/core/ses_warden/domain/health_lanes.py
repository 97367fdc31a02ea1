"""Judges how events come in: configuration sets with their destinations, topics with their keys, subscriptions."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from ses_warden.domain.findings import Finding
from ses_warden.domain.health import (
    ConfigurationSet,
    Delivery,
    Destination,
    Key,
    Subscription,
    Topic,
    broken,
    many,
    unknown,
    warn,
    well,
)
from ses_warden.domain.policies import Caller, Grant, grant

_DESTINATIONS: Final = "https://docs.aws.amazon.com/ses/latest/dg/event-publishing-add-event-destination-sns.html"
_KEYS: Final = "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"
_LIST: Final = "https://docs.aws.amazon.com/ses/latest/dg/sending-email-suppression-list.html"

FEEDBACK: Final = frozenset({"BOUNCE", "COMPLAINT", "REJECT", "RENDERING_FAILURE", "SUBSCRIPTION"})
ACTIVITY: Final = frozenset({"SEND", "DELIVERY", "DELIVERY_DELAY"})
TRACKING: Final = frozenset({"OPEN", "CLICK"})
# Without these nobody is suppressed, or no rate has a denominator.
_VITAL: Final = frozenset({"BOUNCE", "COMPLAINT", "SEND", "DELIVERY"})


class Lane(NamedTuple):
    """What a configuration set must send to one of the stack's topics."""

    name: str  # feedback or activity
    types: frozenset[str]
    topic: str
    destination: str  # its name, by the template


def no_set(name: str) -> Finding:
    """SES knows no such set."""
    return broken(
        "set.exists",
        name,
        "SES knows no configuration set of this name in this Region: mail that names it is refused",
        "Create it anew (`aws sesv2 create-configuration-set`), or give the stack another name, and deploy.",
    )


def judge_set(name: str, seen: ConfigurationSet, authority: str, account: frozenset[str] | None) -> Iterator[Finding]:
    """Whether it sends, and heeds SES's own suppression list as the authority wants; `account` is what the account's setting is."""
    if seen.sends:
        yield well("set.sending", name, "sending is on")
    else:
        yield warn(
            "set.sending",
            name,
            "sending is paused: SES refuses its mail",
            f"`ses-warden status configuration-set/{name}` says by whom and why; `ses-warden resume` lets it go on.",
        )
    reasons = account if seen.suppressed is None else seen.suppressed
    put = f"`aws sesv2 put-configuration-set-suppression-options --configuration-set-name {name} --suppressed-reasons"
    if reasons is None:
        yield unknown("set.suppression", name, "it goes by the account's suppression setting, which could not be seen")
    elif authority == "warden" and reasons:
        what = "SES still refuses mail by its own list, though SuppressionAuthority is warden: what was released stays refused"
        yield warn("set.suppression", name, what, f"{put}` (no reasons) lets the table alone decide.", _LIST)
    elif authority != "warden" and reasons != {"BOUNCE", "COMPLAINT"}:
        what = (
            f"SES's own list is not in force for {_listed({'BOUNCE', 'COMPLAINT'} - reasons)}, though SuppressionAuthority is ses"
        )
        yield warn("set.suppression", name, what, f"{put} BOUNCE COMPLAINT`.", _LIST)
    else:
        yield well("set.suppression", name, f"SES's own list agrees with SuppressionAuthority {authority}")


def judge_destinations(name: str, seen: Sequence[Destination], lanes: Iterable[Lane]) -> Iterator[Finding]:
    """Whether all types of each lane go to its topic."""
    for lane in lanes:
        code = f"set.{lane.name}"
        ours = [one for one in seen if one.topic == lane.topic]
        have = frozenset[str]().union(*(one.types for one in ours if one.enabled))
        missing = lane.types - have
        found = next((one for one in seen if one.topic == lane.topic or (not ours and one.name == lane.destination)), None)
        mend = f"`{_destination(name, lane, found)}`"
        if not ours:
            what = f"no event destination leads to the {lane.name} topic: its events reach nobody"
            mend += " brings it back. A deployment does not: CloudFormation sees nothing that was done by hand."
            yield broken(code, name, what, mend, _DESTINATIONS)
        elif not any(one.enabled for one in ours):
            yield broken(code, name, f"the event destination {ours[0].name} is switched off", mend, _DESTINATIONS)
        elif missing:
            how = broken if missing & _VITAL else warn
            yield how(code, name, f"the event destination {ours[0].name} lacks {_listed(missing)}", mend, _DESTINATIONS)
        else:
            yield well(code, name, f"all {lane.name} goes to its topic")


def _destination(name: str, lane: Lane, found: Destination | None) -> str:
    """The command that makes a destination as the lane needs it. It replaces all of one that is there, so its types are kept."""
    whole = {
        "Enabled": True,
        "MatchingEventTypes": sorted(lane.types | (found.types if found else frozenset())),
        "SnsDestination": {"TopicArn": lane.topic},
    }
    return (
        f"aws sesv2 {'update' if found else 'create'}-configuration-set-event-destination --configuration-set-name {name} "
        f"--event-destination-name {found.name if found else lane.destination} --event-destination '{json.dumps(whole)}'"
    )


class Publisher(NamedTuple):
    """A service that publishes to a topic or the like, as policies see it, and as people call it; and what it does that for."""

    caller: Caller
    name: str
    what: str = ""


def ses_at(topic: str, configuration_set: str) -> Publisher:
    """SES, in the topic's account and Region."""
    _, partition, _, region, account, *_ = topic.split(":")
    arn = f"arn:{partition}:ses:{region}:{account}:configuration-set/{configuration_set}"
    return Publisher(Caller("ses.amazonaws.com", account, arn), "SES")


def alarms_at(topic: str) -> Publisher:
    """CloudWatch's alarms, in the topic's account and Region."""
    _, partition, _, region, account, *_ = topic.split(":")
    arn = f"arn:{partition}:cloudwatch:{region}:{account}:alarm:any"
    return Publisher(Caller("cloudwatch.amazonaws.com", account, arn), "CloudWatch")


def sns_at(topic: str) -> Publisher:
    """SNS, as it hands over what comes to the topic."""
    return Publisher(Caller("sns.amazonaws.com", topic.split(":")[4], topic), "SNS")


def judge_topic(where: str, arn: str, seen: Topic, publisher: Publisher) -> Finding:
    """Whether it may be published to, and for this account alone."""
    code, who = "topic.policy", publisher.name
    mend = "Put the policy of template.yaml back with `aws sns set-topic-attributes`."
    match grant(seen.policy, publisher.caller, "sns:Publish", arn):
        case Grant.ALLOWED:
            return well(code, where, f"{who} of this account may publish")
        case Grant.ANYBODY:
            what = f"{who} may publish for any account: somebody else could send what never happened"
            return warn(code, where, what, f"Add the condition AWS:SourceAccount. {mend}", _DESTINATIONS)
        case Grant.UNCLEAR:
            what = f"whether {who} may publish hangs on a condition that cannot be judged from here"
            return warn(code, where, what, "Compare it with template.yaml; `ses-warden doctor --send-test` tells.", _DESTINATIONS)
        case Grant.DENIED:
            return broken(code, where, f"a statement of the policy denies {who} to publish", mend, _DESTINATIONS)
        case Grant.NONE:
            return broken(code, where, f"no statement of the policy lets {who} publish", mend, _DESTINATIONS)


def aws_key(code: str, where: str, publisher: Publisher) -> Finding:
    """A topic or queue encrypted with a key that AWS manages, which lets no other service in."""
    who = publisher.name
    what = f"it is encrypted with a key that AWS manages, which {who} may not use: what {who} publishes is lost"
    how = "sns set-topic-attributes" if code == "topic.key" else "sqs set-queue-attributes"
    return broken(code, where, what, f"Give it a key of yours, or none: `aws {how}`.", _KEYS)


def judge_key(code: str, where: str, seen: Key, publisher: Publisher) -> Finding:
    """Whether the publisher may use the key of a topic or queue."""
    who = publisher.name
    if seen.aws:
        return aws_key(code, where, publisher)
    if seen.state not in ("", "Enabled", "Updating"):  # which a key of several Regions is for minutes, and works
        what = f"its key is {seen.state}: nothing can be published to it or read from it"
        return broken(code, where, what, "Bring it back: `aws kms enable-key`, `aws kms cancel-key-deletion`.", _KEYS)
    grants = {grant(seen.policy, publisher.caller, action, "*") for action in ("kms:Decrypt", "kms:GenerateDataKey")}
    mend = "Add the statement ServicesPublishAndDeliver of template.yaml to the key's policy."
    if grants & {Grant.DENIED, Grant.NONE}:
        what = f"the key's policy does not let {who} use it: what {who} publishes is dropped silently"
        return broken(code, where, what, mend, _KEYS)
    if Grant.UNCLEAR in grants:
        what = f"whether {who} may use its key hangs on a condition that cannot be judged from here"
        return warn(code, where, what, f"{mend} `ses-warden doctor --send-test` tells whether it works.", _KEYS)
    return well(code, where, f"{who} may use its key")


def judge_reader(where: str, readers: Sequence[Subscription], protocol: str, deliveries: Sequence[Delivery]) -> Finding:
    """Whether the lane's function or queue hears of the topic; `deliveries` are empty where they could not be looked at."""
    code = "subscription.lane"
    who = "its function" if protocol == "lambda" else "its queue"
    again = "`aws sns subscribe` brings it back. A deployment does not: CloudFormation sees nothing that was done by hand."
    if not readers:
        return broken(code, where, f"{who} is not subscribed: what SES publishes is lost", again)
    if all(one.is_pending for one in readers):
        return broken(code, where, f"the subscription of {who} is not confirmed", again)
    if any(one.filtered for one in deliveries):
        what = f"a filter policy of the subscription keeps messages from {who}"
        return broken(code, where, what, "Take it away: `aws sns set-subscription-attributes`, FilterPolicy {}.")
    return well(code, where, f"{who} is subscribed")


def judge_listeners(where: str, seen: Sequence[Subscription]) -> Finding:
    """Whether somebody hears the alarms. Addresses are not repeated."""
    pending = [one for one in seen if one.is_pending]
    heard = len(seen) - len(pending)
    kinds = _listed(one.protocol for one in seen if not one.is_pending)
    told = f"{many(heard, 'subscriber hears', 'subscribers hear')} the alarms ({kinds})"
    if not heard:
        what = "nobody hears the alarms" + (f": {_unconfirmed(pending)}" if pending else "")
        mend = "Give the stack an AlertEmail, or subscribe chat or paging to the topic; its owner must confirm."
        return warn("subscription.alerts", where, what, mend)
    if pending:
        what = f"{told}; {_unconfirmed(pending)}"
        mend = "Have them open the link in SNS's mail, or delete the subscription; a link lasts two days."
        return warn(
            "subscription.alerts", where, what, mend, "https://docs.aws.amazon.com/sns/latest/dg/sns-email-notifications.html"
        )
    return well("subscription.alerts", where, told)


def _unconfirmed(some: Sequence[Subscription]) -> str:
    kinds = _listed(one.protocol for one in some)
    return f"{many(len(some), 'subscription is', 'subscriptions are')} not confirmed ({kinds})"


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(set(words)))
