"""The steps of a DMARC policy."""

from enum import StrEnum


class Step(StrEnum):
    """What to do next."""

    WAIT = "wait"
    MEND = "mend"
    PUBLISH = "publish-none"
    QUARANTINE_TEST = "quarantine-test"
    QUARANTINE = "quarantine"
    REJECT = "reject"
    STAY = "stay"
