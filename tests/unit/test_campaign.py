"""The demo's campaign and what it says must come of it: checked by hand, and against the use case on the ports in memory."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from demo.bills import Bill, on_aws
from demo.campaign import FEWEST, OUTAGE_BOUNCES, OUTAGE_DOMAIN, Campaign, Message, live_mail, make_campaign
from demo.expected import Cohort, Expected, RowKey, Verdict
from demo.meter import Gauge
from demo.stories import ACTIVITY, FEEDBACK, SORTS, STORIES, Event, Mail
from ses_warden.adapters.metrics import NAMES
from ses_warden.application.record_events import Policy, record_events
from ses_warden.domain.envelopes import Envelope
from tests.fakes import MemoryLedger, MemoryQuarantine

NOW = datetime(2026, 11, 24, 9, 41, 7, 123456, tzinfo=UTC)
SMALL = 100
RESERVED = re.compile(r"[^@]+@(?:[a-z0-9-]+\.)*(?:example|example\.(?:com|net|org))", re.IGNORECASE)
FOR_GOOD = Verdict("suppressed", "hard_bounce", "high", None)
RELEASED = Verdict("released", None, None, None)
WATCHING = Verdict("watching", None, None, None)


def mail(name: str = "m1", to: str = "Jane@Example.com", days: float = 0) -> Mail:
    """A mail of so many days ago."""
    return Mail(name, to, NOW - timedelta(days=days, hours=2), "newsletter", "a story")


def told(sort: str, about: Mail | None = None, *, identity: bool = False, minutes: float = 1) -> Message:
    """A message about a mail."""
    about = about or mail()
    return Message(SORTS[sort].topic, Event(SORTS[sort], about, about.sent_at + timedelta(minutes=minutes)), identity)


def after(*messages: Message) -> Expected:
    """What is expected after these."""
    expected = Expected()
    expected.see_all(messages)
    return expected


def everything(campaign: Campaign) -> list[Message]:
    """All that is published of a campaign, the live mails too."""
    messages = [campaign.trial, *campaign.activity, *campaign.batch, *campaign.feedback]
    for late in campaign.live:
        sent = live_mail(late, NOW)
        messages += [told("send", sent, minutes=0), told("hard bounce", sent, minutes=0)]
    return messages


class Recorded:
    """A campaign recorded by the use case, on a ledger in memory."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.ledger, self.quarantine, self.metrics = MemoryLedger(), MemoryQuarantine(), Counter[str]()
        policy = Policy(timedelta(days=30))
        # Feedback comes one at a time, activity in batches.
        batches = [[m.text() for m in messages if m.topic == ACTIVITY], *([m.text()] for m in messages if m.topic == FEEDBACK)]
        for batch in batches:
            envelopes = [Envelope(text, "record") for text in batch]
            outcome = record_events(envelopes, ledger=self.ledger, quarantine=self.quarantine, policy=policy, now=NOW)
            assert outcome.error is None
            for (_, happened), count in outcome.counts.items():
                self.metrics[NAMES[happened]] += count

    def rows(self) -> Counter[RowKey]:
        twins = {sort.kind for sort in SORTS.values() if sort.twin}
        return Counter(
            RowKey(f.message_id, f.recipient, f.type, f.kind, None if f.kind in twins else f.at, f.configuration_set or "none")
            for f in self.ledger.rows.values()
        )

    def counters(self) -> Counter[Cohort]:
        moved = self.ledger.counters.items()
        return Counter({Cohort(*cohort, counter): n for cohort, counts in moved for counter, n in counts.items()})

    def verdicts(self) -> dict[tuple[str, str], Verdict]:
        return {
            (key.address, key.scope): Verdict(
                entry.state,
                entry.reason,
                entry.confidence,
                (entry.expires_at - entry.since).days if entry.expires_at and entry.since else None,
            )
            for key, entry in self.ledger.entries_.items()
        }


@pytest.mark.parametrize(("count", "seed"), [(2000, 1), (SMALL, 2)])
def test_the_use_case_makes_of_a_campaign_what_the_stories_say(count: int, seed: int) -> None:
    """Rows, counters, entries, quarantine and metrics agree, one by one, with the naive count."""
    messages = everything(make_campaign(count, seed, NOW))
    expected = after(*messages)

    recorded = Recorded(messages)

    assert recorded.rows() == Counter(expected.rows)
    assert recorded.counters() == expected.counters
    assert recorded.verdicts() == expected.verdicts()
    assert set(recorded.quarantine.kept) == expected.quarantine
    assert recorded.metrics == expected.metrics


