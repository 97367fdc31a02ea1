"""`message show` and `message find`."""
