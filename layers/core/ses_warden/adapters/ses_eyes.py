"""What SES says of configuration sets, destinations, the account and identities.

SES takes one request a second of all of these: https://docs.aws.amazon.com/ses/latest/dg/quotas.html
"""

import time
from collections.abc import Callable
from typing import Any

from ses_warden.adapters.looking import look, look_at
from ses_warden.adapters.ses_pace import Pace
from ses_warden.domain.health import Account, ConfigurationSet, Destination, Identities, Identity
from ses_warden.errors import Unseen

_PAGE = 1000


class SesHealth:
    """The `SesEyes` port; `client` is boto3's of `sesv2`. The account is asked once."""

    def __init__(
        self,
        client: Any,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._paced = Pace(sleep, monotonic)
        self._account: Account | None = None

    def configuration_set(self, name: str) -> ConfigurationSet | None:
        """See the port."""
        answer = self._paced(look, "ses:GetConfigurationSet", self._client.get_configuration_set, ConfigurationSetName=name)
        if answer is None:
            return None
        # Absent means that sending is on, as for each new set.
        sends = bool(answer.get("SendingOptions", {}).get("SendingEnabled", True))
        reasons = answer.get("SuppressionOptions", {}).get("SuppressedReasons")
        return ConfigurationSet(sends, None if reasons is None else frozenset(reasons))

    def destinations(self, name: str) -> list[Destination]:
        """See the port."""
        right = "ses:GetConfigurationSetEventDestinations"
        answer = self._paced(look_at, right, self._client.get_configuration_set_event_destinations, ConfigurationSetName=name)
        return [
            Destination(
                one["Name"],
                bool(one.get("Enabled", False)),
                frozenset(one["MatchingEventTypes"]),
                one.get("SnsDestination", {}).get("TopicArn", ""),
            )
            for one in answer.get("EventDestinations", ())
        ]

    def account(self) -> Account:
        """See the port."""
        if self._account is None:
            answer = self._paced(look_at, "ses:GetAccount", self._client.get_account)
            self._account = Account(
                sends=bool(answer.get("SendingEnabled", True)),
                production=bool(answer.get("ProductionAccessEnabled", True)),
                enforcement=str(answer.get("EnforcementStatus", "")),
                suppressed=frozenset(answer.get("SuppressionAttributes", {}).get("SuppressedReasons", ())),
            )
        return self._account

    def identities(self, most: int, progress: Callable[[int], None]) -> Identities:
        """See the port. Only the first page of 1,000 is counted; what comes after it is at least one more."""
        answer = self._paced(look_at, "ses:ListEmailIdentities", self._client.list_email_identities, PageSize=_PAGE)
        listed = [one["IdentityName"] for one in answer.get("EmailIdentities", ()) if one.get("SendingEnabled")]
        further = 1 if answer.get("NextToken") else 0
        seen: list[Identity] = []
        for name in listed[:most]:
            try:
                one = self._paced(look, "ses:GetEmailIdentity", self._client.get_email_identity, EmailIdentity=name)
            except Unseen as error:
                why = f"Could not be seen ({error})." + (f" Whoever asks needs the right {error.right}." if error.right else "")
                return Identities(seen, len(listed) - len(seen) + further, why)
            if one is not None:  # it may be gone since
                seen.append(Identity(name, str(one.get("ConfigurationSetName") or "")))
            progress(len(seen))
        return Identities(seen, len(listed[most:]) + further)
