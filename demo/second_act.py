"""The second act: a program mails two lists through a local SES, and the deployed guard pauses the set of the stale one alone.

Then an operator lets it go on, on probation. What must be so is checked.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from demo.campaign import NAMES, SURNAMES
from demo.lanes import Disturbed
from ses_warden.adapters.failures import code_of
from ses_warden_simulator.backend import HttpBackend
from ses_warden_simulator.profiles import Profile, Profiles
from ses_warden_simulator.recipients import Bounced, Recipients
from ses_warden_simulator.server import Server
from ses_warden_simulator.service import Options, Service
from tests.support.emulator import Emulator
from tests.support.stack import STACK_NAME, Stack

STALE, HEALTHY = "win-back", "receipts"
STALE_MAILS, HEALTHY_MAILS = 3000, 1000
# One address in five is gone: a list that nobody has mailed for years.
PROFILES = Profiles(domains={"old.example": Profile(hard_bounce=0.2, open=0)})
# Most bounces then come within two seconds, without the emulator having to start a process for each.
SPEED = 2.0
SEED = 1
# So many mails go to the stale list and to the other one between two looks of the guard.
BURST, HEALTHY_BURST = 20, 6
# On AWS the guard looks each minute. The emulator's own schedule is slow, so that the demo invokes it.
LOOK_SECONDS = 2.0
# The guard waits 20 seconds for deliveries that may be under way; a busy machine makes that longer.
LONGEST_SECONDS = 180.0
OPERATOR_SECONDS, SETTLED_SECONDS = 60, 30
REASON = "bounced addresses taken out, ticket 4711"


class Check(NamedTuple):
    """Something that must be true, and what was seen."""

    what: str
    holds: bool
    seen: str = ""


@contextmanager
def local_ses(emulator: Emulator) -> Iterator[str]:
    """The URL of a simulator in front of the emulator, for as long as the block runs."""
    with Server(Service(HttpBackend(emulator.endpoint), Options(SEED, SPEED, PROFILES)), 0) as server:
        yield server.url


def prepare(emulator: Emulator, ses_url: str) -> dict[str, str]:
    """Makes the two configuration sets; returns the parameters by which a stack records them and guards through the local SES."""
    for name in (STALE, HEALTHY):
        emulator.client("sesv2").create_configuration_set(ConfigurationSetName=name)
    return {"SesEmulatorEndpoint": ses_url, "AdditionalConfigurationSet2": STALE, "AdditionalConfigurationSet3": HEALTHY}


@dataclass
class Program:
    """Mails a list with plain boto3, one mail to each address, in the name of a configuration set."""

    ses: Any
    configuration_set: str
    addresses: Sequence[str]
    accepted: list[str] = field(default_factory=list)
    refusal: str = ""

    def send(self, mails: int) -> bool:
        """Sends so many more, or those that are left; False as soon as SES refuses one, whose error is kept."""
        self.refusal = ""
        for address in islice(self.addresses, len(self.accepted), len(self.accepted) + mails):
            try:
                self.ses.send_email(
                    FromEmailAddress="Example Shop <shop@mail.example.com>",
                    Destination={"ToAddresses": [address]},
                    Content={"Simple": {"Subject": {"Data": "We miss you"}, "Body": {"Text": {"Data": "Come back!"}}}},
                    ConfigurationSetName=self.configuration_set,
                )
            except ClientError as error:
                self.refusal = code_of(error)
                return False
            self.accepted.append(address)
        return True

    @property
    def is_on(self) -> bool:
        """Whether SES shows the configuration set switched on."""
        found = self.ses.get_configuration_set(ConfigurationSetName=self.configuration_set)
        return bool(found.get("SendingOptions", {}).get("SendingEnabled", True))

    @property
    def left(self) -> int:
        """How many have not been mailed."""
        return len(self.addresses) - len(self.accepted)


@dataclass(frozen=True)
class Played:
    """How the act went. Bad mails are those to addresses that do not exist."""

    looks: int
    sent: int
    sent_bad: int
    listed: int
    listed_bad: int
    reason: str
    seconds: float
    checks: Sequence[Check]

    @property
    def spared(self) -> int:
        """How many bad mails never left."""
        return self.listed_bad - self.sent_bad


def play(stack: Stack, ses_url: str) -> Played:
    """The whole act, half a minute of it; raises `Disturbed` where the guard does not come to a decision."""
    stale, healthy = (Program(_client(stack, ses_url), name, list(_addresses(name))) for name in (STALE, HEALTHY))
    began = time.monotonic()
    looks = _mail_until_refused(stack, stale, healthy)
    seconds = time.monotonic() - began
    state = _settled(stack)
    bad, gone = _bad(stale.addresses), _bad(stale.accepted)
    sent, refusal = len(stale.accepted), stale.refusal
    checks = [
        Check("the guard paused the set that mails the stale list", state.get("status") == "paused" and not stale.is_on),
        Check("its next mail was refused with SendingPausedException", refusal == "SendingPausedException", refusal),
        Check("most of the bad mails were spared", gone < bad / 2, f"{gone} of {bad} were sent"),
        Check("the other set was not paused, nor was the account", healthy.is_on and _account_is_on(stale.ses)),
        Check("the other set goes on sending", healthy.send(HEALTHY_BURST), healthy.refusal),
    ]
    resumed = resume(stack)
    checks += [
        Check("an operator resumed it, on probation", resumed.get("status") == "probation"),
        Check("its next mail went", stale.is_on and stale.send(1), stale.refusal),
    ]
    stack.invoke("GuardFunction", {})
    checks.append(Check("the guard leaves it on", stale.is_on and _state(stack).get("status") == "probation"))
    return Played(looks, sent, gone, len(stale.addresses), bad, str(state.get("reason")), seconds, checks)


def _mail_until_refused(stack: Stack, stale: Program, healthy: Program) -> int:
    """Both lists are mailed in turn, and the guard looks in between; returns how often."""
    looks, ends = 0, time.monotonic() + LONGEST_SECONDS
    while stale.send(BURST):
        if time.monotonic() > ends or not stale.left:
            raise Disturbed(f"{len(stale.accepted)} mails to a stale list, {looks} looks of the guard, and {STALE} is not paused")
        if not healthy.send(HEALTHY_BURST):
            raise Disturbed(f"SES refused a mail of {HEALTHY}: {healthy.refusal}")
        time.sleep(LOOK_SECONDS)
        _wait_for_deliveries(stack)
        stack.invoke("GuardFunction", {})
        looks += 1
    return looks


def _wait_for_deliveries(stack: Stack) -> None:
    """Lets the queue of the activity lane run empty, if it does so soon: until then the guard cannot be sure."""
    ends = time.monotonic() + LOOK_SECONDS
    while stack.waiting("ActivityQueue") and time.monotonic() < ends:
        time.sleep(0.05)


def resume(stack: Stack) -> dict[str, Any]:
    """What `ses-warden resume`, run as a program of its own, prints; raises `Disturbed` where it fails."""
    command = [str(Path(sys.executable).with_name("ses-warden")), "resume", f"configuration-set/{STALE}"]
    command += ["--reason", REASON, "--as", "operator", "--stack", STACK_NAME, "--json"]
    others = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SES_WARDEN_"))}
    done = subprocess.run(  # noqa: S603 -- our own words
        command, env=others | stack.emulator.env(), capture_output=True, text=True, timeout=OPERATOR_SECONDS, check=False
    )
    if done.returncode != 0:
        raise Disturbed(f"ses-warden resume ended with exit code {done.returncode}: {done.stdout}{done.stderr}")
    printed: dict[str, Any] = json.loads(done.stdout)
    return printed


def _addresses(configuration_set: str) -> Iterator[str]:
    domain, count = ("old.example", STALE_MAILS) if configuration_set == STALE else ("customers.example", HEALTHY_MAILS)
    for number in range(count):
        name, surname = NAMES[number % len(NAMES)], SURNAMES[number // len(NAMES) % len(SURNAMES)]
        # Many domains: that one of them refuses everybody would be an outage, which the ledger knows apart.
        yield f"{name}.{surname}{number}@d{number % 97}.{domain}"


def _bad(addresses: Sequence[str]) -> int:
    """How many of them do not exist, by the model that plays them."""
    model = Recipients(SEED, PROFILES)
    return sum(any(isinstance(act, Bounced) and act.type == "Permanent" for act in model.play(one, 0)) for one in addresses)


def _state(stack: Stack) -> dict[str, Any]:
    """Where the guard's table says that the set stands."""
    rows = stack.rows("ReputationTable", scope=f"configuration-set/{STALE}")
    return next((row for row in rows if row["item"] == "state"), {})


def _settled(stack: Stack) -> dict[str, Any]:
    """The same once no pause is under way: it is called paused when the switch was read back, a second after SES refuses mail.

    The emulator's schedule invokes the guard too, so that this may be so although no run of ours is.
    """
    ends = time.monotonic() + SETTLED_SECONDS
    while (state := _state(stack)).get("status") == "pausing" and time.monotonic() < ends:
        time.sleep(0.05)
    return state


def _account_is_on(ses: Any) -> bool:
    return bool(ses.get_account()["SendingEnabled"])


def _client(stack: Stack, ses_url: str) -> Any:
    """SES, as any program has it, but for the address."""
    session: Any = boto3.Session("test", "test", region_name=stack.emulator.region)
    return session.client("sesv2", endpoint_url=ses_url, config=Config(retries={"max_attempts": 1}))
