"""Sample SES events: the payloads of `events/ses`, the envelopes they arrive in, and a builder for more of them.

A sample has one name everywhere: `events/ses/<form>/<name>.json` is what SES says, `events/<door>/<name>.json` is what
a function receives. The former are written by hand, the latter by `python -m tests.support.samples`.
Nothing here looks at a clock or at chance: the same arguments give the same text.
"""

import json
from collections.abc import Callable
from functools import cache, wraps
from pathlib import Path
from typing import Any, Concatenate, Final, Literal

from ses_warden_cli.samples.doors import (
    Json,
    compact,
    sns_text,
    wrap_destination,
    wrap_eventbridge,
    wrap_firehose,
    wrap_sns,
    wrap_sqs,
)
from ses_warden_cli.samples.kinds import SAMPLE_OF
from ses_warden_cli.samples.payloads import OMIT, readdressed, ses_id

__all__ = [
    "EVENTS",
    "FORMS",
    "OMIT",
    "SAMPLE_OF",
    "Form",
    "Json",
    "envelope_files",
    "make_event",
    "names",
    "ses",
    "ses_id",
    "wrap_destination",
    "wrap_eventbridge",
    "wrap_firehose",
    "wrap_sns",
    "wrap_sqs",
]

type Form = Literal["publishing", "identity", "other"]

EVENTS: Final = Path(__file__).parents[2] / "events"
FORMS: Final[tuple[Form, ...]] = ("publishing", "identity", "other")
BY_HAND: Final = ("ses", "tenants", "dmarc")
"""The folders whose files nobody generates."""


@cache
def names(form: Form) -> tuple[str, ...]:
    """The names of the samples of one form, sorted."""
    return tuple(sorted(path.stem for path in (EVENTS / "ses" / form).iterdir()))


@cache
def ses(name: str) -> str:
    """The text that SES sends for a sample: compact JSON (the file is indented for reading), or the file's own text.

    Event publishing ends its JSON with a line feed, identity notifications do not.
    """
    path = next((path for path in (EVENTS / "ses").glob(f"*/{name}.*") if path.stem == name), None)
    if path is None:
        raise LookupError(f"no sample is called {name!r}; events/README.md says which there are")
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".json":
        return text.rstrip("\n")
    return compact(json.loads(text)) + ("" if path.parent.name == "identity" else "\n")


def _of_a_sample[**P](rewrite: Callable[Concatenate[Json, P], Json]) -> Callable[Concatenate[str, P], Json]:
    @wraps(rewrite)
    def made(kind: str, /, *words: P.args, **details: P.kwargs) -> Json:
        return rewrite(json.loads(ses(SAMPLE_OF.get(kind, kind))), *words, **details)

    return made


make_event = _of_a_sample(readdressed)
"""A payload by an event type ("Bounce") or a sample's name ("bounce-transient-mailboxfull", "identity-bounce"), readdressed."""


def envelope_files() -> dict[Path, str]:
    """Every file that the program writes, by its path below `events/`, with its text."""
    every = [name for form in FORMS for name in names(form)]
    types = list(SAMPLE_OF.values())
    activity = [name for name in every if name.startswith(("send", "delivery", "open", "click"))]
    queued = sorted({*types, *activity, "identity-bounce", "identity-complaint", "identity-delivery", *names("other")})
    sns = [name for name in every if name in types or name not in activity]
    failed = [(name, "RetriesExhausted") for name in ("bounce-permanent-general", "complaint-abuse", "identity-bounce")]
    files = {f"sns/{name}": wrap_sns(ses(name)) for name in sns}
    files |= {f"sqs/raw/{name}": wrap_sqs([ses(name)]) for name in queued}
    files |= {f"sqs/enveloped/{name}": wrap_sqs([ses(name)], raw_delivery=False) for name in queued}
    files |= {f"sqs/eventbridge-{name}": wrap_sqs([compact(wrap_eventbridge(ses(name)))]) for name in types}
    files |= {f"eventbridge/{name}": wrap_eventbridge(ses(name)) for name in [*types, "unknown-type"]}
    files |= {f"firehose/{name}": wrap_firehose([ses(name)]) for name in types}
    files |= {"firehose/batch": wrap_firehose([ses(name) for name in [*types, "unparsable"]])}
    for name, condition in [*failed, ("subscription", "EventAgeExceeded")]:
        files[f"lambda-destination/{name}"] = wrap_sqs([compact(wrap_destination(wrap_sns(ses(name)), condition))])
    files["sqs/batch"] = wrap_sqs(_batch())
    return {Path(f"{name}.json"): _indented(content) for name, content in files.items()}


def main() -> None:
    """Rewrite the envelope files, and remove those that no sample accounts for."""
    files = {EVENTS / path: text for path, text in envelope_files().items()}
    for stale in {path for path in EVENTS.rglob("*.json") if path.relative_to(EVENTS).parts[0] not in BY_HAND} - files.keys():
        stale.unlink()
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _batch() -> list[str]:
    """25 bodies as a busy queue holds them: every type, one event twice, other envelopes, a set-up text, one broken."""
    raws = [ses(name) for name in SAMPLE_OF.values()]
    raws += [ses(name) for name in ("open-bot", "click-bot", "send-templated", "delivery-quarantined", "open")]
    raws += [ses(name) for name in ("bounce-transient-general", "bounce-two-recipients", "open-multi-recipient")]
    raws += [ses(name) for name in ("identity-delivery", "bounce-simulator", "unknown-type")]
    enveloped = [sns_text(ses("delivery-two-recipients")), compact(wrap_eventbridge(ses("delivery-delay-bare")))]
    return [*raws, *enveloped, ses("setup-validated"), ses("unparsable")]


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    main()
