"""What the simulator answers when it does not do what it was asked.

ApiError
├── BadRequest        the request is malformed, or asks for what cannot be
├── Missing           what is named does not exist
├── Paused            sending is switched off
└── Rejected          the message may not be sent
SetupError            the simulator was started in a way in which it must not run
"""

from http import HTTPStatus


class ApiError(Exception):
    """An answer in SES's form: `code` is the exception's name in the API, `status` the one of HTTP."""

    code = "InternalServiceErrorException"
    status: HTTPStatus = HTTPStatus.BAD_REQUEST

    def __init__(self, message: str, code: str | None = None, status: HTTPStatus | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.status = status or self.status


class BadRequest(ApiError):
    """The request is malformed, or asks for what cannot be."""

    code = "BadRequestException"


class Missing(ApiError):
    """What is named does not exist."""

    code, status = "NotFoundException", HTTPStatus.NOT_FOUND


class Paused(ApiError):
    """Sending is switched off for the account, the configuration set or the tenant."""

    code = "SendingPausedException"


class Rejected(ApiError):
    """The message may not be sent."""

    code = "MessageRejected"


class SetupError(Exception):
    """The simulator was started in a way in which it must not run; the message says what to change."""
