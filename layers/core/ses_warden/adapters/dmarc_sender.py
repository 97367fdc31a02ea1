"""From whom a mail came, as SES found it: anybody can send a report in a receiver's name, and SES looks at SPF, DKIM and DMARC.

RFC 7489 section 7.2.1.1: mail with reports must pass DMARC, so that forged ones can be told.
https://docs.aws.amazon.com/ses/latest/dg/receiving-email-concepts.html
"""

import re

from ses_warden.domain.outgoing import name_key

_SES = "amazonses.com"
_COMMENT = re.compile(r"\([^()]*\)")
_FROM = re.compile(r"dmarc=pass\s+header\.from=(\S+)", re.ASCII)
_SIGNER = re.compile(r"dkim=pass\s+header\.[id]=\S*?@?([^@\s]+)", re.ASCII)
# SPF is about the HELO where the envelope is empty (RFC 7208 section 2.4).
_ENVELOPE = re.compile(r"envelope-from=(?:[^\s;]*@|<?>?;\s*helo=)([^\s;@]+)", re.ASCII)


def sender_of(results: object) -> str | None:
    """The domain that a mail proved to come from; empty where SES did not look, None where it found no proof.

    `results` is the first `Authentication-Results`, as SES puts its own above those that came with the mail (RFC 8601 section 5).
    """
    service, _, told = _COMMENT.sub("", str(results or "")).partition(";")
    # RFC 8601 section 2.2: a version may follow.
    if service.lower().split()[:1] != [_SES]:
        return ""
    # A sender chooses its envelope and its HELO, which stand first: of each method the last word is SES's own.
    pieces = [piece.strip() for piece in told.split(";")]
    last = {piece.partition("=")[0].lower(): piece for piece in pieces}
    found = _FROM.fullmatch(last.get("dmarc", "")) or _SIGNER.fullmatch(last.get("dkim", ""))
    # In quotes an envelope may hold anything.
    if not found and pieces[0].startswith("spf=pass") and '"' not in told:
        found = _ENVELOPE.search(told)
    return name_key(found[1].strip('"<>')) if found else None
