"""Takes mail: whether it may be sent, and everything that becomes of it then."""

import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from http import HTTPStatus
from threading import Lock
from typing import Any

from ses_warden_simulator import events
from ses_warden_simulator.account import Account, Accounts, Suppressed
from ses_warden_simulator.addresses import simulated
from ses_warden_simulator.backend import Backend, PublishError
from ses_warden_simulator.errors import ApiError, BadRequest
from ses_warden_simulator.events import Event
from ses_warden_simulator.mail import Mail, now
from ses_warden_simulator.recipients import Act, Bounced, Clicked, Complained, Delayed, Delivered, Opened, Recipients, listed
from ses_warden_simulator.schedule import Schedule


@dataclass
class Figures:
    """What has happened so far."""

    counts: Counter[str] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def count(self, what: str) -> None:
        """One more."""
        with self._lock:
            self.counts[what] += 1

    def forget(self) -> None:
        """Begins again."""
        with self._lock:
            self.counts.clear()


class Post:
    """Carries accepted mail to its recipients, and their answers to the configuration set's topics."""

    def __init__(self, backend: Backend, accounts: Accounts, recipients: Recipients, schedule: Schedule, figures: Figures) -> None:
        self._backend = backend
        self._accounts = accounts
        self._recipients = recipients
        self._schedule = schedule
        self._figures = figures

    def carry(self, mail: Mail, reasons: tuple[str, ...]) -> None:
        """Takes the mail; `reasons` are those for which the suppression list is heeded."""
        self._room()
        account = self._accounts.of(mail.caller)
        counted = [address for address in mail.destination if simulated(address) is None]
        account.count_sent(len(counted), mail.at)
        self._figures.count("accepted")
        if mail.infected:
            self._later(0.1, mail, lambda _: events.reject(mail))
            return
        self._later(0.0, mail, lambda _: events.send(mail))
        for act, addresses in self._fates(account, mail, reasons).items():
            self._happen(account, mail, act, addresses)

    def fail(self, mail: Mail, template: str, message: str) -> None:
        """Takes the mail whose template cannot be filled in: SES says so in an event, not in its answer."""
        self._room()
        self._figures.count("accepted")
        self._later(0.1, mail, lambda _: events.rendering_failure(mail, template, message))

    def _room(self) -> None:
        if self._schedule.full:
            raise ApiError("Maximum sending rate exceeded.", "TooManyRequestsException", HTTPStatus.TOO_MANY_REQUESTS)

    def _fates(self, account: Account, mail: Mail, reasons: tuple[str, ...]) -> Mapping[Act, Sequence[str]]:
        """What happens, and to whom: recipients of one fate share a notification, as with SES's mailbox simulator."""
        fates: dict[Act, list[str]] = {}
        for address in mail.destination:
            for act in self._fate(account, mail, address, reasons):
                fates.setdefault(act, []).append(address)
        return fates

    def _fate(self, account: Account, mail: Mail, address: str, reasons: tuple[str, ...]) -> Sequence[Act]:
        if mail.tenant and (entry := account.blocks(mail.tenant, address, reasons)):
            return listed(entry.reason, tenant=True)
        if entry := account.blocks(None, address, reasons):
            return listed(entry.reason, tenant=False)
        return self._recipients.play(address, account.visit(address.lower()))

    def _happen(self, account: Account, mail: Mail, act: Act, addresses: Sequence[str]) -> None:
        match act:
            case Delivered():
                self._later(act.after, mail, lambda at: events.delivery(mail, addresses, at))
            case Delayed():
                self._later(act.after, mail, lambda at: events.delivery_delay(mail, addresses, act, at))
            case Bounced():
                self._later(act.after, mail, lambda at: self._bounce(account, mail, act, addresses, at))
            case Complained():
                self._later(act.after, mail, lambda at: self._complaint(account, mail, act, addresses, at))
            case Opened() if mail.links is not None and mail.opens_tracked:
                self._later(act.after, mail, lambda at: events.opened(mail, at))
            case Clicked() if mail.links and mail.clicks_tracked:
                link = mail.links[int(act.choice * len(mail.links))]
                self._later(act.after, mail, lambda at: events.clicked(mail, link, at))

    def _bounce(self, account: Account, mail: Mail, act: Bounced, addresses: Sequence[str], at: datetime) -> Event:
        event = events.bounce(mail, addresses, act, at)
        if act.type == "Permanent" and act.contacted:
            self._list(account, addresses, Suppressed("", "BOUNCE", at, mail.message_id, event["bounce"]["feedbackId"]))
        return event

    def _complaint(self, account: Account, mail: Mail, act: Complained, addresses: Sequence[str], at: datetime) -> Event:
        event = events.complaint(mail, addresses, act, at)
        if act.sub_type is None:
            self._list(account, addresses, Suppressed("", "COMPLAINT", at, mail.message_id, event["complaint"]["feedbackId"]))
        return event

    def _list(self, account: Account, addresses: Sequence[str], entry: Suppressed) -> None:
        """SES puts who bounced hard or complained on the account's list; never the mailbox simulator."""
        if entry.reason not in account.suppressed_reasons:
            return
        for address in addresses:
            if simulated(address) is None:
                try:
                    account.suppress(None, replace(entry, address=address))
                except BadRequest:
                    self._figures.count("not listed")

    def _later(self, seconds: float, mail: Mail, happens: Callable[[datetime], Event]) -> None:
        self._schedule.after(seconds, lambda: self._publish(mail, happens(now())))

    def _publish(self, mail: Mail, event: Event) -> None:
        kind = str(event["eventType"])
        self._figures.count(kind)
        if mail.configuration_set is None:
            return
        try:
            for topic in self._topics(mail, events.MATCHING[kind]):
                self._backend.publish(mail.caller, topic, event)
                self._figures.count("published")
        except (PublishError, ApiError) as error:
            self._figures.count("unpublished")
            sys.stderr.write(f"A {kind} event was not published: {error}\n")

    def _topics(self, mail: Mail, kind: str) -> list[str]:
        """The configuration set's topics for this type of event, as they are now."""
        found = self._backend.read(mail.caller, "configuration-sets", str(mail.configuration_set), "event-destinations") or {}
        destinations: list[dict[str, Any]] = found.get("EventDestinations") or []
        return [
            str(destination["SnsDestination"]["TopicArn"])
            for destination in destinations
            if destination.get("Enabled")
            and kind in destination.get("MatchingEventTypes", ())
            and (destination.get("SnsDestination") or {}).get("TopicArn")
        ]
