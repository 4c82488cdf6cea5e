"""Bodies as their schema says: a flag is no number, a number is no text, an instant is a text.

pydantic reads JSON that was parsed before as it reads Python: ``0`` for false, ``"7"`` for 7, ``0`` for 1970. What is
published as a boolean, an integer, a number or a date-time is taken as nothing else.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Literal, cast

from pydantic import BaseModel
from pydantic_core import CoreSchema, PydanticKnownError, SchemaValidator

_NOT_SCHEMAS = frozenset({"default", "metadata", "serialization", "expected", "function", "cls", "config"})

type _Fault = Literal["bool_type", "int_type", "float_type", "string_type"]


@functools.cache
def strictly(model: type[BaseModel]) -> Callable[[Any], BaseModel]:
    """The reader of a body. Raises ``ValidationError``."""
    schema = cast(CoreSchema, _strict(model.__pydantic_core_schema__))
    own = SchemaValidator(schema, _use_prebuilt=False)  # else each model brings its lenient one along
    return cast(Callable[[Any], BaseModel], own.validate_python)


def _strict(node: Any) -> Any:
    if isinstance(node, list | tuple):
        return type(node)(map(_strict, node))
    if not isinstance(node, dict):
        return node
    rebuilt = {
        name: {field: _strict(one) for field, one in value.items()}
        if name == "fields"
        else value
        if name in _NOT_SCHEMAS
        else _strict(value)
        for name, value in node.items()
    }
    kind = rebuilt.get("type")
    check = _CHECKS.get(kind) if isinstance(kind, str) else None
    if check is None:
        return rebuilt
    before = {"type": "function-before", "function": {"type": "no-info", "function": check}}
    return {**before, "schema": rebuilt, **({"ref": rebuilt.pop("ref")} if "ref" in rebuilt else {})}


def _only(wanted: tuple[type, ...], fault: _Fault, *, but: tuple[type, ...] = ()) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if isinstance(value, but) or (wanted and not isinstance(value, wanted)):
            raise PydanticKnownError(fault)
        return value

    return check


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "bool": _only((bool,), "bool_type"),
    "int": _only((), "int_type", but=(bool, str)),
    "float": _only((), "float_type", but=(bool, str)),
    "datetime": _only((str,), "string_type"),
    "date": _only((str,), "string_type"),
}
