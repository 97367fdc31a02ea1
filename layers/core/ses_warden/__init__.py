"""SES Warden: every Amazon SES event becomes one row in a ledger, exactly once; all else is a function of the ledger."""
