"""The recipients that the local SES plays, and the schedule by which things happen to them."""

import json
import re
import time
from collections import Counter
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from ses_warden_simulator.__main__ import main, parser
from ses_warden_simulator.errors import SetupError
from ses_warden_simulator.profiles import Profile, Profiles, load
from ses_warden_simulator.recipients import HOUR, Act, Bounced, Recipients
from ses_warden_simulator.schedule import Schedule
from ses_warden_simulator.server import Server
from ses_warden_simulator.service import Options, Service
from tests.simulator_fakes import ALL, MemoryBackend, ask, client_of, simple
from tests.support.emulator import ROOT

BUSY = Profile(hard_bounce=0.1, soft_bounce=0.1, late=0.2, complaint=0.05, open=0.5, click=0.5, out_of_office=0.05)


def fates(seed: int, profile: Profile = BUSY, count: int = 4000) -> list[tuple[Act, ...]]:
    """What becomes of one mail to each of so many addresses."""
    recipients = Recipients(seed, Profiles(default=profile))
    return [recipients.play(f"a{number}@example.com", 0) for number in range(count)]


def test_the_same_seed_gives_the_same_fates() -> None:
    """To the second; another seed gives others."""
    assert fates(1) == fates(1)
    assert fates(1) != fates(2)


def test_an_addresss_fate_does_not_depend_on_the_others() -> None:
    """In whatever order mail goes out, each address gets what is its own; case does not matter."""
    recipients = Recipients(1, Profiles(default=BUSY))
    forwards = [recipients.play(f"a{number}@example.com", 0) for number in range(200)]
    backwards = [recipients.play(f"a{number}@example.com", 0) for number in reversed(range(200))]
    assert forwards == backwards[::-1]
    plain, shouted = recipients.play("a1@example.com", 3), recipients.play("A1@EXAMPLE.COM", 3)
    assert [act.after for act in plain] == [act.after for act in shouted]


def test_who_does_not_exist_never_does() -> None:
    """An address that bounced hard does so again; one that did not never will."""
    recipients = Recipients(5, Profiles(default=BUSY))

    def gone(number: int, visit: int) -> bool:
        (first, *_) = recipients.play(f"a{number}@example.com", visit)
        return isinstance(first, Bounced) and first.type == "Permanent"

    always = [{gone(number, visit) for visit in range(20)} for number in range(200)]
    assert all(len(answers) == 1 for answers in always)
    assert {True} in always
    assert {False} in always


def test_shares_are_those_of_the_profile() -> None:
    """Within four standard deviations of what is asked for, over 4,000 addresses."""
    counts: Counter[str] = Counter()
    for acts in fates(3):
        counts.update({act.kind if not isinstance(act, Bounced) else f"{act.type} {act.status is not None}" for act in acts})
    delivered = counts["Delivery"]
    expected = {
        "Permanent True": 4000 * 0.1,
        "Transient True": 4000 * 0.9 * 0.1,
        "Delivery": 4000 * 0.9 * 0.9,
        "Transient False": delivered * 0.05,
        "Complaint": delivered * 0.05,
        "Open": delivered * 0.5,
        "Click": delivered * 0.25,
    }
    assert {name: counts[name] for name in expected} == pytest.approx(expected, abs=4 * (4000 * 0.25) ** 0.5)
    assert counts["Permanent True"] == pytest.approx(400, abs=4 * (4000 * 0.1 * 0.9) ** 0.5)


def test_things_happen_in_order() -> None:
    """Nobody opens or complains before the mail was there, nor clicks before it was opened; SES gives up at 14 hours."""
    for acts in fates(4):
        times: dict[str, float] = {act.kind: act.after for act in acts}
        assert [act.after for act in acts] == sorted(act.after for act in acts)
        assert min(times.values()) > 0
        for later, earlier in (("Open", "Delivery"), ("Complaint", "Delivery"), ("Click", "Open"), ("Delivery", "DeliveryDelay")):
            assert later not in times or times[later] > times.get(earlier, 0)
        assert times.get("Bounce", 0) <= 14 * 3600