@pytest.mark.parametrize("count", [FEWEST, 777, 2000])
def test_a_campaign_has_as_many_mails_as_asked_for(count: int) -> None:
    """The live ones, and those of the full batch, are among them."""
    campaign = make_campaign(count, 1, NOW)

    assert len(campaign.mails) + len(campaign.live) == count
    assert 0 < len(campaign.batch) <= 1000


def test_a_campaign_is_made_from_its_seed_alone() -> None:
    """The same seed and time give the same messages in the same order, another seed others."""
    first, again, other = (make_campaign(SMALL, seed, NOW) for seed in (1, 1, 2))

    assert first == again
    assert [m.text() for m in first.feedback] == [m.text() for m in again.feedback]
    assert first.mails != other.mails


def test_a_campaign_tells_every_story() -> None:
    """Also a small one; of a large one four mails in a hundred bounce hard, some of them in an outage."""
    small, large = make_campaign(SMALL, 1, NOW), make_campaign(2000, 1, NOW)

    assert {mail.story for mail in small.mails} == {story.name for story in STORIES} | {"delivered"}
    assert sum(mail.story in ("hard bounce", "outage") for mail in large.mails) == 80
    assert sum(mail.story == "outage" for mail in large.mails) == OUTAGE_BOUNCES


def test_a_campaign_writes_to_nobody_and_foretells_nothing() -> None:
    """All recipients live in reserved domains (RFC 2606), and nothing happens after now."""
    campaign = make_campaign(2000, 1, NOW)
    events = [message.event for message in everything(campaign) if message.event]

    assert all(RESERVED.fullmatch(mail.recipient) for mail in (*campaign.mails, *campaign.live))
    assert all(mail.sent_at <= event.at <= NOW for event in events for mail in [event.mail])


def test_every_event_comes_once_or_twice_in_each_form() -> None:
    """Those of the full batch come once, as nearly all do on AWS."""
    campaign = make_campaign(2000, 1, NOW)

    def copies(messages: Sequence[Message]) -> set[int]:
        events = [(e.mail.message_id, e.sort.sample, e.at, m.identity) for m in messages if (e := m.event)]
        return set(Counter(events).values())

    assert copies(campaign.activity) == copies(campaign.feedback) == {1, 2}
    assert copies(campaign.batch) == {1}


def test_only_the_outage_is_a_storm() -> None:
    """Other domains have far fewer hard bounces than a storm needs."""
    campaign = make_campaign(10_000, 1, NOW)
    bounced = {e.mail.key for message in campaign.feedback if (e := message.event) and e.sort.kind == "hard-bounce"}
    domains = Counter(address.rpartition("@")[2] for address in bounced)

    assert domains.pop(OUTAGE_DOMAIN) == OUTAGE_BOUNCES
    assert max(domains.values()) < 15


@pytest.mark.parametrize("forms", sorted(set(permutations([True, True, False, False]))))
def test_both_forms_of_a_bounce_are_expected_to_be_one_row(forms: tuple[bool, ...]) -> None:
    """Whichever comes first: one row with its configuration set, counted once in each scope."""
    expected = after(*(told("hard bounce", identity=identity) for identity in forms))

    assert [row.configuration_set for row in expected.rows] == ["newsletter"]
    hour, day = "hour/2026-11-24T07", "day/2026-11-24"
    assert expected.counters == {
        Cohort("account", hour, "hard"): 1,
        Cohort("configuration-set/newsletter", hour, "hard"): 1,
        Cohort("recipient-domain/example.com", hour, "hard"): 1,
        Cohort("recipient-domain/example.com", day, "hard"): 1,
    }
    assert expected.metrics["Duplicates"] + expected.metrics["Enriched"] == 3
    assert expected.metrics["Enriched"] == (1 if forms[0] else 0)
    assert expected.verdicts() == {("jane@example.com", "account"): FOR_GOOD}


@pytest.mark.parametrize(
    ("messages", "verdict", "suppressed", "released"),
    [
        ([told("send"), told("delivery"), told("auto-reply"), told("policy refusal"), told("too large")], None, 0, 0),
        ([told("complaint"), told("no spam")], RELEASED, 1, 1),
        ([told("no spam"), told("complaint")], RELEASED, 0, 0),
        ([told("full mailbox")], WATCHING, 0, 0),
        ([told("full mailbox"), told("delivery", minutes=2)], RELEASED, 0, 0),
        ([told("full mailbox", minutes=2), told("delivery")], WATCHING, 0, 0),
        (
            [told("full mailbox", mail(f"m{days}", days=days)) for days in (0, 20, 9)],
            Verdict("suppressed", "soft_bounces", "high", 30),
            1,
            0,
        ),
        ([told("full mailbox", mail(f"m{days}", days=days)) for days in (0, 10, 9)], WATCHING, 0, 0),
        ([told("global list")], Verdict("suppressed", "global_list", "high", 14), 1, 0),
        ([told("account list")], Verdict("suppressed", "ses_list", "high", None), 1, 0),
        ([told("complaint"), told("complaint")], Verdict("suppressed", "complaint", "high", None), 1, 0),
    ],
)
def test_the_naive_policy_in_examples(messages: list[Message], verdict: Verdict | None, suppressed: int, released: int) -> None:
    """What an address's entry must say, and how often it changed on the way."""
    expected = after(*messages)

    assert expected.verdicts().get(("jane@example.com", "account")) == verdict
    assert (expected.metrics["Suppressed"], expected.metrics["Released"]) == (suppressed, released)


