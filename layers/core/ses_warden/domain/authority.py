"""Whose suppression list is the truth: SES's own, or the table (the template's `SuppressionAuthority`)."""

from typing import Literal

type Authority = Literal["ses", "warden"]
AUTHORITIES: tuple[Authority, ...] = ("ses", "warden")