def test_a_profile_holds_for_subdomains_and_the_nearest_one_wins() -> None:
    """Domains that have none get the default; Gmail's never complain."""
    near, far = Profile(open=0.1), Profile(open=0.9)
    profiles = Profiles(domains={"Example.com": far, "mail.example.com": near})
    assert profiles.of("example.com") is far
    assert profiles.of("a.b.example.com") is far
    assert profiles.of("x.mail.example.com") is near
    assert profiles.of("notexample.com") == Profile()
    assert profiles.of("gmail.com").complaint == 0


def test_a_file_of_profiles_is_read(tmp_path: Path) -> None:
    """What it leaves out has its usual value."""
    path = tmp_path / "profiles.json"
    path.write_text(json.dumps({"default": {"open": 0.5}, "domains": {"stale.example": {"hard_bounce": 0.3}}}))
    profiles = load(path)
    assert profiles.default.open == 0.5
    assert profiles.of("stale.example").hard_bounce == 0.3
    assert profiles.of("stale.example").open == Profile().open


@pytest.mark.parametrize("text", ["{", '{"default": {"open": 2}}', '{"domain": {}}', '{"default": {"opens": 0.1}}'])
def test_a_wrong_file_of_profiles_ends_the_program(tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """With its name, before anything is served."""
    path = tmp_path / "profiles.json"
    path.write_text(text)
    with pytest.raises(SetupError, match="no file of profiles"):
        load(path)
    assert main(["--backend", "http://127.0.0.1:1", "--profiles", str(path)]) == 2
    assert "profiles.json" in capsys.readouterr().err


def test_a_missing_file_of_profiles_ends_the_program(tmp_path: Path) -> None:
    """So that nobody believes in it."""
    with pytest.raises(SetupError, match="cannot be read"):
        load(tmp_path / "none.json")


@pytest.mark.parametrize("speed", ["0", "-1", "nan", "inf", "fast"])
def test_a_speed_that_cannot_be_is_refused(speed: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In a sentence."""
    with pytest.raises(SystemExit):
        main(["--backend", "http://127.0.0.1:1", "--speed", speed])
    assert "must be a number above 0" in capsys.readouterr().err


def test_a_schedule_keeps_its_order_and_divides_its_delays() -> None:
    """At a speed of 1,000 a quarter of a minute takes 15 milliseconds."""
    happened: list[int] = []
    last = Event()
    schedule = Schedule(speed=1000)
    schedule.after(15, last.set)
    for number in (3, 1, 2):
        schedule.after(number, lambda number=number: happened.append(number))  # type: ignore[misc]  # bound now
    schedule.start()
    assert last.wait(10)
    schedule.stop()
    assert happened == [1, 2, 3]


def test_a_flush_plays_everything_at_once_also_what_follows() -> None:
    """In order; a failure of one loses no other."""
    happened: list[str] = []
    schedule = Schedule(speed=1e-6)
    schedule.start()
    schedule.after(2, lambda: happened.append("b"))
    schedule.after(1, lambda: happened.append("a"))
    schedule.after(1.5, lambda: happened.append(str(1 // 0)))
    schedule.after(3, lambda: schedule.after(9, lambda: happened.append("c")))
    assert schedule.pending == 4
    schedule.flush()
    assert happened == ["a", "b", "c"]
    assert schedule.pending == 0
    schedule.stop()


def test_nothing_happens_after_the_end() -> None:
    """What is pending when the schedule stops never happens."""
    happened: list[int] = []
    schedule = Schedule()
    schedule.start()
    schedule.after(0.2, lambda: happened.append(1))
    schedule.stop()
    schedule.flush()
    assert happened == []


def test_what_is_millennia_away_does_not_end_the_schedule() -> None:
    """As with a very small speed, by which tests have things happen when they ask for them."""
    schedule, happened = Schedule(speed=1e-12), Event()
    schedule.start()
    schedule.after(HOUR, lambda: None)
    # Until it waits for that hour.
    time.sleep(0.1)
    schedule.after(0, happened.set)
    assert happened.wait(20)
    schedule.stop()


def test_a_whole_campaign_is_the_same_for_the_same_seed() -> None:
    """Sent with boto3 through two simulators: type, recipient and reason of every event agree."""

    def campaign(seed: int) -> Counter[tuple[Any, ...]]:
        backend = MemoryBackend()
        backend.subscribe("all", *ALL)
        service = Service(backend, Options(seed=seed, speed=1e-6, profiles=Profiles(default=BUSY)))
        with Server(service, 0) as server:
            ses = client_of(server)
            for number in range(60):
                ses.send_email(**simple(f"a{number % 40}@example.com", html="<a href='https://www.example.com/'>x</a>"))
            service.schedule.flush()
        return Counter(
            (event["eventType"], *event["mail"]["destination"], (event.get("bounce") or {}).get("bounceSubType"))
            for event in backend.events()
        )

    assert campaign(1) == campaign(1)
    assert campaign(1) != campaign(2)


def test_the_simulators_own_pages_show_and_hurry_and_empty() -> None:
    """Tests look on, make time pass, call off what is to come, and begin again."""
    backend = MemoryBackend()
    backend.subscribe("all", *ALL)
    with Server(Service(backend, Options(speed=1e-6)), 0) as server:
        client_of(server).send_email(**simple("success@simulator.amazonses.com"))
        assert ask(server, "GET", "/_simulator/status")[1]["accepted"] == 1
        assert ask(server, "GET", "/_simulator/status")[1]["pending"] >= 1
        flushed = ask(server, "POST", "/_simulator/flush")[1]
        assert flushed == {"pending": 0, "accepted": 1, "Send": 1, "Delivery": 1, "published": 2}
        client_of(server).send_email(**simple("complaint@simulator.amazonses.com"))
        client_of(server).put_account_sending_attributes(SendingEnabled=False)
        assert ask(server, "POST", "/_simulator/forget")[1]["pending"] == 0
        assert "Complaint" not in ask(server, "POST", "/_simulator/flush")[1]
        assert not client_of(server).get_account()["SendingEnabled"]
        assert ask(server, "POST", "/_simulator/reset")[1] == {"pending": 0}
        assert client_of(server).get_account()["SendingEnabled"]


def test_an_event_that_finds_no_topic_is_counted_and_said_without_addresses(capsys: pytest.CaptureFixture[str]) -> None:
    """The others go on."""
    backend = MemoryBackend(deaf=True)
    backend.subscribe("all", *ALL)
    with Server(Service(backend, Options(speed=1e-6)), 0) as server:
        client_of(server).send_email(**simple("jane.doe@example.com"))
        assert ask(server, "POST", "/_simulator/flush")[1]["unpublished"] >= 2
    said = capsys.readouterr().err
    assert "A Send event was not published: NotFound" in said
    assert "jane.doe" not in said


def _shown(default: object) -> str:
    """As the document shows an option's default: a switch is off, a number has no needless fraction."""
    match default:
        case None:
            return "(none)"
        case False:
            return "off"
        case float():
            return f"`{default:g}`"
        case _:
            return f"`{default}`"


def test_the_document_names_every_option_share_operation_and_page() -> None:
    """With its default, where it has one."""
    text = (ROOT / "docs" / "simulator.md").read_text()
    for action in parser()._actions:
        if action.dest == "help":
            continue
        (shown,) = re.findall(rf"^\| `{action.option_strings[0]}` \| (.*?) \|", text, re.MULTILINE)
        assert shown == ("(required)" if action.required else _shown(action.default)), action.dest
    for name, field in Profile.model_fields.items():
        assert f"| `{name}` | {field.default} |" in text
    source = (ROOT / "simulator" / "ses_warden_simulator" / "service.py").read_text()
    for page in re.findall(r'case "(GET|POST|PUT)", "(\w+)":', source):
        assert f"`{page[0]} /_simulator/{page[1]}`" in text
    assert re.findall(r'case "(?:GET|POST|PUT)", "(\w+)":', source)
