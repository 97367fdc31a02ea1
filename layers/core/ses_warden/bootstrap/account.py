"""The commands about the account. They work before anything is deployed: of a stack, only its SuppressionAuthority is asked."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from ses_warden.adapters.account import SesAccount
from ses_warden.adapters.cloudwatch import CloudWatchSends
from ses_warden.application.look_at_account import AccountLook, look_at_account, refuse_needless
from ses_warden.bootstrap.connection import Connection
from ses_warden.domain.account import Account
from ses_warden.domain.authority import AUTHORITIES, Authority
from ses_warden.domain.production import AccessRequest
from ses_warden.domain.quota_use import STEP
from ses_warden.errors import AccountError, SettingsError


class AccountDesk:
    """What an operator can see of the account, and ask of AWS for it. Its methods raise `WardenError`."""

    def __init__(self, connection: Connection, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Looks for the stack; that there is none is no fault."""
        self._connection = connection
        self._clock = clock
        self._environment, self.no_stack = _environment(connection)

    @property
    def region(self) -> str:
        """The Region whose account this is."""
        return str(self._client.meta.region_name)

    def look(self) -> AccountLook:
        """See `look_at_account`."""
        metric = CloudWatchSends(self._connection.client("cloudwatch"), STEP)
        chosen = self._environment.get("SUPPRESSION_AUTHORITY")
        authority: Authority | None = next((one for one in AUTHORITIES if one == chosen), None)
        return look_at_account(self._ses, metric, self._clock(), place_of(self.region), authority)

    def before_request(self) -> Account:
        """The account, which may ask for production access; see `refuse_needless`."""
        account = self._ses.read()
        refuse_needless(account)
        return account

    def request_production(self, request: AccessRequest) -> Account | None:
        """Asks for it; what SES made of it, or None where it does not tell: the request is filed all the same."""
        self._ses.request_production(request)
        try:
            return self._ses.read()
        except AccountError:
            return None

    @cached_property
    def _client(self) -> Any:
        return self._connection.ses(self._environment)

    @cached_property
    def _ses(self) -> SesAccount:
        return SesAccount(self._client)


def place_of(region: str) -> str:
    """What findings call the account: each Region has one."""
    return f"account in {region}"


def _environment(connection: Connection) -> tuple[dict[str, str], str | None]:
    """The settings of the guard, which knows where SES is; none, and why, where there is no stack that could be asked."""
    try:
        return dict(connection.environment("GuardFunction")), None
    except SettingsError as error:
        return {}, str(error)
