"""The group `dmarc`: reports of receivers about mail in your name. Each command has a module of its own."""

import typer

from ses_warden_cli.dmarc import discard, inbox, ingest, report, reports


def add_to(app: typer.Typer) -> None:
    """Adds the group."""
    group = typer.Typer(help="DMARC reports: what receivers saw of mail in your domains' name.", no_args_is_help=True)
    inbox.add_to(group)
    ingest.add_to(group)
    report.add_to(group)
    reports.add_to(group)
    discard.add_to(group)
    app.add_typer(group, name="dmarc")
