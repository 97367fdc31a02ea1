"""An event taken apart: one fact for each recipient it speaks of.

Three questions are answered here and nowhere else: when did it happen (`event_time`), whom is it about (`recipients`), and what
makes two notifications the same event (`fingerprint`).
"""

from datetime import UTC, datetime
from hashlib import blake2b
from typing import NamedTuple

from ses_warden.domain.addresses import NOBODY, Address, domain_of, encode_key, is_simulator, normalize
from ses_warden.domain.bounces import BounceKind, ComplaintKind, classify_bounce, classify_complaint
from ses_warden.domain.counters import Counter, scopes
from ses_warden.domain.events import (
    Bounce,
    Click,
    Complaint,
    Delivery,
    DeliveryDelay,
    MailEvent,
    Open,
    Reject,
    RenderingFailure,
    Send,
    Subscription,
)
from ses_warden.domain.signals import Signal, bounce_signal, complaint_signal, delivery_signal, subscription_signal
from ses_warden.errors import UnparsableEvent

# SES does not say who opened or clicked a mail to several recipients.
SOMEBODY = Address(key=NOBODY, original=NOBODY, valid=False)

# RFC 5321 section 4.5.3.1.3: no path is longer; an address that is leaves no room in a row, and stands as a digest in its key.
_LONGEST_IN_SORT_KEY = 254
_YEARS = range(2000, 2200)


class Particulars(NamedTuple):
    """What an event says of one of its recipients."""

    address: Address
    status: str | None = None
    diagnostic: str | None = None
    action: str | None = None


class Fact(NamedTuple):
    """One SES event for one recipient: what the ledger holds as a row. Times are UTC.

    `kind` refines the type (a bounce's meaning, a bot's click); `counter` is what it adds to the cohort of `sent_at`, None where it
    never counts (the mailbox simulator). `drill`: mail to the simulator in a fire drill, which counts in its own set alone.
    """

    message_id: str
    who: Particulars
    type: str
    fingerprint: str
    at: datetime
    sent_at: datetime
    kind: str
    counter: Counter | None
    configuration_set: str | None
    tenant: str | None
    event: MailEvent
    drill: bool = False

    @property
    def scopes(self) -> tuple[str, ...]:
        """The scopes in which it counts, the widest first."""
        if self.drill:
            return (f"configuration-set/{self.configuration_set}",)
        return scopes(self.configuration_set, self.tenant)

    @property
    def recipient(self) -> str:
        """The recipient's key: lower-cased, domain as A-label, or `*`."""
        return self.who.address.key

    @property
    def sort_key(self) -> str:
        """`<recipient>#<type>#<fingerprint>`: with the message id, what makes two notifications the same fact."""
        return f"{key_part(self.recipient)}#{self.type}#{self.fingerprint}"


def key_part(recipient: str) -> str:
    """A recipient's key as it stands in a sort key: `#` and `%` percent-encoded, a very long one as a digest."""
    encoded = encode_key(recipient)
    return encoded if len(encoded.encode()) <= _LONGEST_IN_SORT_KEY else _digest(encoded)


def facts_of(event: MailEvent, no_feedback_domains: frozenset[str] = frozenset(), drill_set: str = "") -> list[Fact]:
    """The facts in an event, one for each recipient it is about, in its order, each recipient once.

    `no_feedback_domains` are those whose providers report no complaints to SES; `drill_set` is the configuration set of fire
    drills, none if empty. Raises `UnparsableEvent` for a time that UTC does not have.
    """
    mail = event.mail
    sent_at, at = _utc(mail.timestamp), event_time(event)
    mark = fingerprint(event)
    configuration_set, tenant = mail.configuration_set, mail.tenant
    facts: dict[str, Fact] = {}
    for who in recipients(event):
        key = who.address.key
        if key in facts:
            continue
        kind, meant = _meaning(event, who, no_feedback_domains)
        simulated = is_simulator(key)
        drill = simulated and bool(drill_set) and configuration_set == drill_set
        counter = None if simulated and not drill else meant
        facts[key] = Fact(
            mail.message_id, who, event.type, mark, at, sent_at, kind, counter, configuration_set, tenant, event, drill
        )
    return list(facts.values())


def signal_of(fact: Fact, *, provisional: bool = False) -> Signal | None:
    """What a fact says about whether its recipient may be mailed: None for most, and for the mailbox simulator always.

    `provisional` is for a hard bounce amid a storm of them from one recipient domain.
    """
    event, who = fact.event, fact.who
    if is_simulator(who.address.key) or who.address.key == NOBODY:
        return None
    match event:
        case Bounce(bounce=bounce):
            return bounce_signal(
                BounceKind(fact.kind),
                who.address,
                at=fact.at,
                message_id=fact.message_id,
                sub_type=bounce.bounce_sub_type,
                status=who.status,
                diagnostic=who.diagnostic,
                tenant=fact.tenant,
                provisional=provisional,
            )
        case Complaint(complaint=complaint):
            return complaint_signal(
                ComplaintKind(fact.kind),
                who.address,
                at=fact.at,
                message_id=fact.message_id,
                sub_type=complaint.complaint_sub_type,
                candidates=len(complaint.complained_recipients),
                tenant=fact.tenant,
            )
        case Delivery():
            return delivery_signal(who.address, at=fact.at, message_id=fact.message_id)
        case Subscription(subscription=subscription):
            preferences = subscription.new_topic_preferences
            return subscription_signal(
                who.address,
                contact_list=subscription.contact_list,
                unsubscribed_from_all=preferences.unsubscribe_all if preferences else None,
                at=fact.at,
                message_id=fact.message_id,
            )
        case _:
            return None


