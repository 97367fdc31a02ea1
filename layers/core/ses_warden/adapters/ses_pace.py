"""How SES is asked what it takes once a second only: one request a second, and identities page by page.

https://docs.aws.amazon.com/ses/latest/dg/quotas.html
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

PACE_SECONDS = 1.0
PAGE = 1000
# An account holds 10,000 identities, and pages may be less than full: the page above.
_MOST_PAGES = 20


class Pace:
    """Calls operations, no more than one in `PACE_SECONDS`."""

    def __init__(self, sleep: Callable[[float], None] = time.sleep, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._sleep = sleep
        self._monotonic = monotonic
        self._last: float | None = None

    def __call__(self, operation: Callable[..., Any], /, *given: Any, **request: Any) -> Any:
        """What the operation answers, or raises."""
        if self._last is not None:
            wait = self._last + PACE_SECONDS - self._monotonic()
            if wait > 0:
                self._sleep(wait)
        self._last = self._monotonic()
        return operation(*given, **request)


def listed(ask: Callable[..., Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The `IdentityInfo` of each identity; `ask` makes one request of `ListEmailIdentities`."""
    page: dict[str, Any] = {}
    for _ in range(_MOST_PAGES):
        answer = ask(PageSize=PAGE, **page)
        yield from answer.get("EmailIdentities", ())
        if not answer.get("NextToken"):
            return
        page = {"NextToken": answer["NextToken"]}
