"""`account` and `account request-production`."""
