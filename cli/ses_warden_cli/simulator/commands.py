"""`simulator`: a local SES, for tests. It asks nothing of AWS, so that it takes no stack, profile or Region of a stack."""

from pathlib import Path
from typing import Annotated

import typer

from ses_warden_cli.commands import EXAMPLES, FAILURE

_INSTALL = "the simulator is not installed: pip install 'ses-warden[cli,simulator]'"


def add_to(app: typer.Typer) -> None:
    """Adds the command of this module."""
    app.command("simulator", epilog=_SIMULATOR)(simulator)


_SIMULATOR = f"""{EXAMPLES}  ses-warden simulator --backend http://127.0.0.1:4566
  ses-warden simulator --backend http://127.0.0.1:4566 --profiles profiles.json --speed 3600
  ses-warden simulator --backend http://127.0.0.1:4566 --port 0 --json"""


def simulator(
    *,
    backend: Annotated[str, typer.Option(metavar="URL", help="URL of the AWS emulator behind, such as http://127.0.0.1:4566.")],
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address of the loopback interface.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="NUMBER", help="Port; 0 takes a free one.", min=0, max=65_535)] = 4579,
    seed: Annotated[int, typer.Option(metavar="NUMBER", help="Decides what becomes of each mail.")] = 0,
    speed: Annotated[float, typer.Option(metavar="NUMBER", help="Divides all delays.")] = 1.0,
    profiles: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON file: how the recipients of each domain behave.")
    ] = None,
    sandbox: Annotated[bool, typer.Option("--sandbox", help="Begin in the sandbox.")] = False,
    region: Annotated[str, typer.Option(metavar="REGION", help="Region of unsigned requests.")] = "us-east-1",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for scripts: the URL, as soon as it answers.")] = False,
) -> None:
    """Run a local SES (API version 2) until Ctrl-C: it takes mail, plays the recipients, and publishes the events.

    Needs an AWS emulator behind it; docs/simulator.md tells more. Nothing is sent, and AWS is not asked.
    """
    from ses_warden.errors import SettingsError  # noqa: PLC0415 - `--help` must not wait for these
    from ses_warden_cli import show  # noqa: PLC0415

    try:
        from ses_warden_simulator.errors import SetupError  # noqa: PLC0415
        from ses_warden_simulator.program import Asked, serve  # noqa: PLC0415
    except ImportError as missing:
        show.error(SettingsError(_INSTALL), as_json=as_json)
        raise typer.Exit(FAILURE) from missing
    asked = Asked(backend=backend, host=host, port=port, seed=seed, speed=speed, profiles=profiles, sandbox=sandbox, region=region)
    try:
        serve(asked, lambda url: _say(url, as_json=as_json))
    except SetupError as error:
        show.error(SettingsError(str(error)), as_json=as_json)
        raise typer.Exit(FAILURE) from error


def _say(url: str, *, as_json: bool) -> None:
    """Tells the URL at once, on one line, since the program goes on."""
    import json  # noqa: PLC0415 - as above

    from ses_warden_cli.simulator.shapes import Ready  # noqa: PLC0415

    typer.echo(json.dumps(Ready(url=url)) if as_json else f"SES answers on {url}; Ctrl-C ends it")
