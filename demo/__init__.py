"""A campaign's worth of SES events, sent through the stack on an emulator: `python -m demo`."""