def test_from_the_26th_on_the_bounces_of_an_outage_are_believed_for_a_day() -> None:
    """The storm breaker cannot know it earlier."""
    expected = after(*(told("hard bounce", mail(f"m{n}", f"nobody{n}@outage.example")) for n in range(30)))

    verdicts = [expected.verdicts()[f"nobody{n}@outage.example", "account"] for n in range(30)]
    assert verdicts == [FOR_GOOD] * 25 + [Verdict("suppressed", "hard_bounce", "low", 1)] * 5


def test_what_is_no_event_is_kept_or_ignored() -> None:
    """What cannot be parsed lies in quarantine; the sentence by which SES tries out a topic leaves nothing."""
    expected = after(Message(ACTIVITY, None, raw="{"), Message(FEEDBACK, None, raw="Successfully validated SNS topic"))

    assert (expected.quarantine, expected.rows) == ({"{"}, set())
    assert expected.metrics == {"Unparsable": 1, "SetupMessages": 1}


ROW = {"message_id": {"S": "m"}, "event": {"S": "e"}, "recipient": {"S": "r"}, "at": {"S": "t"}, "day": {"S": "d"}}
PUT = {"Put": {"TableName": "t", "Item": ROW, "ConditionExpression": "attribute_not_exists(message_id)"}}
UPDATE = {
    "Update": {
        "TableName": "t",
        "Key": {"scope": {"S": "account#0"}, "item": {"S": "hour/2026-11-24T07"}},
        "ExpressionAttributeNames": {"#0": "sent"},
        "ExpressionAttributeValues": {":0": {"N": "7"}, ":purge_at": {"N": "1800000000"}},
    }
}
KEYS = [{"address": {"S": "a"}, "scope": {"S": "account"}}] * 3


@pytest.mark.parametrize(
    ("operation", "request_", "refused", "units"),
    [
        ("TransactWriteItems", {"TransactItems": [PUT, UPDATE]}, False, (4, 2, 0)),
        ("TransactWriteItems", {"TransactItems": [PUT, UPDATE]}, True, (4, 0, 0)),
        ("TransactWriteItems", {"TransactItems": [{"Put": {"Item": {"message_id": {"S": "x" * 1024}}}}]}, False, (4, 0, 0)),
        ("BatchGetItem", {"RequestItems": {"t": {"Keys": KEYS, "ConsistentRead": True}}}, False, (0, 0, 3)),
        ("BatchGetItem", {"RequestItems": {"t": {"Keys": KEYS}}}, False, (0, 0, 1.5)),
        ("Query", {}, False, (0, 0, 0.5)),
        ("BatchWriteItem", {"RequestItems": {"t": [{"PutRequest": {"Item": {"scope": {"S": "s"}}}}]}}, False, (1, 0, 0)),
        ("S3 PUT", None, False, (0, 0, 0)),
    ],
)
def test_the_gauge_counts_what_a_call_is_charged(
    operation: str, request_: object, refused: bool, units: tuple[float, float, float]
) -> None:
    """Write units of tables (twice in transactions, refused ones too), of indexes, and read units."""
    gauge = Gauge()

    gauge.count(operation, b"no JSON" if request_ is None else json.dumps(request_).encode(), refused=refused)

    usage = gauge.usage()
    assert (usage.write_units, usage.index_write_units, usage.read_units) == units
    assert usage.calls == {operation: 1}


def test_the_bill_of_a_mail_follows_from_a_batch_and_a_bounce() -> None:
    """Half a batch's cost for each of its two mails, and a tenth of a bounce's; topic and queue are added to the batch."""
    batch, bounce = Bill(write_units=12, lambda_runs=1), Bill(sns_publishes=1, write_units=20)

    bill = on_aws(batch, events=5, mails=2, bounce=bounce, feedback_a_mail=0.1)

    assert bill == Bill(sns_publishes=2.6, sqs_requests=3, lambda_runs=0.5, write_units=8)
    assert bill.dollars == pytest.approx((2.6 * 0.50 + 3 * 0.40 + 0.5 * 0.20 + 8 * 0.625) / 1e6)
