"""The group `dmarc`: reports that come in, and what they say."""

import typer

from ses_warden_cli.dmarc import report


def add_to(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    group = typer.Typer(help="DMARC reports: who sends mail in the name of a domain.", no_args_is_help=True, rich_markup_mode=None)
    report.add_to(group)
    app.add_typer(group, name="dmarc")
