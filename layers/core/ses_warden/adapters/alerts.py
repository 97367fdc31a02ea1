"""Alerts: a text for people on the alert topic, and an event for machines on the default bus."""

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.failures import code_of
from ses_warden.application.guard_ports import Notice
from ses_warden.application.notices import name_of
from ses_warden.errors import AlertError

if TYPE_CHECKING:
    from mypy_boto3_sns.client import SNSClient

SOURCE = "ses-warden"
# SNS: a subject has fewer than 100 ASCII characters, without line breaks (https://docs.aws.amazon.com/sns/latest/api/API_Publish.html).
_LONGEST_SUBJECT = 99


class AwsAlerts:
    """The `Alerts` port. `events` is boto3's client of `events`; `stack` names the sender."""

    def __init__(self, sns: "SNSClient", events: Any, *, topic: str, stack: str) -> None:
        self._sns = sns
        self._events = events
        self._topic = topic
        self._stack = stack

    def send(self, notice: Notice) -> None:
        """See the port. People first; the event is tried even if the topic refused."""
        failures = []
        try:
            self._sns.publish(TopicArn=self._topic, Subject=subject_of(notice), Message=text_of(notice, self._stack))
        except (ClientError, BotoCoreError) as error:
            failures.append(f"SNS: {code_of(error)}")
        try:
            answer = self._events.put_events(Entries=[event_of(notice, self._stack)])
            if answer.get("FailedEntryCount"):
                failures.append(f"EventBridge: {answer['Entries'][0].get('ErrorCode')}")
        except (ClientError, BotoCoreError) as error:
            failures.append(f"EventBridge: {code_of(error)}")
        if failures:
            raise AlertError(f'the alert "{notice.kind}" about {notice.scope} did not go out; {", ".join(failures)}')


def subject_of(notice: Notice) -> str:
    """What a pager shows."""
    subject = f"SES Warden: {notice.kind}: {name_of(notice.scope)}"
    return subject.encode("ascii", "replace").decode()[:_LONGEST_SUBJECT]


def text_of(notice: Notice, stack: str) -> str:
    """What a person reads at three in the morning."""
    return "\n".join(
        [
            f"{notice.kind}: {name_of(notice.scope)}",
            "",
            f"What we saw: {notice.reason or '(no reason was given)'}",
            f"What was done: {notice.done}",
            f"What you can do: {notice.next}",
            "",
            f"Decided by {notice.by}, {notice.at:%Y-%m-%d %H:%M:%S} UTC. Scope: {notice.scope}. Stack: {stack}.",
        ]
    )


def event_of(notice: Notice, stack: str) -> dict[str, Any]:
    """The entry for the bus."""
    detail = {
        "scope": notice.scope,
        "status": notice.status,
        "reason": notice.reason,
        "done": notice.done,
        "next": notice.next,
        "by": notice.by,
        "episode": notice.episode,
        "stack": stack,
    }
    return {"Source": SOURCE, "DetailType": notice.kind.value, "Time": notice.at, "Detail": json.dumps(detail)}
