"""Fills in templates: `{{name}}` and `{{name.inner}}`. Blocks of Handlebars (`{{#if}}`, `{{#each}}`) are left as they are."""

import json
import re
from typing import Any

from ses_warden_simulator import wire
from ses_warden_simulator.backend import Backend
from ses_warden_simulator.errors import BadRequest, Missing
from ses_warden_simulator.exchange import Caller

_VARIABLE = re.compile(r"\{\{\{?\s*([A-Za-z_][A-Za-z0-9_.-]{0,200})\s*\}?\}\}")


class RenderingError(Exception):
    """The template could not be filled in; the message is SES's own."""


def find(backend: Backend, caller: Caller, template: wire.Template) -> tuple[str, wire.TemplateContent]:
    """The name and content of the template that is meant; raises `BadRequest` and `Missing`."""
    if template.template_content is not None:
        return "inline", template.template_content
    name = template.template_name or (template.template_arn or "").partition("template/")[2]
    if not name:
        raise BadRequest("Content.Template: one of TemplateName, TemplateArn and TemplateContent is required")
    found = backend.read(caller, "templates", name)
    if found is None:
        raise Missing(f"Template {name} does not exist.")
    return name, wire.read(wire.TemplateContent, json.dumps(found.get("TemplateContent", {})).encode())


def render(content: wire.TemplateContent, data: str) -> wire.TemplateContent:
    """The content filled in from a JSON object; raises `RenderingError`."""
    values = _object(data)
    parts = {name: _VARIABLE.sub(lambda match: _value(match[1], values), text) for name, text in content}
    return content.model_copy(update=parts)


def _object(source: str) -> dict[str, Any]:
    try:
        value = json.loads(source or "{}")
    except (ValueError, RecursionError):
        raise RenderingError("The rendering data is not valid JSON.") from None
    if not isinstance(value, dict):
        raise RenderingError("The rendering data is not a JSON object.")
    return value


def _value(path: str, values: dict[str, Any]) -> str:
    value: Any = values
    for name in path.split("."):
        if not isinstance(value, dict) or name not in value:
            raise RenderingError(f"Attribute '{path}' is not present in the rendering data.")
        value = value[name]
    # JSON may hold half a character, which no event could carry.
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else json.dumps(value)
