"""A campaign made from a seed: mails, what happened to them, and the messages by which SES tells it, doubled and shuffled."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from demo.stories import ACTIVITY, FEEDBACK, HOUR, SORTS, STORIES, Chapter, Event, Mail, Story, delivered
from tests.support.samples import make_event, ses, ses_id

FEWEST, MOST = 100, 10_000
SETS = ("ses-warden", "newsletter")
SENDERS = {"ses-warden": "Example Billing <billing@example.com>", "newsletter": "Example News <news@mail.example.com>"}
SUBJECTS = {"ses-warden": "Your invoice", "newsletter": "November offers"}

# Reserved by RFC 2606: nobody lives there.
DOMAINS = (
    *("example.com", "example.net", "example.org", "mail.example", "post.example", "correo.example", "poczta.example"),
    *("brev.example", "posta.example", "courrier.example", "inbox.example", "letters.example", "pigeon.example"),
)
BOUNCES_A_DOMAIN = 8
NAMES = ("ada", "ben", "chloe", "diego", "elif", "finn", "grace", "hugo", "ines", "jonas", "kaya", "lars", "mia", "noor")
SURNAMES = ("arden", "berg", "costa", "dahl", "ek", "ferro", "gray", "holm", "ito", "jansen", "kowal", "lund", "moreau")

# A provider whose directory is down answers "no such user" for everybody: within one hour, more often than a storm needs.
OUTAGE_DOMAIN, OUTAGE_BOUNCES = "outage.example", 30
LIVE_MAILS = 10
# A fifth of the mails is told about in one batch, as large as AWS makes them.
BATCH_SHARE, LARGEST_BATCH = 0.2, 1000
TWINS = 0.4
ODD_SPELLINGS = 0.05

UNPARSABLE = (
    (FEEDBACK, '{"eventType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddr'),
    (ACTIVITY, '{"eventType":"Open","open":{"timestamp":"yesterday at noon"},"mail":{"messageId":7}}'),
)


class Message(NamedTuple):
    """What is published to a topic: an event in one of its two forms, or a text that is no event."""

    topic: str
    event: Event | None
    identity: bool = False
    raw: str = ""

    def text(self) -> str:
        """The text that SES would publish; the same each time."""
        if self.event is None:
            return self.raw
        sort, mail, at = self.event
        sample = sort.twin if self.identity and sort.twin else sort.sample
        event = make_event(
            sample,
            message_id=mail.message_id,
            recipients=[mail.recipient],
            at=at,
            sent_at=mail.sent_at,
            configuration_set=mail.configuration_set,
            sender=SENDERS[mail.configuration_set],
            subject=SUBJECTS[mail.configuration_set],
            tags={"campaign": ["demo"]},
            **sort.detail,
        )
        return json.dumps(event, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Campaign:
    """All mails, and what is published about them.

    `trial` is the sentence by which SES tries out a topic first. `batch` is handed over at once, without doubles; `live` mails are
    told about one event at a time, as it happens.
    """

    mails: tuple[Mail, ...]
    trial: Message
    feedback: tuple[Message, ...]
    activity: tuple[Message, ...]
    batch: tuple[Message, ...]
    live: tuple[Mail, ...]

    @property
    def batch_mails(self) -> int:
        """How many mails the batch is about."""
        return len({message.event.mail.message_id for message in self.batch if message.event})

    @property
    def published_mails(self) -> int:
        """How many mails the topics hear about all at once: neither those in the batch nor the live ones."""
        return len(self.mails) - self.batch_mails


def make_campaign(mails: int, seed: int, now: datetime) -> Campaign:
    """A campaign of so many mails, sent in the five hours before `now`, some of them days ago; nothing lies after `now`."""
    return _Author(Random(seed), seed, now.replace(microsecond=0)).write(mails)  # noqa: S311 -- to be repeated, no secret


def live_mail(mail: Mail, now: datetime) -> Mail:
    """A live mail, sent now."""
    sent_at = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return Mail(ses_id(sent_at, mail.message_id), mail.recipient, sent_at, mail.configuration_set, mail.story)


@dataclass(slots=True)
class _Author:
    chance: Random
    seed: int
    now: datetime
    people: int = 0
    bounces: int = 0

    def write(self, count: int) -> Campaign:
        events: list[Event] = []
        for story in STORIES:
            times = max(1, round(story.share * count))
            outage = OUTAGE_BOUNCES if story.name == "hard bounce" and times >= 2 * OUTAGE_BOUNCES else 0
            for _ in range(times - outage):
                events += self._tell(story)
            for number in range(outage):
                events += self._outage(story, number)
        batch = self._batch(round(BATCH_SHARE * count))
        written = len({event.mail.message_id for event in (*events, *batch)})
        for _ in range(count - written - LIVE_MAILS):
            events += self._tell(delivered(self.chance))
        messages = [message for event in events for message in self._messages(event)]
        messages += [Message(topic, None, raw=raw) for topic, raw in UNPARSABLE]
        messages.append(Message(ACTIVITY, None, raw=ses("setup-validated")))
        self.chance.shuffle(messages)
        mails = {event.mail.message_id: event.mail for event in (*events, *batch)}
        return Campaign(
            mails=tuple(mails.values()),
            trial=Message(FEEDBACK, None, raw=ses("setup-validated")),
            feedback=tuple(message for message in messages if message.topic == FEEDBACK),
            activity=tuple(message for message in messages if message.topic == ACTIVITY),
            batch=tuple(Message(ACTIVITY, event) for event in batch),
            live=tuple(self._mail("live", self._recipient(DOMAINS[number]), self.now) for number in range(LIVE_MAILS)),
        )

    def _batch(self, mails: int) -> list[Event]:
        batch: list[Event] = []
        for _ in range(mails):
            events = self._tell(delivered(self.chance))
            if len(batch) + len(events) <= LARGEST_BATCH:
                batch += events
        self.chance.shuffle(batch)
        return batch

    def _tell(self, story: Story) -> list[Event]:
        recipient = self._recipient(self._domain(story))
        return [event for chapter in story.chapters for event in self._chapter(story, chapter, recipient)]

    def _chapter(self, story: Story, chapter: Chapter, recipient: str) -> list[Event]:
        ago = timedelta(days=chapter.days_ago, milliseconds=self.chance.randrange(int(1.25 * HOUR * 1000), int(5 * HOUR * 1000)))
        mail = self._mail(story.name, recipient, self.now - ago)
        return _events(mail, chapter)

    def _outage(self, story: Story, number: int) -> list[Event]:
        hour = (self.now - timedelta(hours=3)).replace(minute=0, second=0)
        mail = self._mail("outage", self._recipient(OUTAGE_DOMAIN), hour + timedelta(minutes=5, seconds=80 * number))
        return _events(mail, story.chapters[0])

    def _mail(self, story: str, recipient: str, sent_at: datetime) -> Mail:
        message_id = ses_id(sent_at, f"{self.seed} {recipient} {sent_at}")
        return Mail(message_id, recipient, sent_at, self.chance.choice(SETS), story)

    def _recipient(self, domain: str) -> str:
        self.people += 1
        name = f"{self.chance.choice(NAMES)}.{self.chance.choice(SURNAMES)}{self.people}@{domain}"
        return name.title() if self.chance.random() < ODD_SPELLINGS else name

    def _domain(self, story: Story) -> str:
        """Any domain; but hard bounces are spread evenly, so that none of them looks like an outage."""
        if story.name not in ("hard bounce", "bounce after delivery"):
            return self.chance.choice(DOMAINS)
        self.bounces += 1
        block, place = divmod(self.bounces, BOUNCES_A_DOMAIN * len(DOMAINS))
        domain = DOMAINS[place % len(DOMAINS)]
        return domain if block == 0 else f"host{block}.{domain}"

    def _messages(self, event: Event) -> list[Message]:
        """Every event comes once or twice; of some bounces an identity notification tells too, once or twice."""
        forms = [False, True] if event.sort.twin and self.chance.random() < TWINS else [False]
        return [Message(event.sort.topic, event, form) for form in forms for _ in range(self.chance.choice((1, 2)))]


def _events(mail: Mail, chapter: Chapter) -> list[Event]:
    return [Event(SORTS[name], mail, mail.sent_at + timedelta(seconds=delay)) for name, delay in chapter.events]
