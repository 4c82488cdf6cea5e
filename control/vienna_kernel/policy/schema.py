"""JSON Schema of rule files, for editors: what a person may write where. The kernel itself reads more strictly.

A condition is an expression, a list, a group, or one test; operators are listed with what each takes.
"""

from __future__ import annotations

from typing import Any

from vienna_kernel.policy.operators import OPERATORS
from vienna_kernel.policy.page import RulesDocument
from vienna_kernel.policy.vocabulary import KNOWN

_SCALAR = {"type": ["string", "number", "boolean"]}
_NUMBER = {"type": "number"}
_LISTED = {"type": "array", "minItems": 1, "items": _SCALAR}
_CLOCK = {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}
_YES = {"const": True}
_TAKES: dict[str, Any] = {
    **{name: _SCALAR for name in ("equals", "not_equals", "contains")},
    **{name: _NUMBER for name in ("gt", "lt", "gte", "lte")},
    **{name: _LISTED for name in ("in", "not_in")},
    "matches": {"type": "string", "format": "regex"},
    "between": {"type": "array", "minItems": 2, "maxItems": 2, "items": _NUMBER},
    "time_between": {"type": "array", "minItems": 2, "maxItems": 2, "items": _CLOCK},
    **{name: _YES for name in ("exists", "not_exists")},
}


def rules_schema() -> dict[str, Any]:
    """Of ``kind: Rules``."""
    schema = RulesDocument.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    definitions["Condition"] = _condition()
    definitions["RuleShape"]["properties"]["when"] = {
        **_ref(),
        "description": "What must hold: an expression, or conditions.",
    }
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Rules"
    return schema


def _ref() -> dict[str, Any]:
    return {"$ref": "#/$defs/Condition"}


def _condition() -> dict[str, Any]:
    expression = {"type": "string", "minLength": 1, "maxLength": 4000}
    every = {"type": "array", "items": _ref()}
    groups = [_group("all", every), _group("any", {**every, "minItems": 1}), _group("not", _ref())]
    return {"anyOf": [expression, every, *groups, *(_test(name) for name in OPERATORS)]}


def _group(word: str, members: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {word: members},
        "required": [word],
        "additionalProperties": False,
    }


def _test(operator: str) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "field": {"type": "string", "examples": KNOWN},
        "operator": {"const": operator},
        "value": _TAKES[operator],
    }
    if OPERATORS[operator].takes_currency:
        properties["currency"] = {"type": "string", "pattern": "^[A-Z]{3}$"}
    asked = ["field", "operator"] + ([] if operator in ("exists", "not_exists") else ["value"])
    return {"type": "object", "properties": properties, "required": asked, "additionalProperties": False}
