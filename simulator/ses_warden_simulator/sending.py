"""SendEmail and SendBulkEmail."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from ses_warden_simulator import mail as mails
from ses_warden_simulator import templates, wire
from ses_warden_simulator.account import Account, Accounts
from ses_warden_simulator.addresses import bare, domain, masked, simulated
from ses_warden_simulator.backend import Backend
from ses_warden_simulator.errors import ApiError, BadRequest, Missing, Paused, Rejected
from ses_warden_simulator.exchange import Answer, Caller, Request, answer
from ses_warden_simulator.mail import Composed, Mail, Text
from ses_warden_simulator.post import Post

# https://docs.aws.amazon.com/ses/latest/dg/quotas.html
MOST_RECIPIENTS = 50
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")

# How a refusal of the whole request would be told of one mail of many.
_STATUS = {
    "MessageRejected": "MESSAGE_REJECTED",
    "BadRequestException": "INVALID_PARAMETER",
    "NotFoundException": "FAILED",
    "TooManyRequestsException": "ACCOUNT_THROTTLED",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """A mail that is asked for: by whom, with what, to whom."""

    caller: Caller
    body: wire.Common
    to: wire.Destination
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Filled:
    """A template, what stands in it, and the values for it (JSON)."""

    template: wire.Template
    name: str
    content: wire.TemplateContent
    data: str


class Sending:
    """Decides whether a mail may be sent, and has it carried."""

    def __init__(self, backend: Backend, accounts: Accounts, post: Post) -> None:
        self._backend = backend
        self._accounts = accounts
        self._post = post

    def send(self, request: Request) -> Answer:
        """POST /v2/email/outbound-emails"""
        body = wire.read(wire.SendEmail, request.body)
        return answer({"MessageId": self._send(request.caller, body)})

    def send_bulk(self, request: Request) -> Answer:
        """POST /v2/email/outbound-bulk-emails: what concerns all of them refuses the request, what concerns one its entry."""
        body = wire.read(wire.SendBulkEmail, request.body)
        self._may_send(request.caller, self._accounts.of(request.caller), body.configuration_set_name, body.tenant_name)
        template = body.default_content.template
        name, content = templates.find(self._backend, request.caller, template)
        return answer(
            {
                "BulkEmailEntryResults": [
                    self._entry(request.caller, body, entry, name, content) for entry in body.bulk_email_entries
                ]
            }
        )

    def _send(self, caller: Caller, body: wire.SendEmail) -> str:
        content = [part for part in (body.content.simple, body.content.raw, body.content.template) if part is not None]
        if len(content) != 1:
            raise BadRequest("Content: exactly one of Simple, Raw and Template is required")
        tags = mails.checked_tags((pair.name, pair.value) for pair in body.email_tags)
        match content[0]:
            case wire.Raw() as raw:
                return self._raw(caller, body, raw, tags)
            case wire.Simple() as simple:
                return self._simple(caller, body, simple, tags)
            case template:
                name, found = templates.find(self._backend, caller, template)
                filled = Filled(template, name, found, template.template_data)
                return self._templated(Draft(caller, body, body.destination, tags), filled, "SendTemplatedEmail")

    def _simple(self, caller: Caller, body: wire.SendEmail, simple: wire.Simple, tags: Mapping[str, str]) -> str:
        text, html = simple.body.text, simple.body.html
        if text is None and html is None:
            raise BadRequest("Content.Simple.Body: one of Text and Html is required")
        parts = text.data if text else None, html.data if html else None
        said = Text(simple.subject.data, *parts, simple.headers, simple.attachments)
        composed = mails.compose("SendEmail", body, body.destination, said)
        return self._accept(Draft(caller, body, body.destination, tags), composed)

    def _raw(self, caller: Caller, body: wire.SendEmail, raw: wire.Raw, tags: Mapping[str, str]) -> str:
        parsed = mails.parse(raw.data)
        named = wire.Common(
            from_email_address=body.from_email_address or parsed.sender,
            configuration_set_name=_name(body.configuration_set_name or parsed.configuration_set),
            tenant_name=_name(body.tenant_name or parsed.tenant),
            configuration_overrides=body.configuration_overrides,
        )
        to = body.destination if _everybody(body.destination) else wire.Destination(to_addresses=parsed.recipients)
        # The tags of the request replace those of the header:
        # https://docs.aws.amazon.com/ses/latest/dg/event-publishing-send-email.html
        return self._accept(Draft(caller, named, to, tags or parsed.tags), parsed.composed)

    def _entry(
        self, caller: Caller, body: wire.SendBulkEmail, entry: wire.BulkEntry, name: str, found: wire.TemplateContent
    ) -> dict[str, Any]:
        template = body.default_content.template
        own = template.model_copy(update={"headers": entry.replacement_headers or template.headers})
        replacement = entry.replacement_email_content.replacement_template.replacement_template_data
        try:
            pairs = (*body.default_email_tags, *entry.replacement_tags)
            tags = mails.checked_tags((pair.name, pair.value) for pair in pairs)
            filled = Filled(own, name, found, replacement or template.template_data)
            made = self._templated(Draft(caller, body, entry.destination, tags), filled, "SendBulkTemplatedEmail")
        except ApiError as error:
            return {"Status": _STATUS.get(error.code, "FAILED"), "Error": error.message}
        return {"Status": "SUCCESS", "MessageId": made}

    def _templated(self, draft: Draft, filled: Filled, operation: str) -> str:
        try:
            said = templates.render(filled.content, filled.data)
        except templates.RenderingError as error:
            mail, _ = self._checked(draft, Composed(operation, ()))
            self._post.fail(mail, filled.name, str(error))
            return mail.message_id
        template = filled.template
        text = Text(said.subject, said.text or None, said.html or None, template.headers, template.attachments)
        return self._accept(draft, mails.compose(operation, draft.body, draft.to, text))

    def _accept(self, draft: Draft, composed: Composed) -> str:
        mail, reasons = self._checked(draft, composed)
        self._post.carry(mail, reasons)
        return mail.message_id

    def _checked(self, draft: Draft, composed: Composed) -> tuple[Mail, tuple[str, ...]]:
        """The mail, if it may be sent, and the reasons for which the suppression list is heeded."""
        caller, body = draft.caller, draft.body
        sender = body.from_email_address
        if not sender:
            raise BadRequest("The mail has no sender: FromEmailAddress is required")
        bare(sender)
        addresses = tuple(bare(recipient) for recipient in _everybody(draft.to))
        if not addresses:
            raise BadRequest("The mail has no recipient")
        if len(addresses) > MOST_RECIPIENTS:
            raise BadRequest(f"Recipient count exceeds {MOST_RECIPIENTS}")
        account = self._accounts.of(caller)
        reasons = self._may_send(caller, account, body.configuration_set_name, body.tenant_name)
        if not account.production:
            self._sandboxed(caller, sender, addresses)
        at, headers = mails.now(), mails.cut(composed.headers)
        tracking = body.configuration_overrides.tracking
        mail = Mail(
            caller=caller,
            at=at,
            message_id=mails.new_id(at, caller.region),
            source=sender,
            destination=addresses,
            operation=composed.operation,
            headers=headers,
            headers_truncated=len(headers) < len(composed.headers),
            tags=draft.tags,
            configuration_set=body.configuration_set_name,
            tenant=body.tenant_name,
            links=mails.links_of(composed.html),
            infected=composed.infected,
            opens_tracked=tracking.open_tracking_enabled == "ENABLED",
            clicks_tracked=tracking.click_tracking_enabled == "ENABLED",
        )
        return mail, reasons

    def _may_send(self, caller: Caller, account: Account, configuration_set: str | None, tenant: str | None) -> tuple[str, ...]:
        """The switches, widest first; raises what SES does."""
        if account.enforcement == "SHUTDOWN":
            raise ApiError("Your account's ability to send email was suspended.", "AccountSuspendedException")
        if not account.sending:
            raise Paused(f"Sending is paused for the account {caller.account}.")
        reasons = account.suppressed_reasons
        if configuration_set is not None:
            found = self._backend.read(caller, "configuration-sets", configuration_set)
            if found is None:
                raise Missing(f"Configuration set <{configuration_set}> does not exist.")
            if not found.get("SendingOptions", {}).get("SendingEnabled", True):
                raise Paused(f"Sending is paused for the configuration set {configuration_set}.")
            reasons = tuple(found.get("SuppressionOptions", {}).get("SuppressedReasons", reasons))
        if tenant is not None:
            self._tenant_may_send(caller, account, tenant)
        return reasons

    def _tenant_may_send(self, caller: Caller, account: Account, tenant: str) -> None:
        found = self._backend.read(caller, "tenants", "get", question={"TenantName": tenant})
        if found is None:
            raise Missing(f"The requested tenant <{tenant}> does not exist.")
        # AWS does not say what a paused tenant's sender gets: the same as everybody else, it is assumed.
        if account.tenant_status(str(found["Tenant"]["TenantArn"])) == "DISABLED":
            raise Paused(f"Sending is paused for the tenant {tenant}.")

    def _sandboxed(self, caller: Caller, sender: str, recipients: Sequence[str]) -> None:
        """In the sandbox both ends must be verified, or be the mailbox simulator.

        https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html
        """
        ends = (bare(sender), *(address for address in recipients if simulated(address) is None))
        if failed := [address for address in ends if not self._verified(caller, address)]:
            _unverified(caller, failed)

    def _verified(self, caller: Caller, address: str) -> bool:
        identities = (address, domain(address))
        found = (self._backend.read(caller, "identities", identity) for identity in identities)
        return any(identity is not None and identity.get("VerifiedForSendingStatus") for identity in found)


def _unverified(caller: Caller, addresses: Sequence[str]) -> NoReturn:
    listed = ", ".join(masked(address) for address in addresses)
    region = caller.region.upper()
    raise Rejected(f"Email address is not verified. The following identities failed the check in region {region}: {listed}")


def _name(text: str | None) -> str | None:
    if text is not None and not _NAME.fullmatch(text):
        raise BadRequest("A configuration set's or tenant's name holds letters of ASCII, digits, '_' and '-' only")
    return text


def _everybody(destination: wire.Destination) -> tuple[str, ...]:
    return (*destination.to_addresses, *destination.cc_addresses, *destination.bcc_addresses)
