"""What SES tells EventBridge when a tenant is switched on or off, by AWS or by somebody with access to the account.

Best effort, and perhaps out of order: https://docs.aws.amazon.com/ses/latest/dg/tenants.html and
https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ses.html
"""

import re
from dataclasses import dataclass
from datetime import datetime

from ses_warden.domain.text import clean, mask_addresses

DETAIL_TYPES = ("Sending Status Enabled", "Sending Status Disabled")
_SCOPE = re.compile(r"arn:[^:]*:ses:[^:]*:[^:]*:(tenant|configuration-set)/([A-Za-z0-9_-]{1,64})(?:/.*)?")
# "REINSTATED" sends although AWS has open findings.
_SENDS = {"ENABLED": True, "REINSTATED": True, "DISABLED": False}
_LONGEST_CAUSE = 300


@dataclass(frozen=True, slots=True)
class SendingStatus:
    """A switch that was thrown. `by_aws`: by its reputation policies or its people; `at` None: unknown."""

    scope: str
    sends: bool
    by_aws: bool
    cause: str
    at: datetime | None

    @property
    def words(self) -> str:
        """The event as a reason."""
        who = "AWS" if self.by_aws else "somebody outside SES Warden"
        said = f"{who} switched sending {'on' if self.sends else 'off'}"
        return f"{said}: {self.cause}" if self.cause else said


def sending_status_of(event: object) -> SendingStatus | None:
    """The event, or None for all others and for one that names no tenant. Lenient: every field but these two may be missing."""
    fields = _object(event)
    kind = fields.get("detail-type")
    if fields.get("source") != "aws.ses" or not isinstance(kind, str) or not kind.startswith("Sending Status"):
        return None
    data = _object(_object(fields.get("detail")).get("data"))
    record = _object(data.get("record"))
    sends = _SENDS.get(str(record.get("status")).upper(), _SENDS.get(kind.rpartition(" ")[2].upper()))
    resources = fields.get("resources")
    named = (_SCOPE.fullmatch(one) for one in (resources if isinstance(resources, list) else ()) if isinstance(one, str))
    scope = next((f"{match[1]}/{match[2]}" for match in named if match), None)
    if sends is None or scope is None:
        return None
    cause = record.get("cause")
    words = mask_addresses(clean(cause, _LONGEST_CAUSE)) if isinstance(cause, str) else ""
    return SendingStatus(scope, sends, data.get("origin") == "AWS_MANAGED", words, _moment(fields.get("time")))


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None
