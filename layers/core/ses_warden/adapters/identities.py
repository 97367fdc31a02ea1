"""What SES says of an identity; and its domain identities for the audit."""

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.failures import DENIED, code_of
from ses_warden.adapters.ses_pace import Pace, listed
from ses_warden.domain.dns_answers import tidy
from ses_warden.domain.identities import EASY_DKIM_ZONE, Dkim, Identity, IdentityView, MailFrom, Silence, candidates
from ses_warden.errors import AuditError


class SesIdentities:
    """The `Identities` port on SES's API, version 2; `client` is boto3's of `sesv2`."""

    def __init__(
        self,
        client: Any,
        *,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._pace = Pace(sleep, monotonic)

    def view(self, domain: str) -> IdentityView:
        """See the port: the domain's own identity, or else the nearest parent's, whose settings SES then uses."""
        region = str(self._client.meta.region_name)
        for name in candidates(domain):
            try:
                return IdentityView(region, identity_from(name, self._pace(self._client.get_email_identity, EmailIdentity=name)))
            except ClientError as error:
                code = code_of(error)
                if code == "NotFoundException":
                    continue
                return IdentityView(region, silence=Silence.DENIED if code in DENIED else Silence.NO_ANSWER, detail=code)
            except BotoCoreError as error:
                return IdentityView(region, silence=Silence.NO_ANSWER, detail=code_of(error))
        return IdentityView(region, silence=Silence.NO_IDENTITY)

    def domains(self) -> Mapping[str, bool]:
        """See the port: a thousand identities a call."""
        found: dict[str, bool] = {}
        try:
            for one in listed(partial(self._pace, self._client.list_email_identities)):
                if one.get("IdentityType") != "EMAIL_ADDRESS":
                    found[tidy(one["IdentityName"])] = one.get("SendingEnabled") is True
        except (ClientError, BotoCoreError) as error:
            raise AuditError(
                f"SES did not list the identities of the account: {code_of(error)}. Grant ses:ListEmailIdentities, or name "
                "the domains (AuditDomains)"
            ) from error
        return dict(sorted(found.items()))


def identity_from(name: str, answer: Mapping[str, Any]) -> Identity:
    """The answer of GetEmailIdentity."""
    dkim, mail_from = answer.get("DkimAttributes") or {}, answer.get("MailFromAttributes") or {}
    # SES gives the behaviour without a domain where there is none.
    domain = mail_from.get("MailFromDomain")
    return Identity(
        name=name,
        is_domain=answer.get("IdentityType") != "EMAIL_ADDRESS",
        verified=answer.get("VerifiedForSendingStatus") is True,
        status=str(answer.get("VerificationStatus") or "unknown"),
        error=str((answer.get("VerificationInfo") or {}).get("ErrorType", "")),
        dkim=Dkim(
            signs=dkim.get("SigningEnabled") is True,
            status=str(dkim.get("Status", "NOT_STARTED")),
            key=str(dkim.get("CurrentSigningKeyLength", "")),
            origin=str(dkim.get("SigningAttributesOrigin") or "AWS_SES"),
            tokens=tuple(map(str, dkim.get("Tokens") or ())),
            zone=tidy(str(dkim.get("SigningHostedZone") or EASY_DKIM_ZONE)),
        ),
        mail_from=MailFrom(
            tidy(str(domain)),
            str(mail_from.get("MailFromDomainStatus") or "unknown"),
            mail_from.get("BehaviorOnMxFailure") == "REJECT_MESSAGE",
        )
        if domain
        else None,
        configuration_set=str(answer.get("ConfigurationSetName") or ""),
        forwards=answer.get("FeedbackForwardingStatus") is not False,
    )
