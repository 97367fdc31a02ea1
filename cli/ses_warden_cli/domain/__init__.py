"""Identities of SES, and the DNS records of sending domains."""
