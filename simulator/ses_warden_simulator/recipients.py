"""Plays the recipients: what becomes of one mail for one address, and after how many seconds. Same seed, same fate.

The mailbox simulator: https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html#send-email-simulator
"""

from dataclasses import dataclass
from random import Random
from typing import Literal

from ses_warden_simulator.addresses import domain, simulated
from ses_warden_simulator.profiles import Profile, Profiles

MINUTE, HOUR = 60.0, 3600.0
# SES gives up after 14 hours: the default and highest value of MaxDeliverySeconds.
GIVES_UP = 14 * HOUR


@dataclass(frozen=True, slots=True)
class Delivered:
    """The recipient's server took the mail."""

    after: float
    kind: Literal["Delivery"] = "Delivery"


@dataclass(frozen=True, slots=True)
class Bounced:
    """The mail came back. Without a `status` there was no report (DSN), as with an out-of-office reply.

    `contacted`: whether the recipient's server said so, or SES itself.
    """

    after: float
    type: str
    sub_type: str
    status: str | None = None
    diagnostic: str | None = None
    contacted: bool = True
    kind: Literal["Bounce"] = "Bounce"


@dataclass(frozen=True, slots=True)
class Delayed:
    """The mail waits."""

    after: float
    type: str
    status: str
    diagnostic: str
    kind: Literal["DeliveryDelay"] = "DeliveryDelay"


@dataclass(frozen=True, slots=True)
class Complained:
    """The recipient reported the mail. `sub_type` means that none was sent; without a `feedback` no report came along."""

    after: float
    feedback: str | None = "abuse"
    agent: str | None = "Mail-FBL/1.0"
    sub_type: str | None = None
    kind: Literal["Complaint"] = "Complaint"


@dataclass(frozen=True, slots=True)
class Opened:
    """The mail was opened."""

    after: float
    kind: Literal["Open"] = "Open"


@dataclass(frozen=True, slots=True)
class Clicked:
    """A link was followed; `choice` between 0 and 1 says which."""

    after: float
    choice: float
    kind: Literal["Click"] = "Click"


type Act = Delivered | Bounced | Delayed | Complained | Opened | Clicked

# What SES says when it does not even try (recorded, or AWS's own examples).
_GUIDE = "https://docs.aws.amazon.com/ses/latest/DeveloperGuide/sending-email-suppression-list.html"
ON_ACCOUNT_LIST = (
    "Amazon SES did not send the message to this address because it is on the suppression list for your account. For more "
    f"information about removing addresses from the suppression list, see the Amazon SES Developer Guide at {_GUIDE}"
)
ON_TENANT_LIST = "Amazon SES did not send the message to this address because it is on the suppression list for your tenant."
ON_GLOBAL_LIST = (
    "Amazon SES has suppressed sending to this address because it has a recent history of bouncing as an invalid address "
    "(blacklisted address)."
)


def listed(reason: str, *, tenant: bool) -> tuple[Act, ...]:
    """The fate of a mail to an address on the suppression list: accepted, never sent.

    Listed for a bounce it bounces; listed for a complaint it is a complaint with a sub-type, as
    https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html describes that sub-type.
    """
    sub_type = "OnTenantSuppressionList" if tenant else "OnAccountSuppressionList"
    if reason == "COMPLAINT":
        return (Complained(0.2, None, None, sub_type),)
    text = ON_TENANT_LIST if tenant else ON_ACCOUNT_LIST
    return (Bounced(0.2, "Permanent", sub_type, "5.1.1", text, contacted=False),)


