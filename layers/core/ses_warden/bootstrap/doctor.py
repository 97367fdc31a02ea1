"""The pass over a stack's every part: what it should be made of, and who is asked how it stands."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from ses_warden.adapters.eyes import AwsEyes
from ses_warden.adapters.mails import DynamoMails
from ses_warden.adapters.pipeline_records import DynamoRecords
from ses_warden.adapters.ses_eyes import SesHealth
from ses_warden.adapters.simulator_post import SimulatorPost
from ses_warden.adapters.stack import stack_facts, stack_resources
from ses_warden.application.examine_pipeline import Examination, Progress
from ses_warden.application.send_test import Arrivals, Clock, Post, Trial, judge_refusal, judge_trial, send_all, wait_for_all
from ses_warden.bootstrap.connection import Connection
from ses_warden.domain.findings import Finding
from ses_warden.domain.health import Blueprint, unknown
from ses_warden.errors import LedgerError, NotSent, SettingsError, Unseen, WardenError

_ARNS = ("FeedbackTopicArn", "ActivityTopicArn", "AlertTopicArn")
_ARN_FIELDS = 6


class Tried(NamedTuple):
    """What came of mails to the simulator."""

    trials: list[Trial]
    findings: list[Finding]


class Probe(NamedTuple):
    """A test that may be made: in the name of this set, from this sender."""

    configuration_set: str
    sender: str
    post: Post
    arrivals: Arrivals

    def run(self, timeout: float, progress: Callable[[Sequence[Trial]], None]) -> Tried:
        """Sends, and waits for the events. Raises nothing of ours: what hinders the test is its finding."""
        clock, trials = Clock(), list[Trial]()
        try:
            trials.extend(send_all(self.post, self.sender, self.configuration_set, clock))
            wait_for_all(trials, self.arrivals, timeout, clock, progress)
        except (NotSent, Unseen) as error:
            return Tried(trials, [judge_refusal(error)])
        except LedgerError as error:
            mend = "Whoever asks needs the right dynamodb:Query on the Events table."
            return Tried(trials, [unknown("test.seen", "send test", f"what arrived could not be seen: {error}", mend)])
        return Tried(trials, [judge_trial(trial, timeout) for trial in trials])


class Doctor:
    """What an operator asks first. Its methods raise `WardenError`."""

    def __init__(self, connection: Connection) -> None:
        """Finds the stack; raises `SettingsError` where that fails."""
        self._connection = connection
        self.plan = _plan(connection)

    def probe(self, sender: str, configuration_set: str | None) -> "Probe":
        """Prepares a test in the name of one of the stack's sets; raises `SettingsError` where that cannot be made."""
        watched = tuple(self.plan.sets())
        chosen = configuration_set or next(iter(watched), "")
        table = self.plan.of("EventsTableName")
        if chosen not in watched:
            raise SettingsError(
                f"{chosen or 'no set'} is none of the watched configuration sets: {', '.join(watched) or 'none is named'}"
            )
        if chosen == self.plan.of("DrillConfigurationSetName"):
            raise SettingsError(f"{chosen} is the set of fire drills, where mail to the simulator counts: name another (--set)")
        if not table:
            raise SettingsError(
                "where events are recorded is not known: name the table (--use EVENTS_TABLE=…), or the stack (--stack)"
            )
        mails = DynamoMails(self._connection.client("dynamodb"), table)
        return Probe(chosen, sender, SimulatorPost(self._ses()), mails)

    def _ses(self) -> object:
        return self._connection.ses({"AWS_ENDPOINT_URL_SESV2": self.plan.of("SesEmulatorEndpoint")})

    def examine(self, identities: int, progress: Progress) -> list[Finding]:
        """See `Examination`."""
        plan, connection = self.plan, self._connection
        records = DynamoRecords(
            connection.client("dynamodb"),
            plan.of("EventsTableName"),
            plan.of("ReputationTableName"),
            plan.number("CounterShards", 8),
        )
        return Examination(
            plan=plan,
            ses=SesHealth(self._ses()),
            eyes=AwsEyes(connection.client),
            records=records,
            now=datetime.now(UTC),
            identities=identities,
            progress=progress,
        ).findings()


def _plan(connection: Connection) -> Blueprint:
    place = connection.place
    if place.uses:
        plan = Blueprint(place.stack, _by_output_names(place.uses))
    else:
        facts = stack_facts(connection.client("cloudformation"), place.stack)
        plan = Blueprint(place.stack, {**facts.parameters, **facts.outputs}, _resources(connection), facts.created_at)
        if not plan.of("FeedbackTopicArn"):
            raise SettingsError(f"the stack {place.stack} has no output FeedbackTopicArn: it is another one, or an older version")
    for name in _ARNS:
        arn = plan.of(name)
        if arn and len(arn.split(":")) != _ARN_FIELDS:
            raise SettingsError(f"{name} is no ARN of a topic: {arn}")
    return plan


def _resources(connection: Connection) -> Mapping[str, str] | None:
    """None where the right to ask is missing: what hangs on it is then unknown, and the rest is not."""
    try:
        return stack_resources(connection.client("cloudformation"), connection.place.stack)
    except WardenError:
        return None


def _by_output_names(uses: Mapping[str, str]) -> dict[str, str]:
    """`--use FEEDBACK_TOPIC_ARN=…` names the output FeedbackTopicArn, or a parameter; tables and buckets go by shorter names."""
    found: dict[str, str] = {}
    for name, value in uses.items():
        words = "".join(word.capitalize() for word in name.split("_"))
        found[words] = value
        if words.endswith(("Table", "Bucket", "Function", "ConfigurationSet")):
            found[f"{words}Name"] = value
    return found
