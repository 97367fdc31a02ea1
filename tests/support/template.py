"""Reads template.yaml as CloudFormation would: tags in their long form, conditions and parameters put in.

stack = resolve(load(), SuppressionAuthority="warden")
tables = of_type(stack, "AWS::DynamoDB::Table")
"""

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, override

import yaml

TEMPLATE = Path(__file__).parents[2] / "template.yaml"

type Json = dict[str, Any]

_NO_VALUE = {"Ref": "AWS::NoValue"}


class _Loader(yaml.SafeLoader):
    """A safe loader that knows the tags of CloudFormation, and refuses a key given twice."""

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key) for key, _ in node.value]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise yaml.constructor.ConstructorError(None, None, f"given twice: {sorted(twice)}", node.start_mark)
        return super().construct_mapping(node, deep)


def _construct_tag(loader: _Loader, suffix: str, node: yaml.Node) -> Json:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _construct_tag)


def load(path: Path = TEMPLATE) -> Json:
    """The template with `!Ref X` as `{"Ref": "X"}`, `!If [...]` as `{"Fn::If": [...]}` and so on."""
    template = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 (a subclass of SafeLoader)
    assert isinstance(template, dict)
    return template


def resolve(template: Json, **parameters: str | int) -> Json:
    """The template as deployed with these parameters, the others at their defaults.

    What a false condition guards is gone, `Fn::If` and `Ref` of a parameter are replaced by what they stand for; references to
    resources, `Fn::GetAtt` and `Fn::Sub` stay. Raises `KeyError` for a parameter that the template does not have.
    """
    values = {name: spec["Default"] for name, spec in template["Parameters"].items()}
    if unknown := parameters.keys() - values.keys():
        raise KeyError(*unknown)
    values |= parameters
    conditions = template.get("Conditions", {})

    def holds(name: str) -> bool:
        return _holds(conditions[name], holds, values)

    def resolved(node: Any) -> Any:
        match node:
            case {"Fn::If": [name, when_true, when_false]}:
                return resolved(when_true if holds(name) else when_false)
            case {"Ref": str(name)} if name in values:
                return values[name]
            case dict():
                pairs = ((key, resolved(value)) for key, value in node.items())
                return {key: value for key, value in pairs if value != _NO_VALUE}
            case list():
                return [item for item in map(resolved, node) if item != _NO_VALUE]
        return node

    stack = {section: resolved(content) for section, content in template.items() if section != "Conditions"}
    for section in ("Resources", "Outputs"):
        stack[section] = {
            name: body for name, body in stack.get(section, {}).items() if "Condition" not in body or holds(body["Condition"])
        }
    return stack


def _holds(condition: Json, named: Callable[[str], bool], parameters: Json) -> bool:
    match condition:
        case {"Condition": str(name)}:
            return named(name)
        case {"Fn::Equals": [left, right]}:
            return _text(left, parameters) == _text(right, parameters)
        case {"Fn::Not": [inner]}:
            return not _holds(inner, named, parameters)
        case {"Fn::And": list(parts)}:
            return all(_holds(part, named, parameters) for part in parts)
        case {"Fn::Or": list(parts)}:
            return any(_holds(part, named, parameters) for part in parts)
        case {"Fn::Contains": [list(members), value]}:
            return _text(value, parameters) in members
    raise AssertionError(f"not a condition: {condition}")


def _text(value: Any, parameters: Json) -> str:
    """A parameter or literal as CloudFormation compares it: numbers as their text."""
    return str(parameters[value["Ref"]] if isinstance(value, dict) else value)


def refusals(template: Json, **parameters: str | int) -> list[str]:
    """What CloudFormation would say to these parameters, by the template's Rules, before it does anything."""
    values = {name: spec["Default"] for name, spec in template["Parameters"].items()} | parameters

    def holds(condition: Json) -> bool:
        return _holds(condition, _no_condition, values)

    rules = template["Rules"].values()
    asked = [assertion for rule in rules if holds(rule.get("RuleCondition", _ALWAYS)) for assertion in rule["Assertions"]]
    return [assertion["AssertDescription"] for assertion in asked if not holds(assertion["Assert"])]


