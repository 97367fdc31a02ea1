"""The console script `ses-warden`.

Each group of commands is a folder, whose module `commands` enters it here, and none knows another.
"""

import typer

from ses_warden_cli.account import commands as account
from ses_warden_cli.audit import commands as audit
from ses_warden_cli.dmarc import commands as dmarc
from ses_warden_cli.domain import commands as domain
from ses_warden_cli.messages import commands as messages
from ses_warden_cli.people import commands as people
from ses_warden_cli.pipeline import commands as pipeline
from ses_warden_cli.samples import commands as samples
from ses_warden_cli.sending import commands as sending
from ses_warden_cli.simulator import commands as simulator
from ses_warden_cli.suppression import commands as suppression

app = typer.Typer(
    help="Keeps an Amazon SES account sending. Exit codes: 0 all is well, 1 a finding or a refusal, 2 wrong usage or a failure.",
    no_args_is_help=True,
    add_completion=False,
    # Help in rich's boxes takes three times as long to come, and does not paste into a ticket.
    rich_markup_mode=None,
    # A traceback shows what a command was told.
    pretty_exceptions_enable=False,
)
sending.add_to(app)
account.add_to(app)
messages.add_to(app)
suppression.add_to(app)
domain.add_to(app)
samples.add_to(app)
pipeline.add_to(app)
people.add_to(app)
simulator.add_to(app)
audit.add_to(app)
dmarc.add_to(app)
