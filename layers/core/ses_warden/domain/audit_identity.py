"""What the audit says about SES's own view of a domain: verification, DKIM, and the MAIL FROM domain."""

from collections.abc import Iterator

from ses_warden.domain.findings import Finding, Standing
from ses_warden.domain.identities import Identity, IdentityView, Silence

VERIFYING = "https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html"
EASY_DKIM = "https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim-easy.html"
DKIM = "https://docs.aws.amazon.com/ses/latest/dg/send-email-authentication-dkim.html"
MAIL_FROM = "https://docs.aws.amazon.com/ses/latest/dg/mail-from.html"
_BITS = 2048
# SES looks for the records again and again, and gives up after that: both pages above.
_LONGER_KEY = "Set NextSigningKeyLength to RSA_2048_BIT (put-email-identity-dkim-signing-attributes); no DNS record changes."
# A replica that is given a key of its own stops to be one, and its DNS records no longer fit.
_LONGER_KEY_OF_PARENT = "Ask for RSA_2048_BIT in the Region of the identity that this one replicates (Deterministic Easy DKIM)."
_PATIENCE = "SES looks for the records for up to 72 hours."

_RESTING = {
    "dkim.key": "Whether and with which keys SES signs",
    "mailfrom.custom": "Whether there is a MAIL FROM domain",
    "spf.ses": "Whose SPF record counts",
    "dmarc.dkim_alignment": "Whether what SES signs aligns with the From domain",
}
_STATUSES = {
    "SUCCESS": Standing.OK,
    "PENDING": Standing.WARN,
    "TEMPORARY_FAILURE": Standing.WARN,
    "NOT_STARTED": Standing.BROKEN,
    "FAILED": Standing.BROKEN,
}


def look_at_identity(domain: str, view: IdentityView) -> Iterator[Finding]:
    """Findings about SES's view; none where SES was not to be asked."""
    identity = view.identity
    if identity is None:
        if view.silence is not Silence.NOT_ASKED:
            yield _unseen(domain, view)
        if view.silence in (Silence.DENIED, Silence.NO_ANSWER):
            # What rests on SES's view is open as well, and not mended.
            for code, what in _RESTING.items():
                yield Finding(code, Standing.UNKNOWN, domain, f"{what} is not known without SES's view.")
        return
    inherited = "" if identity.name == domain else f", from which {domain} inherits"
    if identity.verified:
        yield Finding("identity.verified", Standing.OK, identity.name, f"SES may send as {identity.name}{inherited}.")
    else:
        why = f" ({identity.error})" if identity.error else ""
        yield Finding(
            "identity.verified",
            Standing.BROKEN,
            identity.name,
            f"SES refuses to send as {identity.name}{inherited}: its verification is {identity.status}{why}.",
            f"Publish the DKIM records that the SES console shows for {identity.name}. {_PATIENCE}",
            VERIFYING,
        )
    yield from _look_at_dkim(identity)
    yield from _look_at_mail_from(identity)


def _unseen(domain: str, view: IdentityView) -> Finding:
    if view.silence is Silence.NO_IDENTITY:
        return Finding(
            "identity.verified",
            Standing.WARN,
            domain,
            f"SES refuses to send as {domain} from {view.region}, but for addresses that are identities of their own: "
            f"{view.silence.value}.",
            "Verify the domain in this Region, or look in the Region that you send from.",
            VERIFYING,
        )
    mend = "Grant ses:GetEmailIdentity to who runs the audit." if view.silence is Silence.DENIED else "Try again."
    detail = f" ({view.detail})" if view.detail else ""
    return Finding(
        "identity.verified", Standing.UNKNOWN, domain, f"What SES knows of it cannot be said: {view.silence.value}{detail}.", mend
    )


def _look_at_dkim(identity: Identity) -> Iterator[Finding]:
    dkim = identity.dkim
    if not dkim.signs:
        yield Finding(
            "identity.signing",
            Standing.BROKEN,
            identity.name,
            "SES does not sign its mail with DKIM: signing is switched off, or was never set up.",
            "Switch DKIM signing on for the identity (put-email-identity-dkim-attributes --signing-enabled).",
            DKIM,
        )
    standing = _STATUSES.get(dkim.status, Standing.UNKNOWN)
    yield Finding(
        "identity.dkim",
        standing,
        identity.name,
        f"SES's look at the DKIM records says {dkim.status}.",
        "" if standing is Standing.OK else f"Publish the records as SES wants them. {_PATIENCE}",
        DKIM if dkim.is_own else EASY_DKIM,
    )
    if not dkim.is_own and dkim.bits is not None:
        weak = dkim.bits < _BITS
        yield Finding(
            "identity.key_length",
            Standing.WARN if weak else Standing.OK,
            identity.name,
            f"SES signs with a key of {dkim.bits} bits.",
            "" if not weak else _LONGER_KEY_OF_PARENT if dkim.is_replica else _LONGER_KEY,
            EASY_DKIM,
        )


def _look_at_mail_from(identity: Identity) -> Iterator[Finding]:
    mail_from = identity.mail_from
    if not mail_from:
        yield Finding(
            "mailfrom.custom",
            Standing.WARN,
            identity.name,
            "There is no MAIL FROM domain of your own: envelopes come from amazonses.com, so that SPF never aligns, "
            "and DMARC rests on DKIM alone.",
            f"Set one up, for example bounce.{identity.name}, with one MX and one SPF record.",
            MAIL_FROM,
        )
        return
    standing = _STATUSES.get(mail_from.status, Standing.UNKNOWN)
    without = "refuses the mail" if mail_from.rejects else "falls back to amazonses.com"
    yield Finding(
        "mailfrom.custom",
        standing,
        mail_from.domain,
        f"SES's look at the MAIL FROM domain says {mail_from.status}; without its MX, SES {without}.",
        "" if standing is Standing.OK else f"Publish its MX and SPF records. {_PATIENCE}",
        MAIL_FROM,
    )
