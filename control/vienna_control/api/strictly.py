"""Bodies as their schema says: a flag is no number, a number is no text, an instant is a text.

pydantic reads JSON that was parsed before as it reads Python: ``0`` for false, ``"7"`` for 7, ``0`` for 1970. What is
published as a boolean, an integer, a number or a date-time is taken as nothing else.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from pydantic import BaseModel
from pydantic_core import CoreSchema, PydanticKnownError, SchemaValidator

_NOT_SCHEMAS = frozenset({"default", "metadata", "serialization", "expected", "function", "cls", "config"})

_INSTANT = re.compile(r"\d{4}-\d\d-\d\d")

type _Fault = Literal["bool_type", "int_type", "float_type", "datetime_type"]
type _Check = Callable[[Any], Any]


@functools.cache
def strictly(model: type[BaseModel], *, text: bool = False) -> Callable[[Any], BaseModel]:
    """The reader of a body; ``text``: of a query, where all is text. Raises ``ValidationError``."""
    checks = {name: check for name, check in _CHECKS.items() if not text or check is _instant}
    schema = cast(CoreSchema, _strict(model.__pydantic_core_schema__, checks))
    own = SchemaValidator(schema, _use_prebuilt=False)  # else each model brings its lenient one along
    return cast(Callable[[Any], BaseModel], own.validate_python)


def _strict(node: Any, checks: Mapping[str, _Check]) -> Any:
    if isinstance(node, list | tuple):
        return type(node)(_strict(one, checks) for one in node)
    if not isinstance(node, dict):
        return node
    rebuilt = {
        name: {field: _strict(one, checks) for field, one in value.items()}
        if name == "fields"
        else value
        if name in _NOT_SCHEMAS
        else _strict(value, checks)
        for name, value in node.items()
    }
    kind = rebuilt.get("type")
    check = checks.get(kind) if isinstance(kind, str) else None
    if check is None:
        return rebuilt
    before = {"type": "function-before", "function": {"type": "no-info", "function": check}}
    return {**before, "schema": rebuilt, **({"ref": rebuilt.pop("ref")} if "ref" in rebuilt else {})}


def _flag(value: Any) -> Any:
    return _unless(not isinstance(value, bool), "bool_type", value)


def _whole(value: Any) -> Any:
    return _unless(isinstance(value, bool | str), "int_type", value)


def _number(value: Any) -> Any:
    return _unless(isinstance(value, bool | str), "float_type", value)


def _instant(value: Any) -> Any:
    return _unless(not isinstance(value, str) or not _INSTANT.match(value), "datetime_type", value)


def _unless(wrong: bool, fault: _Fault, value: Any) -> Any:
    if wrong:
        raise PydanticKnownError(fault)
    return value


_CHECKS: dict[str, _Check] = {
    "bool": _flag,
    "int": _whole,
    "float": _number,
    "datetime": _instant,
    "date": _instant,
}
