"""The commands about DMARC reports."""
