"""The command that says whether mailed reports reach the bucket."""

from ses_warden.adapters.receipt_rules import SesReceiptRules
from ses_warden.application.check_inbox import INBOX, Wanted, check_inbox
from ses_warden.bootstrap.connection import Connection
from ses_warden.domain.findings import Finding, Standing
from ses_warden.errors import SettingsError, Unseen


def inbox_findings(connection: Connection) -> list[Finding]:
    """What stands between a report and the bucket; what SES does not tell is unknown. Raises `SettingsError`."""
    uses, stack = connection.place.uses, connection.place.stack
    known = uses or connection.outputs
    bucket = known.get("MAIL_BUCKET" if uses else "MailBucketName", "")
    if not bucket:
        missing = "name its bucket: --use MAIL_BUCKET=…" if uses else "deploy it with DmarcReports=on"
        raise SettingsError(f"the stack {stack} keeps no DMARC reports: {missing}")
    client = connection.client("ses")
    rule_set = known.get("RECEIPT_RULE_SET" if uses else "DmarcReceiptRuleSetName", "")
    wanted = Wanted(bucket, INBOX, rule_set, client.meta.region_name)
    try:
        return list(check_inbox(wanted, SesReceiptRules(client)))
    except Unseen as error:
        more = f"; the right {error.right} is missing" if error.right else ""
        what = f"SES did not tell its active receipt rules: {error}{more}."
        return [Finding("dmarc.inbox.active", Standing.UNKNOWN, wanted.region, what)]
