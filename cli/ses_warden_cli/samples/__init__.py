"""`event`: sample SES events, to try a function on or to test with."""
