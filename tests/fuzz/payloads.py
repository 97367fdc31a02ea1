"""Strategies for payloads that nobody should send: samples taken apart and put together wrongly, in every door.

All addresses in them are of one person, whose name must never be printed.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st

from tests.support.samples import FORMS, SAMPLE_OF, names, ses

WHO = "sensitive-person"
ADDRESS = f"{WHO}@example.com"
TYPES = [*SAMPLE_OF, "Received", "Unknown Type", "AmazonSnsSubscriptionSucceeded", ""]
TOPIC = "arn:aws:sns:eu-west-1:111122223333:topic"
STREAM = "arn:aws:firehose:eu-west-1:111122223333:deliverystream/stream"
MANY, DEEP = 5000, 400

_SAMPLES = {name: re.sub(r"[\w.+-]+@", f"{WHO}@", ses(name)) for form in FORMS for name in names(form)}
_PARSABLE = [text for name, text in _SAMPLES.items() if name not in ("unparsable", "setup-validated")]

type Path = tuple[str | int, ...]

# Also as JSON carries them: half a surrogate pair, controls, what breaks lines and directions.
STRANGE_TEXTS = st.one_of(
    st.text(st.characters(), max_size=30),
    st.sampled_from(
        [
            "",
            " ",
            "*",
            "@",
            "#%",
            "\ud83d",
            "\udc00x",
            "\x00\x1b[2J\x1b]0;title\x07",
            "\u2028\u202e\u200b\x85",
            ADDRESS,
            f'"{WHO}"@example.com',
            f"Some Body <{ADDRESS}>",
            f"{WHO}%40example.com",
            f"{WHO}@b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example",
            f"{WHO}@simulator.amazonses.com",
            f"rfc822;{ADDRESS}",
            f"smtp; 550 5.1.1 <{ADDRESS}> no such user; https://example.com/?u={WHO}%40example.com",
            "x" * MANY,
            "<" * MANY,
            '"\\' * MANY,
            "\N{GRINNING FACE}" * MANY,
            "5.7.1 " * MANY,
            f"{ADDRESS}, " * MANY,
        ]
    ),
)
TIMES = st.sampled_from(
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "1969-12-31T23:59:59.999Z",
        "2026-11-24T24:00:00Z",
        "2026-11-24T10:00:00",
        "2026-11-24T10:00:00 +0000",
        "2199-12-31T23:59:59.999999-12:00",
        "9999-12-31T23:59:59.999Z",
        "9999-12-31T23:59:59-12:00",
        "not a time",
    ]
)
NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([-1, 0, 2**31, 2**63, 10**40, 10**4000, -(10**4299), 1e308, float("nan"), float("-inf")]),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, STRANGE_TEXTS, TIMES)
JUNK = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(STRANGE_TEXTS, inner, max_size=3), max_leaves=6
)


def _paths(value: Any, at: Path = ()) -> Iterator[Path]:
    if at:
        yield at
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from _paths(child, (*at, key))


def _parent(value: Any, path: Path) -> Any:
    for key in path[:-1]:
        value = value[key]
    return value


def _nested(value: Any, depth: int) -> Any:
    for _ in range(depth):
        value = [value]
    return value


WHEN = ("timestamp", "expirationTime", "arrivalDate")
# Changes that put something in the place of a part, by what they put there.
REPLACEMENTS: dict[str, Callable[[Any], st.SearchStrategy[Any]]] = {
    "text": lambda _: STRANGE_TEXTS,
    "time": lambda _: TIMES,
    "junk": lambda _: JUNK,
    "nest": lambda part: st.sampled_from([[part], {"inner": part}, [], {}, json.dumps(part)]),
    "deep": lambda part: st.sampled_from([_nested(part, 10), _nested(part, DEEP)]),
}
# The first two leave the event readable: what it says is strange, not its shape.
CHANGES = [*["text"] * 6, *["time"] * 3, "junk", "nest", "deep", "drop", "rename", "exchange", "repeat", "add", "type"]


@st.composite
def mutated(draw: st.DrawFn, value: Any, most: int = 4) -> Any:
    """A JSON value with a few of its parts dropped, replaced, nested, renamed, exchanged or repeated. Changes the value itself."""
    for _ in range(draw(st.integers(1, most))):
        change = draw(st.sampled_from(CHANGES))
        paths = list(_paths(value))
        if change in ("text", "time"):
            texts = [path for path in paths if isinstance(_parent(value, path)[path[-1]], str)]
            paths = [path for path in texts if change == "text" or path[-1] in WHEN] or texts
        if not paths:
            break
        path = draw(st.sampled_from(paths))
        parent, key = _parent(value, path), path[-1]
        if change in REPLACEMENTS:
            parent[key] = draw(REPLACEMENTS[change](parent[key]))
        elif change == "type":
            value[draw(st.sampled_from(["eventType", "notificationType"]))] = draw(st.sampled_from(TYPES))
        elif change == "exchange":
            other: Any = draw(st.sampled_from(paths))
            parent[key] = json.loads(json.dumps(_parent(value, other)[other[-1]]))
        else:
            _restructure(draw, change, parent, key)
    return value


def _restructure(draw: st.DrawFn, change: str, parent: Any, key: Any) -> None:
    match parent, change:
        case dict(), "rename":
            parent[draw(STRANGE_TEXTS)] = parent.pop(key)
        case dict(), "add":
            parent[draw(STRANGE_TEXTS)] = draw(JUNK)
        case list(), "repeat":
            parent.extend([parent[key]] * draw(st.sampled_from([1, 150])))
        case _:
            del parent[key]


@st.composite
def events(draw: st.DrawFn) -> str:
    """The text of an event: whole, mutated as JSON, or mutated as text."""
    text = draw(st.sampled_from(list(_SAMPLES.values())))
    match draw(st.sampled_from(["whole", "json", "json", "json", "text", "junk"])):
        case "json":
            value = draw(mutated(json.loads(draw(st.sampled_from(_PARSABLE)))))
            return json.dumps(value, ensure_ascii=draw(st.booleans()), separators=(",", ":"))
        case "text":
            start = draw(st.integers(0, len(text)))
            end = draw(st.integers(start, min(len(text), start + draw(st.sampled_from([0, 1, 20, MANY])))))
            return text[:start] + draw(STRANGE_TEXTS) + text[end:]
        case "junk":
            return draw(STRANGE_TEXTS)
    return text


def _decoded(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def wrapped(door: str, texts: list[str]) -> Any:
    """Texts in one of the doors; these take any text, where those of `ses_warden_cli.samples.doors` ask for what SES could say."""
    match door:
        case "sns":
            return {"Records": [{"EventSource": "aws:sns", "Sns": {"TopicArn": TOPIC, "Message": text}} for text in texts]}
        case "queue":
            bodies = texts
        case "enveloped":
            bodies = [json.dumps({"Type": "Notification", "TopicArn": TOPIC, "Message": text}) for text in texts]
        case "eventbridge":
            return {"detail-type": "Email", "source": "aws.ses", "detail": _decoded(texts[0])}
        case "bridged queue":
            bodies = [f'{{"detail-type":"Email","source":"aws.ses","detail":{text}}}' for text in texts]
        case "firehose":
            records = [
                {"recordId": "1", "data": base64.b64encode(text.encode("utf-8", "surrogatepass")).decode()} for text in texts
            ]
            return {"deliveryStreamArn": STREAM, "records": records}
        case "destination":
            bodies = [json.dumps({"requestContext": {}, "requestPayload": wrapped("sns", [text])}) for text in texts]
        case _:
            return _decoded(texts[0])
    return {"Records": [{"messageId": f"record-{number}", "body": body} for number, body in enumerate(bodies)]}


DOORS = ["sns", "queue", "queue", "enveloped", "eventbridge", "bridged queue", "firehose", "destination", "bare"]


@st.composite
def payloads(draw: st.DrawFn) -> Any:
    """What an invocation brings: some events through a door, which may itself be broken."""
    payload = wrapped(draw(st.sampled_from(DOORS)), draw(st.lists(events(), min_size=1, max_size=4)))
    if draw(st.integers(0, 4)) == 0 and isinstance(payload, dict):
        payload = draw(mutated(payload, most=2))
    return payload