class Recipients:
    """All mailboxes of the world, from one seed."""

    def __init__(self, seed: int, profiles: Profiles) -> None:
        self._seed = seed
        self._profiles = profiles

    def play(self, address: str, visit: int) -> tuple[Act, ...]:
        """What becomes of the `visit`-th mail to the address, in order of time."""
        asked = simulated(address)
        if asked is not None:
            return _mailbox_simulator(asked)
        profile = self._profiles.of(domain(address))
        lower = address.lower()
        # Whether an address exists is settled once for all; what happens to a mail, by each mail.
        if Random(f"{self._seed}/{lower}").random() < profile.hard_bounce:  # noqa: S311 - a play, no secret
            return (_unknown_user(address, Random(f"{self._seed}/{lower}/{visit}")),)  # noqa: S311
        return _mailbox(address, profile, Random(f"{self._seed}/{lower}/{visit}"))  # noqa: S311


def _mailbox_simulator(asked: str) -> tuple[Act, ...]:
    match asked:
        case "success":
            return (Delivered(0.5),)
        case "ooto":
            return (Delivered(0.5), Bounced(0.8, "Transient", "General"))
        case "complaint":
            return (Delivered(0.5), Complained(0.9, "abuse", "Amazon SES Mailbox Simulator"))
        case "suppressionlist":
            # Not `Suppressed`: recorded so.
            return (Bounced(0.4, "Permanent", "General", "5.1.1", ON_GLOBAL_LIST, contacted=False),)
        case _:
            # `bounce`; other names are not documented, and whoever misspells one should see it.
            return (Bounced(1.2, "Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown"),)


def _unknown_user(address: str, dice: Random) -> Bounced:
    text = f"smtp; 550 5.1.1 <{address}>: Recipient address rejected: User unknown"
    # Most servers refuse at once, some take the mail and report later.
    after = dice.uniform(0.5, 5) if dice.random() < 0.9 else _spread(dice, MINUTE, 2 * HOUR)  # noqa: PLR2004
    return Bounced(after, "Permanent", "General", "5.1.1", text)


def _mailbox(address: str, profile: Profile, dice: Random) -> tuple[Act, ...]:
    if dice.random() < profile.soft_bounce:
        return _soft(address, dice)
    acts: list[Act] = []
    at = dice.uniform(0.3, 3)
    if dice.random() < profile.late:
        text = "smtp; 451 4.7.1 Greylisting in action, please come back later"
        acts.append(Delayed(dice.uniform(5, 15) * MINUTE, "TransientCommunicationFailure", "4.7.1", text))
        at = acts[0].after + dice.uniform(5, 60) * MINUTE
    acts.append(Delivered(at))
    if dice.random() < profile.out_of_office:
        acts.append(Bounced(at + dice.uniform(1, 30), "Transient", "General"))
    if dice.random() < profile.open:
        opened = at + _spread(dice, MINUTE, 24 * HOUR)
        acts.append(Opened(opened))
        if dice.random() < profile.click:
            acts.append(Clicked(opened + dice.uniform(2, 120), dice.random()))
    if dice.random() < profile.complaint:
        acts.append(Complained(at + _spread(dice, MINUTE, 24 * HOUR)))
    return tuple(sorted(acts, key=lambda act: act.after))


def _soft(address: str, dice: Random) -> tuple[Act, ...]:
    if dice.random() < 0.6:  # noqa: PLR2004 - more mailboxes are full than servers away
        text = f"smtp; 552 5.2.2 <{address}>: Mailbox size limit exceeded"
        return (Bounced(dice.uniform(0.5, 5), "Transient", "MailboxFull", "5.2.2", text),)
    host = domain(address)
    waiting = f"smtp; 421 4.4.0 Unable to lookup DNS for {host}"
    given_up = f"smtp; 550 4.4.7 Message expired: unable to deliver in 840 minutes.<421 4.4.0 Unable to lookup DNS for {host}>"
    return (
        Delayed(dice.uniform(5, 30) * MINUTE, "TransientCommunicationFailure", "4.4.0", waiting),
        Bounced(GIVES_UP, "Transient", "General", "4.4.7", given_up, contacted=False),
    )


def _spread(dice: Random, least: float, most: float) -> float:
    """Seconds, spread evenly over orders of magnitude."""
    share: float = dice.random()
    spread: float = least * (most / least) ** share
    return spread
