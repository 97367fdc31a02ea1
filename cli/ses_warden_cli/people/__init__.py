"""`forget`."""
