"""SES's API version 2 about the account."""

import math
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ses_warden.adapters.failures import DENIED, code_of
from ses_warden.domain.account import UNLIMITED, Account, Details, Quota, Review
from ses_warden.domain.production import AccessRequest
from ses_warden.domain.text import clean
from ses_warden.errors import AccountError, NothingToDo

_LONGEST_WORD = 100
_LONGEST_TEXT = 5000
_MOST_LISTED = 20


class SesAccount:
    """The `AccountDesk` port; `client` is boto3's of `sesv2`."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def read(self) -> Account:
        """See the port."""
        try:
            answer = self._client.get_account()
        except ClientError as error:
            raise _failure(error, "ses:GetAccount", "SES does not tell of the account") from error
        except BotoCoreError as error:
            raise AccountError(f"SES did not answer about the account: {code_of(error)}") from error
        except (AttributeError, TypeError, ValueError) as error:
            # botocore does not expect a list, say, where its model has a structure, as an emulator may have it.
            raise AccountError("SES answered about the account in a form that its API does not have") from error
        return account_from(answer)

    def request_production(self, request: AccessRequest) -> None:
        """See the port."""
        asked: dict[str, Any] = {
            "MailType": request.mail_type.value,
            "WebsiteURL": request.website,
            "UseCaseDescription": request.use_case,
            "ProductionAccessEnabled": True,
        }
        if request.language:
            asked["ContactLanguage"] = request.language.value
        if request.contacts:
            asked["AdditionalContactEmailAddresses"] = list(request.contacts)
        try:
            self._client.put_account_details(**asked)
        except ClientError as error:
            # "If there is already an ongoing account details update under review."
            # https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_PutAccountDetails.html
            if code_of(error) == "ConflictException":
                raise NothingToDo(
                    "SES refused: a change of the account's details is under review already, perhaps this very request, if its "
                    "answer was lost. `ses-warden account` shows the review"
                ) from error
            raise _failure(error, "ses:PutAccountDetails", "SES did not take the account's details") from error
        except BotoCoreError as error:
            raise AccountError(
                f"SES did not answer: {code_of(error)}. It may have taken the request; `ses-warden account` shows it"
            ) from error


def _failure(error: ClientError, right: str, what: str) -> AccountError:
    # The message may repeat what was sent: only the code is passed on.
    code = code_of(error)
    return AccountError(f"{what}: {code}" + (f"; the right {right} is missing" if code in DENIED else ""))


def account_from(answer: Mapping[str, Any]) -> Account:
    """The answer of GetAccount; what it lacks or holds in another shape is None."""
    suppression, vdm = answer.get("SuppressionAttributes"), _map(answer, "VdmAttributes")
    suppression = suppression if isinstance(suppression, Mapping) else None
    plan, details = _map(answer, "PricingAttributes"), answer.get("Details")
    condition = _map(_map(suppression or {}, "ValidationAttributes"), "ConditionThreshold")
    return Account(
        production=_flag(answer, "ProductionAccessEnabled"),
        enforcement=_word(answer, "EnforcementStatus"),
        sending=_flag(answer, "SendingEnabled"),
        quota=_quota(_map(answer, "SendQuota")),
        # Settings without reasons suppress for none, as doctor takes it; an answer without settings says nothing.
        suppressed_reasons=_words(suppression, "SuppressedReasons") if suppression is not None else None,
        validation=_word(condition, "ConditionThresholdEnabled"),
        vdm=_word(vdm, "VdmEnabled"),
        vdm_engagement=_word(_map(vdm, "DashboardAttributes"), "EngagementMetrics"),
        vdm_shared_delivery=_word(_map(vdm, "GuardianAttributes"), "OptimizedSharedDelivery"),
        ip_warmup=_flag(answer, "DedicatedIpAutoWarmupEnabled"),
        plan=_word(plan, "CurrentPlan"),
        next_plan=_word(plan, "NextPlan"),
        details=_details(details) if isinstance(details, Mapping) else None,
        review=_review(_map(_map(answer, "Details"), "ReviewDetails")),
    )


def _quota(answer: Mapping[str, Any]) -> Quota:
    day, second, sent = (_number(answer, name) for name in ("Max24HourSend", "MaxSendRate", "SentLast24Hours"))
    return Quota(day if day == UNLIMITED else _count(day), _count(second), _count(sent))


def _count(number: float | None) -> float | None:
    return number if number is not None and number >= 0 else None


def _details(answer: Mapping[str, Any]) -> Details:
    return Details(
        mail_type=_word(answer, "MailType"),
        website=_word(answer, "WebsiteURL", 1000),
        language=_word(answer, "ContactLanguage"),
        use_case=_text(answer, "UseCaseDescription"),
        contacts=_words(answer, "AdditionalContactEmailAddresses"),
    )


def _review(answer: Mapping[str, Any]) -> Review | None:
    status = _word(answer, "Status")
    return Review(status, _word(answer, "CaseId")) if status else None


def _map(answer: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = answer.get(name)
    return value if isinstance(value, Mapping) else {}


def _flag(answer: Mapping[str, Any], name: str) -> bool | None:
    value = answer.get(name)
    return value if isinstance(value, bool) else None


def _number(answer: Mapping[str, Any], name: str) -> float | None:
    value = answer.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _word(answer: Mapping[str, Any], name: str, limit: int = _LONGEST_WORD) -> str | None:
    value = answer.get(name)
    return (clean(value, limit) or None) if isinstance(value, str) else None


def _text(answer: Mapping[str, Any], name: str) -> str | None:
    """A text of several lines."""
    value = answer.get(name)
    if not isinstance(value, str):
        return None
    return "\n".join(clean(line, _LONGEST_TEXT) for line in value[:_LONGEST_TEXT].splitlines()).strip() or None


def _words(answer: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = answer.get(name)
    listed = value if isinstance(value, list) else []
    return tuple(clean(one, 320) for one in listed[:_MOST_LISTED] if isinstance(one, str))
