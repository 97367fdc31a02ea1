"""SES's domain identities: what SES says of one, and which there are.

SES takes one request a second of these: https://docs.aws.amazon.com/ses/latest/dg/quotas.html
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.failures import code_of
from ses_warden.domain.dns_answers import tidy
from ses_warden.domain.identities import EASY_DKIM_ZONE, Dkim, Identity, IdentityView, Silence, candidates
from ses_warden.errors import AuditError

PACE_SECONDS = 1.0
PAGE = 1000
# An account holds 10,000 identities: https://docs.aws.amazon.com/ses/latest/dg/quotas.html
_MOST_PAGES = 20
_DENIED = frozenset({"AccessDenied", "AccessDeniedException"})
_LENGTHS = {"RSA_1024_BIT": 1024, "RSA_2048_BIT": 2048}


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
        self._sleep = sleep
        self._monotonic = monotonic
        self._last: float | None = None

    def view(self, domain: str) -> IdentityView:
        """See the port: the domain's own identity, or else the nearest parent's, whose settings SES then uses."""
        region = str(self._client.meta.region_name)
        for name in candidates(domain):
            try:
                return IdentityView(region, _identity(name, self._paced(self._client.get_email_identity, EmailIdentity=name)))
            except ClientError as error:
                code = code_of(error)
                if code == "NotFoundException":
                    continue
                return IdentityView(region, silence=Silence.DENIED if code in _DENIED else Silence.NO_ANSWER, detail=code)
            except BotoCoreError as error:
                return IdentityView(region, silence=Silence.NO_ANSWER, detail=code_of(error))
        return IdentityView(region, silence=Silence.NO_IDENTITY)

    def domains(self) -> Mapping[str, bool]:
        """See the port: a thousand identities a call."""
        found: dict[str, bool] = {}
        page: dict[str, Any] = {}
        for _ in range(_MOST_PAGES):
            try:
                answer = self._paced(self._client.list_email_identities, PageSize=PAGE, **page)
            except (ClientError, BotoCoreError) as error:
                raise AuditError(
                    f"SES did not list the identities of the account: {code_of(error)}. Grant ses:ListEmailIdentities, or name "
                    "the domains (AuditDomains)"
                ) from error
            found |= {
                tidy(one["IdentityName"]): one.get("SendingEnabled") is True
                for one in answer.get("EmailIdentities", ())
                if one.get("IdentityType") != "EMAIL_ADDRESS"
            }
            if not answer.get("NextToken"):
                break
            page = {"NextToken": answer["NextToken"]}
        return dict(sorted(found.items()))

    def _paced(self, operation: Callable[..., Any], **request: Any) -> Any:
        if self._last is not None:
            wait = self._last + PACE_SECONDS - self._monotonic()
            if wait > 0:
                self._sleep(wait)
        self._last = self._monotonic()
        return operation(**request)


def _identity(name: str, answer: Any) -> Identity:
    dkim, mail_from = answer.get("DkimAttributes") or {}, answer.get("MailFromAttributes") or {}
    return Identity(
        name=name,
        verified=bool(answer.get("VerifiedForSendingStatus")),
        status=str(answer.get("VerificationStatus", "")),
        error=str((answer.get("VerificationInfo") or {}).get("ErrorType", "")),
        dkim=Dkim(
            signs=bool(dkim.get("SigningEnabled")),
            status=str(dkim.get("Status", "NOT_STARTED")),
            origin=str(dkim.get("SigningAttributesOrigin") or "AWS_SES"),
            tokens=tuple(map(str, dkim.get("Tokens") or ())),
            zone=tidy(str(dkim.get("SigningHostedZone") or EASY_DKIM_ZONE)),
            key_length=_LENGTHS.get(dkim.get("CurrentSigningKeyLength", "")),
        ),
        mail_from=tidy(str(mail_from["MailFromDomain"])) if mail_from.get("MailFromDomain") else None,
        mail_from_status=str(mail_from.get("MailFromDomainStatus", "")),
        rejects_without_mx=mail_from.get("BehaviorOnMxFailure") == "REJECT_MESSAGE",
    )
