"""The group `suppression`: who must not be mailed, and why."""

import typer

from ses_warden_cli.suppression import sync


def add_to(app: typer.Typer) -> None:
    """Adds the group."""
    group = typer.Typer(help="Who must not be mailed, and why.", no_args_is_help=True)
    sync.add_to(group)
    app.add_typer(group, name="suppression")
