"""The errors of SES Warden.

WardenError
├── SettingsError      the environment of a function is incomplete or wrong
├── UnparsableEvent    a payload that is no SES event; it is kept in the quarantine, never retried
├── QuarantineError    a payload that cannot be read could not be kept either; a redelivery helps
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


class LedgerError(WardenError):
    """DynamoDB did not take a transaction."""


class LedgerBusy(LedgerError):
    """Conflicts or throttling outlasted the retries; the same records may be delivered again."""


class RowRefused(LedgerError):
    """DynamoDB will never take one of the rows of a transaction; the message gives its reason code."""
