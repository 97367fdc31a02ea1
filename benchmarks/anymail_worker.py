"""Times django-anymail's webhook for Amazon SES; runs in environments/anymail, and is asked by `benchmarks.parse`.

The first line that it reads holds the bodies that SNS would post, by name; each further line asks for a round of times in ns.
"""

import gc
import importlib
import json
import sys
import time
import warnings
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

# In an environment of its own, which the type checkers do not see.
import django  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]
from django.conf import settings  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]
from django.test import RequestFactory  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]

_REPETITIONS = 10
_TYPE, _ID = "x-amz-sns-message-type", "x-amz-sns-message-id"


def main() -> None:
    """Answer until the input ends."""
    # It warns of a webhook without a password, and says so to no one here.
    warnings.simplefilter("ignore")
    settings.configure(INSTALLED_APPS=["anymail"], ALLOWED_HOSTS=["*"], USE_TZ=True)
    django.setup()
    webhooks = importlib.import_module("anymail.webhooks.amazon_ses")  # which needs the settings

    factory = RequestFactory()
    tracking = webhooks.AmazonSESTrackingWebhookView()
    view = webhooks.AmazonSESTrackingWebhookView.as_view()
    bodies = json.loads(sys.stdin.readline())
    identifiers = {name: json.loads(body)["MessageId"] for name, body in bodies.items()}

    def request(name: str) -> Any:
        headers = {_TYPE: "Notification", _ID: identifiers[name]}
        return factory.post("/", bodies[name], content_type="text/plain; charset=UTF-8", headers=headers)

    for name in bodies:
        assert tracking.parse_events(request(name)), name
        assert view(request(name)).status_code == HTTPStatus.OK, name
    print("null", flush=True)
    for _ in sys.stdin:
        gc.collect()
        gc.disable()
        times = {
            what: {name: mean(function, request, name) for name in bodies}
            for what, function in (("parse_events", tracking.parse_events), ("view", view))
        }
        gc.enable()
        print(json.dumps(times), flush=True)


def mean(function: Callable[[Any], object], request: Callable[[str], Any], name: str) -> int:
    """The mean time of some calls in a row, each with a request of its own, since a request keeps what was once parsed."""
    requests = [request(name) for _ in range(_REPETITIONS)]
    function(request(name))
    begin = time.perf_counter_ns()
    for each in requests:
        function(each)
    return (time.perf_counter_ns() - begin) // _REPETITIONS


if __name__ == "__main__":
    main()
