"""How SES's identities stand, and where their bounces and complaints go: to us, past us, or to us and to others."""

from collections.abc import Iterator
from dataclasses import dataclass
from shlex import quote
from typing import Final

from ses_warden.domain.findings import Finding, Standing
from ses_warden.domain.identities import Identity, MailFrom

_FEEDBACK_TYPES: Final = ("Bounce", "Complaint")
_DEFAULT_SET = "https://docs.aws.amazon.com/ses/latest/dg/managing-configuration-sets.html"
_IDENTITIES = "https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html"
_DKIM = "https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html"
_MAIL_FROM = "https://docs.aws.amazon.com/ses/latest/dg/mail-from.html"
# "If you haven't set up another mechanism for receiving bounce or complaint notifications (for example, by setting up an event
# destination), you receive an email notification when these events occur (even if this setting is disabled)."
_FORWARDING_V2 = "https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_PutEmailIdentityFeedbackAttributes.html"


@dataclass(frozen=True, slots=True)
class Topics:
    """An identity's own topics for notifications, by their type; empty where there is none."""

    bounce: str = ""
    complaint: str = ""
    delivery: str = ""

    @property
    def by_type(self) -> dict[str, str]:
        """Those that there are."""
        named = {"Bounce": self.bounce, "Complaint": self.complaint, "Delivery": self.delivery}
        return {kind: arn for kind, arn in named.items() if arn}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An identity as far as it could be seen. None is what could not be asked; `unknown` says why, a sentence each.

    `recorded` says whether its default configuration set publishes bounces and complaints to our topic.
    """

    name: str
    is_domain: bool
    identity: Identity | None = None
    topics: Topics | None = None
    recorded: bool | None = None
    set_exists: bool = True
    unknown: tuple[str, ...] = ()


def elsewhere(topics: Topics, own_topic: str) -> dict[str, str]:
    """The topics that are not ours, by type."""
    return {kind: arn for kind, arn in topics.by_type.items() if arn != own_topic}


def judge(seen: Seen, own_topic: str) -> Iterator[Finding]:
    """What there is to say about an identity; `own_topic` is the stack's FeedbackTopic, empty where there is no stack."""
    for reason in seen.unknown:
        yield Finding("identity.asked", Standing.UNKNOWN, seen.name, reason)
    if seen.identity is None:
        return
    yield _verification(seen.identity)
    if seen.identity.is_domain:
        yield _dkim(seen.identity)
    if seen.identity.mail_from is not None:
        yield _mail_from(seen.identity.name, seen.identity.mail_from)
    yield _feedback(seen.identity, seen, own_topic)


def _verification(identity: Identity) -> Finding:
    code = "identity.verified"
    if identity.verified:
        return Finding(code, Standing.OK, identity.name, "SES may send for it.", source=_IDENTITIES)
    why = f" ({identity.error})" if identity.error else ""
    mend = "`ses-warden domain records` prints its records." if identity.is_domain else "Follow the link in the mail that SES sent."
    standing = Standing.BROKEN if identity.status == "FAILED" else Standing.WARN
    return Finding(code, standing, identity.name, f"SES has not verified it: {identity.status}{why}.", mend, _IDENTITIES)


def _dkim(identity: Identity) -> Finding:
    code, dkim, where = "identity.dkim", identity.dkim, identity.name
    if not dkim.signs:
        mend = f"aws sesv2 put-email-identity-dkim-attributes --email-identity {quote(where)} --signing-enabled"
        return Finding(code, Standing.WARN, where, "SES does not sign its mail.", mend, _DKIM)
    if dkim.status != "SUCCESS":
        standing = Standing.BROKEN if dkim.status == "FAILED" else Standing.WARN
        mend = f"ses-warden domain records {quote(where)}"
        return Finding(code, standing, where, f"SES does not see its DKIM records: {dkim.status}.", mend, _DKIM)
    if dkim.key == "RSA_1024_BIT":
        signing = f"aws sesv2 put-email-identity-dkim-signing-attributes --email-identity {quote(where)} "
        mend = signing + "--signing-attributes-origin AWS_SES --signing-attributes NextSigningKeyLength=RSA_2048_BIT"
        if dkim.is_replica:
            # That would end the replication, and with it what the DNS records lead to.
            mend = "In the Region of the identity that it replicates: " + mend
        return Finding(code, Standing.WARN, where, "It is signed with a key of 1024 bits.", mend, _DKIM)
    return Finding(code, Standing.OK, where, "SES signs its mail.", source=_DKIM)


