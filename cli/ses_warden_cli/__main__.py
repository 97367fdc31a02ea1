"""`python -m ses_warden_cli` is `ses-warden`."""

from ses_warden_cli.main import app

app(prog_name="ses-warden")
