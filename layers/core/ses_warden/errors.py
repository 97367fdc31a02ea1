"""The errors of SES Warden.

WardenError
├── SettingsError      the environment of a function is incomplete or wrong
├── UnparsableEvent    a payload that is no SES event; it is kept in the quarantine, never retried
├── QuarantineError    a payload that cannot be read could not be kept either; a redelivery helps
├── StorageError       a file or an object in S3 could not be read or deleted, or a queue did not serve
├── SwitchError        SES did not throw one of its switches, or it does not stand as it should
│   └── ScopeGone      … because there is no such configuration set or tenant (any more)
├── SuppressionListError  SES's own suppression list could not be read or changed
│   └── Sandboxed       … because the account is in SES's sandbox, where there is none to manage
├── OutOfTime          a scheduled run could not look at everything, or not do everything, in its time
├── TooManyChanges     a scheduled run would have had to change more than it may without a person
├── AccountError       SES did not tell of the account, or did not take its details
├── MetricsError       CloudWatch or SQS did not say how things stand
├── AlertError         an alert did not go out
├── AuditError         SES or the DNS could not be asked about domains at all
├── GuardIncomplete    a run of the guard left something undone
├── RecordError        a DNS record cannot be written as it was asked for
├── IdentityError      SES did not say how an identity, a configuration set or the account stands
│   ├── NoIdentity     … because it has no such identity (or set)
│   └── RightMissing   … because a right is missing; the message names it
├── NothingToDo        an operator asked for what is so already
├── UnknownScope       a sender asked about a scope of no known kind
├── Unseen             a part of the stack could not be looked at
├── NotSent            SES did not take a mail
├── BadPage            a page of a search was asked for that there is not
└── LedgerError        DynamoDB did not take a transaction
    ├── LedgerBusy     … because of conflicts or throttling that outlasted the retries; a redelivery helps
    └── RowRefused     … because it takes one of the rows never; no redelivery helps
"""


class WardenError(Exception):
    """The root of all errors that SES Warden raises on purpose."""


class SettingsError(WardenError):
    """An environment variable is missing or not acceptable; the message names it."""


class UnparsableEvent(WardenError):
    """A payload cannot be read as an SES event; the message gives the place and kind of the fault, never the content."""


class QuarantineError(WardenError):
    """The quarantine did not take a payload; the message gives the code of the failure."""


class StorageError(WardenError):
    """A file, a bucket or a queue did not serve an operator; the message gives the code of the failure."""


class SwitchError(WardenError):
    """SES did not throw a switch, or shows it in the other position afterwards; the message names the scope."""


class ScopeGone(SwitchError):
    """SES knows no such configuration set or tenant; nothing can be sent through it."""


class SuppressionListError(WardenError):
    """SES's suppression list could not be read or changed; the message gives the code of the failure, or says what to do."""


class Sandboxed(SuppressionListError):
    """The account is in SES's sandbox in this Region, where the suppression list cannot be managed; the message says what to do."""


class OutOfTime(WardenError):
    """A scheduled run's time was over; the message says how far it came."""


class TooManyChanges(WardenError):
    """A scheduled run would have had to change more than it may; it changed nothing, and the message says what to do."""


class AccountError(WardenError):
    """SES did not tell of the account or take its details; the message gives the failure's code, and the right that is missing."""


class MetricsError(WardenError):
    """CloudWatch or SQS did not answer; the message gives the code of the failure."""


class AlertError(WardenError):
    """The topic or the event bus did not take an alert; the message gives the code of the failure."""


class AuditError(WardenError):
    """The audit of domains cannot begin, or left some of it undone; the message says what, and what to do."""


class GuardIncomplete(WardenError):
    """A run of the guard left something undone, which the next one tries again; the message lists what."""


class RecordError(WardenError):
    """A DNS record cannot be written as it was asked for; the message says why."""


class IdentityError(WardenError):
    """SES did not say how something stands; the message gives the code of the failure."""


class NoIdentity(IdentityError):
    """SES has no such identity or configuration set in this Region; the message says how to make it."""


class RightMissing(IdentityError):
    """Whoever asks may not; the message names the right that is missing."""


class NothingToDo(WardenError):
    """An operator asked for what is so already; the message says how things stand."""


class UnknownScope(WardenError):
    """A sender asked about a scope of no known kind, or about too many; the message says what there is."""


class Unseen(WardenError):
    """A service did not let a part of the stack be looked at, or did not answer; the message gives the code of the failure.

    `right` is the action that was asked for, empty where no right is missing.
    """

    def __init__(self, message: str, right: str) -> None:
        super().__init__(message)
        self.right = right


class Absent(Unseen):
    """What should be looked at is not there."""


class NotSent(WardenError):
    """SES did not take a mail; the message gives its code."""


class BadPage(WardenError):
    """What says where the next page of a search begins is damaged, or of another search."""


class LedgerError(WardenError):
    """DynamoDB did not take a transaction."""


class LedgerBusy(LedgerError):
    """Conflicts or throttling outlasted the retries; the same records may be delivered again."""


class RowRefused(LedgerError):
    """DynamoDB will never take one of the rows of a transaction; the message gives its reason code."""
