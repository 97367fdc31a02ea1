"""SES's identities, their topics, and the switches of Virtual Deliverability Manager; all of it is only read.

The topics are told by version 1 of the API alone, for up to 100 identities a call:
https://docs.aws.amazon.com/ses/latest/APIReference/API_GetIdentityNotificationAttributes.html
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import batched
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.failures import DENIED, code_of
from ses_warden.adapters.identities import identity_from
from ses_warden.adapters.ses_pace import Pace, listed
from ses_warden.application.look_at_identities import Listed
from ses_warden.domain.identities import Identity
from ses_warden.domain.sending_identities import Topics
from ses_warden.domain.vdm import SetVdm, Vdm
from ses_warden.errors import IdentityError, NoIdentity, RightMissing

MOST_TOPICS = 100
_FEEDBACK = {"BOUNCE", "COMPLAINT"}
_GONE = ("NotFoundException",)


class SesIdentities:
    """The port `Identities` on both versions of SES's API: `v2` is boto3's client of `sesv2`, `v1` that of `ses`."""

    def __init__(
        self,
        v2: Any,
        v1: Callable[[], Any],
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._v2 = v2
        self._v1 = v1
        self._pace = Pace(sleep, monotonic)

    def listed(self) -> Iterator[Listed]:
        """See the port."""
        ask = partial(self._ask, "ses:ListEmailIdentities", self._v2.list_email_identities)
        for one in listed(ask):
            yield Listed(one["IdentityName"], one.get("IdentityType") != "EMAIL_ADDRESS")

    def identity(self, name: str) -> Identity:
        """See the port."""
        return identity_from(name, self._ask("ses:GetEmailIdentity", self._v2.get_email_identity, EmailIdentity=name))

    def topics(self, names: Sequence[str]) -> Mapping[str, Topics]:
        """See the port."""
        found: dict[str, Topics] = {}
        for some in batched(names, MOST_TOPICS, strict=False):
            ask = self._v1().get_identity_notification_attributes
            answer = self._ask("ses:GetIdentityNotificationAttributes", ask, Identities=list(some))
            for name, own in answer.get("NotificationAttributes", {}).items():
                found[name] = Topics(*(own.get(f"{kind}Topic") or "" for kind in ("Bounce", "Complaint", "Delivery")))
        return found

    def feedback_topics(self, configuration_set: str) -> frozenset[str]:
        """See the port."""
        ask = self._v2.get_configuration_set_event_destinations
        answer = self._ask("ses:GetConfigurationSetEventDestinations", ask, ConfigurationSetName=configuration_set)
        heard: dict[str, set[str]] = {}
        for one in answer.get("EventDestinations", ()):
            topic = one.get("SnsDestination", {}).get("TopicArn")
            if topic and one.get("Enabled"):
                heard.setdefault(topic, set()).update(one.get("MatchingEventTypes", ()))
        return frozenset(topic for topic, types in heard.items() if types >= _FEEDBACK)

    def vdm(self) -> Vdm:
        """See the port."""
        answer = self._ask("ses:GetAccount", self._v2.get_account)
        own = answer.get("VdmAttributes", {})
        return Vdm(
            own.get("VdmEnabled") == "ENABLED",
            _switch(own.get("DashboardAttributes", {}).get("EngagementMetrics")),
            _switch(own.get("GuardianAttributes", {}).get("OptimizedSharedDelivery")),
            answer.get("PricingAttributes", {}).get("CurrentPlan", ""),
        )

    def set_vdm(self, configuration_set: str) -> SetVdm:
        """See the port."""
        ask = self._v2.get_configuration_set
        own = self._ask("ses:GetConfigurationSet", ask, ConfigurationSetName=configuration_set).get("VdmOptions", {})
        return SetVdm(
            configuration_set,
            _switch(own.get("DashboardOptions", {}).get("EngagementMetrics")),
            _switch(own.get("GuardianOptions", {}).get("OptimizedSharedDelivery")),
        )

    def _ask(self, right: str, operation: Callable[..., Any], **request: Any) -> Any:
        return answer_of(right, partial(self._pace, operation), **request)


def answer_of(right: str, operation: Callable[..., Any], **request: Any) -> Any:
    """SES's answer to a request that needs a right. Raises `IdentityError`."""
    action = right.partition(":")[2]
    try:
        return operation(**request)
    except ClientError as error:
        # Messages may repeat addresses: only the code is passed on.
        code = code_of(error)
        if code in DENIED:
            raise RightMissing(f"You may not ask SES about this: the right {right} is missing") from error
        if code in _GONE:
            raise NoIdentity(f"SES has no such thing in this Region ({action})") from error
        raise IdentityError(f"SES refused to answer {action}: {code}") from error
    except BotoCoreError as error:
        raise IdentityError(f"SES did not answer {action}: {code_of(error)}") from error


def _switch(word: str | None) -> bool | None:
    return None if word is None else word == "ENABLED"
