"""Finds who answers a request: the simulator itself, or the emulator behind."""

from dataclasses import dataclass, field
from http import HTTPStatus

from ses_warden_simulator import wire
from ses_warden_simulator.account import Accounts
from ses_warden_simulator.backend import Backend
from ses_warden_simulator.errors import ApiError, Missing
from ses_warden_simulator.exchange import Answer, Request, answer, refusal
from ses_warden_simulator.post import Figures, Post
from ses_warden_simulator.profiles import Profiles
from ses_warden_simulator.recipients import Recipients
from ses_warden_simulator.schedule import Schedule
from ses_warden_simulator.sending import Sending
from ses_warden_simulator.suppression import SuppressionList
from ses_warden_simulator.switches import AccountSwitches, TenantSwitches


@dataclass(frozen=True)
class Options:
    """How the simulator behaves. `speed` divides delays; `seed` decides fates; `region` is that of unsigned requests."""

    seed: int = 0
    speed: float = 1.0
    profiles: Profiles = field(default_factory=Profiles)
    sandbox: bool = False
    region: str = "us-east-1"


class Service:
    """Answers requests; never raises."""

    def __init__(self, backend: Backend, options: Options) -> None:
        self.options = options
        self.schedule = Schedule(options.speed)
        self._backend = backend
        self._accounts = Accounts(sandbox=options.sandbox)
        self._figures = Figures()
        recipients = Recipients(options.seed, options.profiles)
        self._post = Post(backend, self._accounts, recipients, self.schedule, self._figures)
        self._sending = Sending(backend, self._accounts, self._post)
        self._account = AccountSwitches(self._accounts)
        self._tenants = TenantSwitches(backend, self._accounts)
        self._list = SuppressionList(backend, self._accounts)

    def handle(self, request: Request) -> Answer:
        """The answer, whatever was asked."""
        try:
            return self._route(request)
        except ApiError as error:
            return refusal(error)

    def _route(self, request: Request) -> Answer:  # noqa: C901, PLR0912 -- a table of routes
        match request.method, *request.parts:
            case "POST", "v2", "email", "outbound-emails":
                return self._sending.send(request)
            case "POST", "v2", "email", "outbound-bulk-emails":
                return self._sending.send_bulk(request)
            case "GET", "v2", "email", "account":
                return self._account.get(request)
            case "PUT", "v2", "email", "account", "sending":
                return self._account.put_sending(request)
            case "PUT", "v2", "email", "account", "suppression":
                return self._account.put_suppression(request)
            case "POST", "v2", "email", "account", "details":
                return self._account.put_details(request)
            case "POST", "v2", "email", "tenants", "get":
                return self._tenants.get_tenant(request)
            case "POST", "v2", "email", "reputation", "entities":
                return self._tenants.list_entities(request)
            case "GET", "v2", "email", "reputation", "entities", kind, reference:
                return self._tenants.get_entity(request, kind, reference)
            case "PUT", "v2", "email", "reputation", "entities", kind, reference, "customer-managed-status":
                return self._tenants.put_status(request, kind, reference)
            case "PUT", "v2", "email", "suppression", "addresses":
                return self._list.put(request)
            case "GET", "v2", "email", "suppression", "addresses":
                return self._list.list(request)
            case "GET", "v2", "email", "suppression", "addresses", address:
                return self._list.get(request, address)
            case "DELETE", "v2", "email", "suppression", "addresses", address:
                return self._list.delete(request, address)
            case _, "_simulator", *rest:
                return self._own(request, *rest)
            case _:
                return self._backend.forward(request)

    def _own(self, request: Request, *path: str) -> Answer:
        """What no SES has: looking on, and making time pass."""
        match request.method, *path:
            case "GET", "status":
                pass
            case "POST", "flush":
                self.schedule.flush()
            case "POST", "forget":
                self.schedule.forget()
            case "POST", "reset":
                self.schedule.forget()
                self._accounts.forget()
                self._figures.forget()
            case "PUT", "enforcement":
                self._accounts.of(request.caller).enforcement = wire.read(wire.Enforcement, request.body).enforcement_status
            case "PUT", "review":
                self._accounts.of(request.caller).reviewed(wire.read(wire.Review, request.body).status)
            case _:
                raise Missing("The simulator has no such page.")
        return answer({"pending": self.schedule.pending, **self._figures.counts})

    def unwell(self) -> Answer:
        """The answer when the simulator itself is at fault."""
        return refusal(ApiError("The simulator failed.", status=HTTPStatus.INTERNAL_SERVER_ERROR))