_ALWAYS: Json = {"Fn::Equals": ["", ""]}


def _no_condition(name: str) -> bool:
    raise AssertionError(f"a rule knows no conditions, {name} neither")


def text_of(node: Any, values: Json) -> str:
    """What CloudFormation makes of a text with `Fn::Sub`, `Fn::Join` and `Fn::Split` in a resolved template."""
    match node:
        case str() | int():
            return str(node)
        case {"Fn::Join": [str(between), parts]}:
            return between.join(_texts(parts, values))
        case {"Fn::Sub": [str(text), dict(more)]}:
            return _filled(text, values | {name: text_of(value, values) for name, value in more.items()})
        case {"Fn::Sub": str(text)}:
            return _filled(text, values)
    raise AssertionError(f"not a text: {node}")


def _texts(node: Any, values: Json) -> list[str]:
    match node:
        case {"Fn::Split": [str(at), text]}:
            return text_of(text, values).split(at)
        case list():
            return [text_of(part, values) for part in node]
    raise AssertionError(f"not a list of texts: {node}")


def _filled(text: str, values: Json) -> str:
    return re.sub(r"\$\{([^}]+)\}", lambda found: str(values[found[1]]), text)


def of_type(stack: Json, kind: str) -> dict[str, Json]:
    """The properties of each resource of a type, by logical id; functions with what Globals gives them."""
    common = stack.get("Globals", {}).get("Function", {}) if kind == "AWS::Serverless::Function" else {}
    return {name: _merged(common, body.get("Properties", {})) for name, body in stack["Resources"].items() if body["Type"] == kind}


def _merged(base: Json, over: Json) -> Json:
    """Globals as SAM applies them: mappings are merged, lists are joined, anything else is replaced."""
    result = dict(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(base.get(key), dict):
            result[key] = _merged(base[key], value)
        elif isinstance(value, list) and isinstance(base.get(key), list):
            result[key] = base[key] + value
        else:
            result[key] = value
    return result


def reference(value: Any) -> str:
    """The logical id that a `Ref` or `Fn::GetAtt` points at."""
    match value:
        case {"Ref": str(name)}:
            return name
        case {"Fn::GetAtt": [str(name), *_]}:
            return name
    raise AssertionError(f"not a reference: {value}")


def permissions_of(stack: Json, role: str) -> dict[tuple[str, str], set[str]]:
    """What a function's role allows, by Sid and resource."""
    properties = of_type(stack, "AWS::IAM::Role")[role]
    assert "ManagedPolicyArns" not in properties
    [policy] = properties["Policies"]
    return allowed_by(policy["PolicyDocument"])


def allowed_by(document: Json) -> dict[tuple[str, str], set[str]]:
    """Allowed actions by Sid and resource."""
    found: dict[tuple[str, str], set[str]] = {}
    for statement in document["Statement"]:
        assert statement["Effect"] == "Allow"
        actions = statement["Action"]
        key = (statement["Sid"], _resource(statement["Resource"]))
        assert key not in found
        found[key] = set(actions if isinstance(actions, list) else [actions])
    return found


def _resource(value: Json | str) -> str:
    """A resource as text: the logical id of a reference, or an ARN with its own variables filled in."""
    match value:
        case str():
            return value
        case {"Fn::Sub": [str(text), dict(variables)]}:
            for name, content in variables.items():
                text = text.replace(f"${{{name}}}", content if isinstance(content, str) else reference(content))
            return text
        case {"Fn::Sub": str(text)}:
            return text
    return reference(value)


def app_of(function: str) -> ModuleType:
    """The module of a function, named by its folder, as Lambda loads it."""
    spec = importlib.util.spec_from_file_location(f"{function}_app", TEMPLATE.parent / "functions" / function / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
