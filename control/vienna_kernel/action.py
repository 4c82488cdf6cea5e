"""Action types: the registry of what can be asked for; parameters are held against it before policy is asked.

1. A type declares its parameters as JSON Schema 2020-12; the shorthand (one object per parameter, ``required``
   inside) is written out to the same.
2. A schema is closed over itself: a reference to anywhere else is an error at load.
3. One action may be spoken by several APIs (``llm_completion``): ``merge`` makes one type of them, the stricter
   tier and nothing required that one of them does not have.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import jsonschema_rs

from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Effect, Reversibility, Tier
from vienna_kernel.parameter import ParamType, schema_of
from vienna_kernel.value import Value

_MAX_ERRORS = 50
_SCHEMA_WORDS = frozenset({"$schema", "$defs", "$ref", "properties", "required", "allOf", "anyOf", "oneOf"})


@dataclass(frozen=True, slots=True)
class FieldError:
    """One parameter that does not fit.

    Attributes:
        field: ``amount``, ``items/0/price``.
        message: One sentence, without the value.
        expected: What would fit: ``integer``, ``email``, ``one of a, b``.
    """

    field: str
    message: str
    expected: str

    def to_json(self) -> dict[str, str]:
        return {"field": self.field, "message": self.message, "expected": self.expected}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One declared parameter.

    Attributes:
        schema: JSON Schema of its value.
        required: Whether a call without it is refused; else it is undetermined when it is left out.
    """

    schema: Mapping[str, Any]
    required: bool = False

    @classmethod
    def of(
        cls, kind: ParamType, *, required: bool = False, enum: tuple[Any, ...] = (), description: str = ""
    ) -> Parameter:
        schema = schema_of(kind)
        if enum:
            schema["enum"] = list(enum)
        if description:
            schema["description"] = description
        return cls(schema, required)


def _retrieve(uri: str) -> Any:
    raise ValueError("a schema may not refer to another place")


def _validator(schema: Mapping[str, Any], name: str) -> jsonschema_rs.Draft202012Validator:
    try:
        return jsonschema_rs.Draft202012Validator(
            dict(schema),
            validate_formats=True,
            mask="the value",
            retriever=_retrieve,
            pattern_options=jsonschema_rs.RegexOptions(),
        )
    except (ValueError, TypeError) as error:
        why = str(error).partition("\n")[0]
        raise MalformedError(f"action type {name}", f"not a JSON Schema: {why}") from None