def _mail_from(where: str, mail_from: MailFrom) -> Finding:
    code = "identity.mail_from"
    if mail_from.status == "SUCCESS":
        return Finding(code, Standing.OK, where, f"Bounces go to {mail_from.domain}.", source=_MAIL_FROM)
    instead = "SES sends nothing" if mail_from.rejects else "SES uses amazonses.com, with which SPF does not align"
    standing = Standing.BROKEN if mail_from.rejects else Standing.WARN
    what = f"SES does not see the MX record of {mail_from.domain} ({mail_from.status}); until then {instead}."
    return Finding(code, standing, where, what, f"ses-warden domain records {quote(where)}", _MAIL_FROM)


def _feedback(identity: Identity, seen: Seen, own_topic: str) -> Finding:
    code, where = "identity.feedback", identity.name
    named = f"configuration set {identity.configuration_set}" if identity.configuration_set else "no default configuration set"
    choose = (
        f"aws sesv2 put-email-identity-configuration-set-attributes --email-identity {quote(where)} --configuration-set-name NAME"
    )
    if not seen.set_exists:
        what = f"Its default {named} is gone, so SES refuses mail that names no other."
        return Finding(code, Standing.BROKEN, where, what, choose, _DEFAULT_SET)
    if seen.recorded is None or seen.topics is None:
        return Finding(code, Standing.UNKNOWN, where, f"It has {named}; where its bounces and complaints go could not be seen.")
    own = [kind for kind, arn in seen.topics.by_type.items() if arn == own_topic and own_topic]
    if not seen.recorded and not all(kind in own for kind in _FEEDBACK_TYPES):
        others = _others(identity, seen.topics, own_topic) or "the sender by e-mail, as SES mails what nobody else is told"
        what = f"It has {named}: bounces and complaints of its mail that names no other set do not come here, but to {others}."
        mend = f"{choose}, with the stack's ConfigurationSetName, or let the identity's notifications go to FeedbackTopic"
        return Finding(code, Standing.WARN, where, what, mend, _DEFAULT_SET)
    copies = _copies(seen, own)
    others = _others(identity, seen.topics, own_topic)
    heard = "Its bounces and complaints come here"
    if not copies and not others:
        return Finding(code, Standing.OK, where, f"{heard}.", source=_DEFAULT_SET)
    what = heard + (f", {copies}" if copies else "") + (f", and besides to {others}" if others else "") + "."
    return Finding(code, Standing.OK, where, what, how_to_stop(identity, seen.topics, own_topic), _FORWARDING_V2)


def _copies(seen: Seen, own: list[str]) -> str:
    if not seen.recorded:
        return "by the identity's topics, so without configuration set and tags"
    return f"twice ({', '.join(own)} by the identity's topic and by the configuration set; counted once)" if own else ""


def _others(identity: Identity, topics: Topics, own_topic: str) -> str:
    parts = [f"{arn} ({kind})" for kind, arn in elsewhere(topics, own_topic).items()]
    if identity.forwards:
        parts.append("the sender by e-mail")
    return ", ".join(parts)


def how_to_stop(identity: Identity, topics: Topics, own_topic: str) -> str:
    """The commands after which bounces and complaints are told once; empty where they are.

    Version 1 of the API clears a topic for bounces or complaints only while forwarding is on, and switches forwarding off only when
    there are such topics. Version 2 asks for any other mechanism, an event destination among them, and otherwise goes on mailing.
    So topics are cleared first, and forwarding ends by version 2.
    https://docs.aws.amazon.com/ses/latest/APIReference/API_SetIdentityNotificationTopic.html
    """
    others = elsewhere(topics, own_topic)
    forwarding = f"aws sesv2 put-email-identity-feedback-attributes --email-identity {quote(identity.name)} "
    must_forward = not identity.forwards and any(kind in others for kind in _FEEDBACK_TYPES)
    steps = [forwarding + "--email-forwarding-enabled"] if must_forward else []
    steps += [
        f"aws ses set-identity-notification-topic --identity {quote(identity.name)} --notification-type {kind}" for kind in others
    ]
    if identity.forwards or must_forward:
        steps.append(forwarding + "--no-email-forwarding-enabled")
    return "; ".join(steps)
