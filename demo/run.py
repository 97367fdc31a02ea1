"""The demo: deploy the stack to an emulator, send a campaign through it, show what became of it and whether every number agrees.

In its second act the guard stops a stale list.
"""

import argparse
import signal
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NoReturn

from rich.console import Console

from demo import report, second_act
from demo.bills import Bill, Till, on_aws
from demo.campaign import FEWEST, MOST, SETS, Campaign, make_campaign
from demo.found import Comparison, Look, compare
from demo.lanes import Disturbed, Lanes
from demo.meter import Meter
from demo.second_act import Check
from ses_warden.adapters.entries import entry_from
from ses_warden.adapters.rows import parse_row
from ses_warden.domain.timeline import timelines
from tests.support.emulator import Emulator, EmulatorError
from tests.support.stack import Stack, StackError, build, deploy

AGREED, DISAGREED, FAILED, INTERRUPTED = 0, 1, 2, 130
# The emulator's functions are processes of this machine, which share its processors.
CONCURRENCY = 2
# The mail whose timeline is shown: it has the most turns.
SHOWN_STORY = "complaint taken back"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; 0: everything is as it must be, 1: something is not, 2: it could not run, 130: it was interrupted."""
    options = _options(arguments)
    # As on Ctrl-C: what was started is ended on the way out.
    signal.signal(signal.SIGTERM, _interrupt)
    console = report.console()
    try:
        return run(console, options)
    except KeyboardInterrupt:
        console.print("Interrupted; the emulator and its functions have ended.")
        return INTERRUPTED
    except (Disturbed, StackError, EmulatorError, TimeoutError) as error:
        console.print(f"The demo could not go on: {type(error).__name__}", style="bold red")
        console.print(str(error), *getattr(error, "__notes__", ()), sep="\n", soft_wrap=True)
        return FAILED


def run(console: Console, options: argparse.Namespace) -> int:
    """The whole demo with its emulator, which ends with it."""
    began = time.monotonic()
    campaign = make_campaign(options.mails, options.seed, datetime.now(UTC))
    with report.step(console, "sam build"):
        build()
    with (
        Emulator() as emulator,
        Meter(emulator.bind_host, emulator.port) as meter,
        second_act.local_ses(emulator) as ses_url,
    ):
        with report.step(console, f"sam deploy, to MiniStack on {emulator.endpoint}"):
            stack = _deploy(emulator, meter, ses_url)
        try:
            compared = _perform(console, campaign, stack, meter)
            checks = _guard(console, stack, ses_url)
        except Disturbed as error:
            error.add_note(f"The emulator's log ends with:\n{emulator.log_tail(20)}")
            raise
        report.verdict(console, compared, checks, time.monotonic() - began)
        if options.keep:
            _keep(console, stack, ses_url)
    return exit_code(compared, checks)


def _perform(console: Console, campaign: Campaign, stack: Stack, meter: Meter) -> list[Comparison]:
    """Sends the campaign through the stack and shows what became of it."""
    look, lanes = Look(stack), Lanes.of(stack)
    till = Till(lanes, meter)
    with report.step(console, "SES tries out FeedbackTopic, and wakes its function"):
        lanes.publish_feedback([campaign.trial])
    _carry(console, campaign, lanes)
    counted, calls, messages = till.bill(), meter.usage().calls, lanes.queued + lanes.fed
    with report.step(console, "a batch as large as AWS makes them, and live events one by one"):
        lasting = _measure(campaign, till)
    with report.step(console, "reading tables, bucket and logs"):
        found = look.found(lanes, lanes.expected)
        compared = compare(lanes.expected, found)
    _show_data(console, campaign, stack)
    report.counts(console, lanes.expected, found)
    report.comparisons(console, compared, lanes.expected, found)
    report.lag(console, lanes.rows_seconds, lanes.entries_seconds, lanes.lags())
    report.calls(console, calls, messages)
    report.bill(console, counted.times(1000 / campaign.published_mails), lasting.times(1000))
    return compared


def _guard(console: Console, stack: Stack, ses_url: str) -> Sequence[Check]:
    """The second act."""
    with report.step(console, "second act: a program mails two lists until SES refuses one, an operator resumes"):
        played = second_act.play(stack, ses_url)
    report.second_act(console, played)
    return played.checks


def exit_code(compared: Sequence[Comparison], checks: Sequence[Check] = ()) -> int:
    """Whether all agree and hold, for the shell."""
    agree = not any(comparison.differences for comparison in compared)
    return AGREED if agree and all(check.holds for check in checks) else DISAGREED


def _deploy(emulator: Emulator, meter: Meter, ses_url: str) -> Stack:
    created, further = SETS
    emulator.client("sesv2").create_configuration_set(ConfigurationSetName=further)
    stack = deploy(
        emulator,
        {
            "EmulatorEndpoint": meter.endpoint,
            "ConfigurationSetName": created,
            "AdditionalConfigurationSet1": further,
            **second_act.prepare(emulator, ses_url),
        },
    )
    # The template sets no limit on an emulator, which then runs five at once.
    functions: Any = stack.functions
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        functions.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": CONCURRENCY})
    # The meter tells what recording costs; the guard, which costs the same whatever is sent, goes past it.
    guard = stack.resources["GuardFunction"]
    variables = functions.get_function_configuration(FunctionName=guard)["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName=guard, Environment={"Variables": {**variables, "AWS_ENDPOINT_URL": emulator.endpoint}}
    )
    return stack


def _carry(console: Console, campaign: Campaign, lanes: Lanes) -> None:
    """Sends the campaign through the stack: first what fills the queue, then the feedback while that is worked off."""
    with report.bars(console) as bars:
        bars.add("activity published", len(campaign.activity))
        bars.add("feedback recorded", len(campaign.feedback))
        bars.add("activity recorded", len(campaign.activity))

        def recorded(done: int) -> None:
            bars.show("activity recorded", done)

        lanes.publish_activity(campaign.activity, lambda done: bars.show("activity published", done), recorded)
        lanes.publish_feedback(campaign.feedback, lambda done: bars.show("feedback recorded", done), recorded)
        lanes.drain(recorded)


def _measure(campaign: Campaign, till: Till) -> Bill:
    """A full batch and some live mails, which are part of the campaign; returns what one mail costs by them."""
    lanes = till.lanes
    feedback_a_mail = lanes.expected.feedback() / campaign.published_mails
    before = till.bill()
    lanes.hand_over(campaign.batch)
    batch = till.bill() - before
    sent = [lanes.send_live(mail) for mail in campaign.live]
    before = till.bill()
    for mail in sent:
        lanes.bounce_live(mail)
    bounce = (till.bill() - before).times(1 / len(sent))
    return on_aws(batch, len(campaign.batch), campaign.batch_mails, bounce, feedback_a_mail)


def _show_data(console: Console, campaign: Campaign, stack: Stack) -> None:
    """The suppression table, and one mail's timeline."""
    scan = stack.dynamodb.get_paginator("scan").paginate(TableName=stack.resources["SuppressionTable"])
    report.suppression_table(console, [entry_from(item) for page in scan for item in page["Items"]])
    mail = next(mail for mail in campaign.mails if mail.story == SHOWN_STORY)
    answer = stack.dynamodb.query(
        TableName=stack.resources["EventsTable"],
        KeyConditionExpression="message_id = :mail",
        ExpressionAttributeValues={":mail": {"S": mail.message_id}},
    )
    report.timeline(console, timelines(map(parse_row, answer["Items"]))[mail.key])


def _keep(console: Console, stack: Stack, ses_url: str) -> None:
    """Leaves everything running until Ctrl-C."""
    report.kept(console, stack, ses_url)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        console.print("Ended.")


def _interrupt(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--mails", type=_mails, default=2000, metavar="N", help=f"how many, {FEWEST} to {MOST:,} (2000)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another number makes another campaign (1)")
    parser.add_argument("--keep", action="store_true", help="leave the emulator running until Ctrl-C")
    return parser.parse_args(arguments)


def _mails(text: str) -> int:
    if not text.isdecimal() or not FEWEST <= int(text) <= MOST:
        raise argparse.ArgumentTypeError(f"must be a whole number from {FEWEST} to {MOST}")
    return int(text)