def _plain(value: Value) -> Any:
    """Decimals as JSON numbers, for the validator only."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**63 else float(value)
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


@dataclass(frozen=True, slots=True)
class ActionType:
    """What an action is and takes.

    Attributes:
        default_tier: The least consent it needs, whatever a rule says short of ``may_lower``.
        parameters: By name, as far as the schema lists them at its top.
        schema: JSON Schema 2020-12 of all parameters as one object.
        redacted: Parameters that leave the gate only as keyed hashes.
        writable: Parameters that an approver may lower: in a schema those with ``writable: true``.
    """

    name: str
    description: str
    default_tier: Tier
    effect: Effect
    reversibility: Reversibility
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    schema: Mapping[str, Any] = field(default_factory=dict)
    redacted: frozenset[str] = frozenset()
    writable: frozenset[str] = frozenset()
    _checks: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.schema:
            object.__setattr__(self, "schema", _closed(self.parameters))
        object.__setattr__(self, "_checks", _validator(self.schema, self.name))

    @classmethod
    def from_schema(cls, schema: Mapping[str, Any], **facts: Any) -> ActionType:
        """A type from JSON Schema or the shorthand; ``facts`` are the other attributes.

        Errors: ``MalformedError`` for what is neither.
        """
        if not isinstance(schema, Mapping):
            raise MalformedError(f"action type {facts.get('name', '')}", "expected an object")
        if schema.get("type") == "object" or _SCHEMA_WORDS & set(schema):
            names = schema.get("properties", {})
            needed = schema.get("required", ())
            if not isinstance(names, Mapping) or not isinstance(needed, (list, tuple)):
                raise MalformedError(f"action type {facts.get('name', '')}", "not a JSON Schema of an object")
            listed = {
                name: Parameter(part if isinstance(part, Mapping) else {}, name in needed)
                for name, part in names.items()
            }
            return cls(parameters=listed, schema=dict(schema), writable=_writable(listed), **facts)
        listed = dict(_shorthand(schema, str(facts.get("name", ""))))
        return cls(parameters=listed, writable=_writable(listed), **facts)

    def validate(self, parameters: Mapping[str, Value]) -> list[FieldError]:
        """What does not fit, at most 50; empty when all of it does."""
        found = []
        for error in self._checks.iter_errors(_plain(parameters)):
            found += _field_errors(error)
            if len(found) >= _MAX_ERRORS:
                break
        return found

    def merge(self, other: ActionType) -> ActionType:
        """One type for an action that two APIs speak.

        Errors: ``MalformedError`` when they differ in effect, reversibility or the type of a parameter.
        """
        where = f"action type {self.name}"
        if (self.effect, self.reversibility) != (other.effect, other.reversibility):
            raise MalformedError(where, "two mappings give it another effect or reversibility")
        both = {**other.parameters, **self.parameters}
        for name in set(self.parameters) & set(other.parameters):
            mine, theirs = dict(self.parameters[name].schema), dict(other.parameters[name].schema)
            enums = (mine.pop("enum", None), theirs.pop("enum", None))
            if mine.get("type") != theirs.get("type") or mine.get("format") != theirs.get("format"):
                raise MalformedError(where, f"two mappings give {name!r} another type")
            joined = None if None in enums else sorted({*(enums[0] or ()), *(enums[1] or ())}, key=str)
            both[name] = Parameter({**mine, **({"enum": joined} if joined else {})})
        required = {
            n for n in both if all(n in t and t[n].required for t in (self.parameters, other.parameters))
        }
        parameters = {name: Parameter(part.schema, name in required) for name, part in both.items()}
        tier = max(self.default_tier, other.default_tier)
        return replace(
            self,
            default_tier=tier,
            parameters=parameters,
            schema={},
            redacted=self.redacted | other.redacted,
            writable=self.writable & other.writable,
        )


def _writable(parameters: Mapping[str, Parameter]) -> frozenset[str]:
    return frozenset(name for name, part in parameters.items() if part.schema.get("writable") is True)


def _closed(parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    required = sorted(name for name, part in parameters.items() if part.required)
    return {
        "type": "object",
        "properties": {name: dict(part.schema) for name, part in parameters.items()},
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _shorthand(schema: Mapping[str, Any], name: str) -> Iterable[tuple[str, Parameter]]:
    for key, part in schema.items():
        if not isinstance(part, Mapping) or not isinstance(part.get("required", False), bool):
            raise MalformedError(f"action type {name}", f"{key!r}: expected an object with type and required")
        kind = part.get("type")
        own = {word: item for word, item in part.items() if word != "required"}
        if isinstance(kind, str) and kind in set(ParamType) - {"string"}:
            own = {**schema_of(ParamType(kind)), **{w: item for w, item in own.items() if w != "type"}}
        yield str(key), Parameter(own, part.get("required", False))


def _field_errors(error: jsonschema_rs.ValidationError) -> list[FieldError]:
    at = "/".join(str(step) for step in error.instance_path)
    kind = error.kind
    word = kind.name
    if word == "required":
        missing = str(getattr(kind, "property", ""))
        return [FieldError(f"{at}/{missing}".lstrip("/"), f"{missing} is missing", "a value")]
    if word == "additionalProperties":
        return [
            FieldError(f"{at}/{name}".lstrip("/"), f"{name} is not a parameter of this action", "nothing")
            for name in getattr(kind, "unexpected", ())
        ]
    expected = getattr(kind, "types", None) or getattr(kind, "format", None) or getattr(kind, "options", None)
    if isinstance(expected, (list, tuple)):
        expected = ("one of " if len(expected) > 1 else "") + ", ".join(str(item) for item in expected)
    return [FieldError(at, error.message, str(expected or word))]
