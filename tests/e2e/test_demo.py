"""The demo: a small campaign on the deployed stack, and what is left when the demo is interrupted."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from urllib.request import urlopen

import pytest

from demo.campaign import FEWEST, make_campaign
from demo.found import Look, compare
from demo.lanes import Lanes
from demo.run import INTERRUPTED
from demo.second_act import play
from tests.support.emulator import ROOT
from tests.support.stack import Stack, wait_for


def test_a_small_campaign_leaves_exactly_what_it_must(stack: Stack) -> None:
    """Rows, counters, entries, quarantine and metrics of the deployed stack agree with what was published."""
    campaign = make_campaign(FEWEST, 3, datetime.now(UTC))
    look, lanes = Look(stack), Lanes.of(stack)

    lanes.publish_feedback([campaign.trial])
    lanes.publish_activity(campaign.activity)
    lanes.publish_feedback(campaign.feedback)
    lanes.drain()
    lanes.hand_over(campaign.batch)
    for mail in campaign.live:
        lanes.bounce_live(lanes.send_live(mail))

    compared = compare(lanes.expected, look.found(lanes, lanes.expected))
    assert {comparison.what: comparison.differences for comparison in compared if comparison.differences} == {}
    assert sum(comparison.found for comparison in compared) > 5 * FEWEST


@pytest.fixture
def passing_ses(stack: Stack, ses_url: str) -> Iterator[str]:
    """The local SES; opens and late bounces of the mail that a test sends do not come to the tests after it."""
    yield ses_url
    with urlopen(f"{ses_url}/_simulator/forget", data=b"", timeout=20) as answer:  # noqa: S310 -- our own server
        assert json.load(answer)["pending"] == 0
    stack.drained("ActivityQueue")


def test_the_second_act_stops_a_stale_list_and_nothing_else(stack: Stack, passing_ses: str) -> None:
    """Paused by the deployed guard, refused by SES, most of the bad mails spared, resumed by the operator's command."""
    played = play(stack, passing_ses)
    assert [check for check in played.checks if not check.holds] == []
    assert len(played.checks) == 8
    assert 0 < played.sent_bad < played.listed_bad / 2
    assert "hard bounces" in played.reason


@pytest.mark.parametrize(
    ("number", "sign"),
    [(signal.SIGTERM, "*.pid"), (signal.SIGINT, "ministack-lambda-*/code")],
    ids=["terminated while it deploys", "Ctrl-C while functions run"],
)
def test_an_interrupted_demo_leaves_nothing_behind(number: signal.Signals, sign: str, tmp_path: Path) -> None:
    """Emulator, functions and files vanish with it, whatever it was doing."""
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-m", "demo", "--mails", str(FEWEST)]
    # A shell's background job ignores Ctrl-C, and so would its children; what the parent handles, they do not ignore.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(  # noqa: S603 -- our own words
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as demo:
        wait_for(lambda: list(tmp_path.glob(f"ses-warden-emulator-*/{sign}")), sign)
        demo.send_signal(number)
        output, _ = demo.communicate(timeout=60)
    assert demo.returncode == INTERRUPTED, output
    wait_for(lambda: not processes_in(tmp_path, demo.pid), "end of all processes", seconds=30)
    wait_for(lambda: not list(tmp_path.glob("ses-warden-emulator-*")), "deletion of the files", seconds=30)


def processes_in(folder: Path, group: int) -> list[str]:
    """The processes that were started in a group, or that name the folder in their command or environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
            if os.getpgid(int(process.name)) == group or str(folder).encode() in words:
                found.append((process / "cmdline").read_text())
        except OSError:
            continue  # it has ended meanwhile
    return found