def event_time(event: MailEvent) -> datetime:
    """When it happened, in UTC. Send, Reject and Rendering Failure carry no time of their own: then that of the mail."""
    # Not getattr: pydantic answers for a missing attribute in Python, and slowly.
    own: datetime | None = event.detail.__dict__.get("timestamp")
    return _utc(own or event.mail.timestamp)


def recipients(event: MailEvent) -> list[Particulars]:
    """Whom the event is about; `SOMEBODY` where SES does not say.

    A bounce or complaint is about those it names, never about `mail.destination`, which lists all recipients of the mail.
    """
    match event:
        case Bounce():
            found = [
                Particulars(normalize(r.email_address), r.status, r.diagnostic_code, r.action)
                for r in event.bounce.bounced_recipients
            ]
        case Complaint():
            found = [Particulars(normalize(r.email_address)) for r in event.complaint.complained_recipients]
        case Delivery():
            found = [Particulars(normalize(address)) for address in event.delivery.recipients]
        case DeliveryDelay():
            found = [
                Particulars(normalize(r.email_address), r.status, r.diagnostic_code)
                for r in event.delivery_delay.delayed_recipients
            ]
        case Open() | Click():
            # All recipients of one mail share its tracking links.
            alone = len(event.mail.destination) == 1
            found = [Particulars(normalize(event.mail.destination[0]))] if alone else []
        case Subscription():
            # List management works with single-recipient mail only.
            found = [Particulars(normalize(address)) for address in event.mail.destination[:1]]
        case _:
            found = [Particulars(normalize(address)) for address in event.mail.destination]
    return found or [Particulars(SOMEBODY)]


def fingerprint(event: MailEvent) -> str:
    """What tells two events of one type about one mail and recipient apart; equal for two notifications of the same event.

    Never the envelope (SNS repeats), and for bounces and complaints never the time: identity notifications cut it to seconds where
    event publishing has milliseconds.
    """
    match event:
        case Bounce():
            return _digest(event.bounce.bounce_type, event.bounce.bounce_sub_type)
        case Complaint():
            return _digest(event.complaint.complaint_feedback_type, event.complaint.complaint_sub_type)
        case Open():
            return _digest(_moment(event), event.open.ip_address, event.open.user_agent)
        case Click():
            click = event.click
            return _digest(_moment(event), click.link, click.ip_address, click.user_agent)
        case DeliveryDelay():
            return event_time(event).strftime("%Y-%m-%dT%H:%M:%S")
        case Subscription():
            detail = event.subscription
            preferences = detail.new_topic_preferences
            return _digest(_moment(event), detail.contact_list, preferences.model_dump_json() if preferences else None)
        case _:
            return "-"


def _meaning(event: MailEvent, who: Particulars, no_feedback_domains: frozenset[str]) -> tuple[str, Counter]:
    match event:
        case Send():
            return "sent", Counter.SENT
        case Delivery():
            unreported = domain_of(who.address.key) in no_feedback_domains
            return "delivered", Counter.DELIVERED_UNREPORTED if unreported else Counter.DELIVERED
        case Bounce():
            bounce = classify_bounce(
                event.bounce.bounce_type,
                event.bounce.bounce_sub_type,
                action=who.action,
                status=who.status,
                diagnostic=who.diagnostic,
            )
            return bounce, _BOUNCE_COUNTERS[bounce]
        case Complaint():
            complaint = classify_complaint(event.complaint.complaint_feedback_type, event.complaint.complaint_sub_type)
            return complaint, _COMPLAINT_COUNTERS[complaint]
        case Open():
            bot = event.open.is_bot_event == "Likely"
            return ("bot-open", Counter.BOT_OPENS) if bot else ("open", Counter.OPENS)
        case Click():
            bot = event.click.is_bot_event == "Likely"
            return ("bot-click", Counter.BOT_CLICKS) if bot else ("click", Counter.CLICKS)
        case Reject():
            return "rejected", Counter.REJECTS
        case RenderingFailure():
            return "rendering-failure", Counter.RENDERING_FAILURES
        case DeliveryDelay():
            return "delayed", Counter.DELAYS
        case _:
            return "subscription", Counter.SUBSCRIPTIONS


_BOUNCE_COUNTERS = {
    BounceKind.HARD: Counter.HARD,
    BounceKind.UNKNOWN_PERMANENT: Counter.HARD,
    BounceKind.GLOBAL_LIST: Counter.HARD,
    BounceKind.POLICY_REFUSAL: Counter.POLICY,
    BounceKind.LIST_HIT: Counter.LISTED,
    BounceKind.AUTO_REPLY: Counter.AUTO_REPLIES,
    BounceKind.SOFT: Counter.SOFT,
    BounceKind.CONTENT: Counter.CONTENT,
    BounceKind.UNDETERMINED: Counter.UNDETERMINED,
}
_COMPLAINT_COUNTERS = {
    ComplaintKind.COMPLAINT: Counter.COMPLAINTS,
    ComplaintKind.NOT_SPAM: Counter.WITHDRAWN,
    ComplaintKind.AUTH_FAILURE: Counter.REPORTS,
    ComplaintKind.LIST_HIT: Counter.REPORTS,
}


def _moment(event: MailEvent) -> str:
    return event_time(event).isoformat(timespec="milliseconds")


def _digest(*parts: str | None) -> str:
    """72 bits: two events of one mail, recipient and type collide with a probability that no sender will see."""
    text = "\x1f".join(part or "" for part in parts)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=9).hexdigest()


def _utc(moment: datetime) -> datetime:
    """SES began in 2011; a time far from now is a fault, and near the ends of the calendar nothing could be added to it."""
    if moment.year not in _YEARS:
        raise UnparsableEvent(f"a time in the year {moment.year}")
    return moment.astimezone(UTC)
