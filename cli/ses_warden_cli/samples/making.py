"""A sample event as of now, for anybody, in the envelope of any door."""

import json
from datetime import datetime, timedelta
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from uuid import uuid4

from ses_warden_cli.samples.doors import (
    Json,
    compact,
    wrap_destination,
    wrap_eventbridge,
    wrap_firehose,
    wrap_sns,
    wrap_sqs,
)
from ses_warden_cli.samples.payloads import readdressed, ses_id

# Before now, so that no part of the event lies in the future: an envelope is a second younger than what is in it.
_SENT, _HAPPENED = timedelta(seconds=3), timedelta(seconds=2)
_SECOND_MS = 1000


def sample_event(sample: str, door: str, *, to: str, now: datetime) -> Json:
    """What a function receives through this door: a sample of SES's, with a message id of its own, telling of `to`."""
    payload, sent_at = pattern(sample), now - _SENT
    tags = payload["mail"]["tags"]
    [configuration_set], [tenant] = (tags.get(f"ses:{name}", [None]) for name in ("configuration-set", "tenant-name"))
    took: Json = {"processingTimeMillis": _SECOND_MS} if "delivery" in payload else {}
    event = readdressed(
        payload,
        message_id=ses_id(sent_at, str(uuid4())),
        recipients=[to],
        at=now - _HAPPENED,
        sent_at=sent_at,
        configuration_set=configuration_set,
        tenant=tenant,
        **took,
    )
    return _through(door, compact(event) + "\n", now)


def _through(door: str, raw: str, now: datetime) -> Json:
    match door:
        case "sns":
            return wrap_sns(raw)
        case "sqs":
            return wrap_sqs([raw])
        case "sqs-enveloped":
            return wrap_sqs([raw], raw_delivery=False)
        case "sqs-eventbridge":
            return wrap_sqs([compact(wrap_eventbridge(raw))])
        case "eventbridge":
            return wrap_eventbridge(raw)
        case "firehose":
            return wrap_firehose([raw])
        case "lambda-destination":
            return wrap_sqs([compact(wrap_destination(wrap_sns(raw), at=now))])
        case _:
            raise LookupError(f"there is no door {door!r}")


def pattern(sample: str) -> Json:
    """The payload of a sample as it stands in `events/ses/publishing`."""
    payload: Json = json.loads((_folder() / f"{sample}.json").read_text(encoding="utf-8"))
    return payload


def _folder() -> Traversable:
    """Where the samples are: in the installed wheel, or in the checkout that is installed as editable."""
    shipped = files("ses_warden_cli.samples") / "events"
    return shipped if shipped.is_dir() else Path(__file__).parents[3] / "events" / "ses" / "publishing"
