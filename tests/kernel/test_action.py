"""Action types: parameters held against a schema before policy is asked."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from vienna_kernel.action import ActionType, FieldError, Parameter
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Effect, Reversibility, Tier
from vienna_kernel.parameter import ParamType

FACTS: dict[str, Any] = {
    "name": "send_email",
    "description": "Send mail",
    "default_tier": Tier.T1,
    "effect": Effect.SEND,
    "reversibility": Reversibility.IRREVERSIBLE,
}


def kind(schema: Any, **facts: Any) -> ActionType:
    return ActionType.from_schema(schema, **{**FACTS, **facts})


SHORT = {
    "to": {"type": "string", "format": "email", "required": True},
    "amount": {"type": "decimal"},
    "mode": {"type": "string", "enum": ["fast", "slow"]},
    "list": {"type": "email_list"},
}


def test_the_shorthand_is_a_schema() -> None:
    found = kind(SHORT)
    assert found.schema == {
        "type": "object",
        "properties": {
            "to": {"type": "string", "format": "email"},
            "amount": {"type": "number"},
            "mode": {"type": "string", "enum": ["fast", "slow"]},
            "list": {"type": "array", "items": {"type": "string", "format": "email"}},
        },
        "required": ["to"],
        "additionalProperties": False,
    }
    assert found.parameters["to"] == Parameter({"type": "string", "format": "email"}, required=True)
    assert not found.parameters["mode"].required


def test_a_schema_is_taken_as_it_is() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}, "b": True}, "required": ["a"]}
    found = kind(schema)
    assert found.schema == schema
    assert found.parameters["a"] == Parameter({"type": "integer"}, required=True)
    assert found.validate({"a": 1, "z": 2}) == []
    assert [error.field for error in found.validate({})] == ["a"]


def test_what_fits_has_no_complaint() -> None:
    assert kind(SHORT).validate({"to": "a@b.example", "amount": Decimal("5.5"), "mode": "slow"}) == []
    assert kind(SHORT).validate({"to": "a@b.example", "amount": 5}) == []


def test_each_misfit_is_told_without_its_value() -> None:
    errors = kind(SHORT).validate(
        {"to": "secret", "amount": "5", "mode": "secret", "x": 1, "list": ["secret"]}
    )
    assert {(error.field, error.expected) for error in errors} == {
        ("to", "email"),
        ("amount", "number"),
        ("mode", "one of fast, slow"),
        ("x", "nothing"),
        ("list/0", "email"),
    }
    assert "secret" not in str(errors)
    assert errors[0].to_json().keys() == {"field", "message", "expected"}
    assert kind(SHORT).validate({}) == [FieldError("to", "to is missing", "a value")]


def test_complaints_are_bounded() -> None:
    assert len(kind(SHORT).validate({"list": ["x"] * 500, "to": "a@b.example"})) == 50


@pytest.mark.parametrize(
    "schema",
    [
        [],
        {"a": "string"},
        {"a": {"type": "nonsense"}},
        {"a": {"type": "string", "required": "yes"}},
        {"type": "object", "properties": []},
        {"type": "object", "properties": {}, "required": "a"},
        {"type": "object", "properties": {"a": {"$ref": "https://schemas.example/a"}}},
        {"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}},
        {"type": "object", "properties": {"a": {"pattern": "(a"}}},
        {"type": "object", "properties": {"a": {"pattern": "(?=a)b"}}},
    ],
)
def test_what_is_no_closed_schema_is_refused(schema: Any) -> None:
    with pytest.raises(MalformedError, match="send_email"):
        kind(schema)


def test_a_pattern_is_linear() -> None:
    found = kind({"type": "object", "properties": {"a": {"pattern": "^(a+)+$"}}})
    assert found.validate({"a": "a" * 50_000 + "b"})


def test_one_action_of_two_apis_is_merged() -> None:
    left = kind(SHORT)
    right = kind(
        {
            "to": {"type": "string", "format": "email"},
            "mode": {"type": "string", "enum": ["slow", "never"]},
            "cc": {},
        },
        default_tier=Tier.T2,
    )
    both = left.merge(right)
    assert both == right.merge(left)
    assert both.default_tier is Tier.T2
    assert set(both.parameters) == {"to", "amount", "mode", "list", "cc"}
    assert not any(part.required for part in both.parameters.values())
    assert both.validate({"mode": "never", "cc": 5}) == []
    assert both.validate({"mode": "often"})
    assert left.merge(left).validate({}) == [FieldError("to", "to is missing", "a value")]
    open_ended = kind({"mode": {"type": "string"}})
    assert left.merge(open_ended).validate({"mode": "often"}) == []


@pytest.mark.parametrize(
    "other",
    [
        {"effect": Effect.WRITE},
        {"reversibility": Reversibility.REVERSIBLE},
    ],
)
def test_one_action_cannot_do_two_things(other: dict[str, Any]) -> None:
    with pytest.raises(MalformedError, match="another effect"):
        kind(SHORT).merge(kind(SHORT, **other))
    with pytest.raises(MalformedError, match="another type"):
        kind(SHORT).merge(kind({"to": {"type": "integer"}}))
    with pytest.raises(MalformedError, match="another type"):
        kind(SHORT).merge(kind({"to": {"type": "string"}}))


def test_a_parameter_of_a_mapping_type() -> None:
    assert Parameter.of(ParamType.STRING, enum=("a",), description="An a") == Parameter(
        {"type": "string", "enum": ["a"], "description": "An a"}
    )


def test_what_can_be_lowered_is_what_all_who_speak_it_say() -> None:
    spelled = {"type": "object", "properties": {"amount": {"type": "number", "writable": True}, "to": {}}}
    assert kind(spelled).writable == {"amount"}
    short = kind(
        {"amount": {"type": "number", "writable": True}, "size": {"type": "integer", "writable": True}}
    )
    assert short.writable == {"amount", "size"}
    assert short.validate({"amount": 5}) == []
    assert short.merge(kind({"amount": {"type": "number", "writable": True}})).writable == {"amount"}
