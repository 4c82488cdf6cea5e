"""Strict JSON: one reading per document.

UTF-8 without byte order mark; no key twice after unescaping; no NaN or Infinity; integers within 2**53, other
numbers as ``Decimal``; strings without lone surrogates; at most 32 levels, counted before anything is parsed.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, cast

from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value

MAX_DEPTH = 32
MAX_INTEGER = 2**53

_MAX_NUMBER_CHARS = 128
_MAX_EXPONENT = 400

# Possessive, so that a string of 50 MiB costs no backtracking state.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89abcdefABCDEF]")


def _judge_depth(data: bytes) -> None:
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _BRACKET.findall(_STRING.sub(b"", data)):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise MalformedError("body", f"nested deeper than {MAX_DEPTH}")


def _integer(text: str) -> int:
    if len(text) > 17 or abs(number := int(text)) > MAX_INTEGER:
        raise MalformedError("body", "an integer beyond 2**53")
    return number


def _decimal(text: str) -> Decimal:
    number = Decimal(text) if len(text) <= _MAX_NUMBER_CHARS else None
    if number is None or abs(number.adjusted()) > _MAX_EXPONENT:
        raise MalformedError("body", "a number with too many digits")
    return number


def _constant(text: str) -> Value:
    raise MalformedError("body", f"{text} is not JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedError("body", "an object has a key twice")
    return found


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_decimal, parse_constant=_constant
)


def _judge_strings(value: Value) -> None:
    """Refuse lone surrogates: they have no UTF-8 form, so no one could repeat what was judged."""
    if isinstance(value, str):
        value.encode("utf-8")
    elif isinstance(value, dict):
        for key, item in value.items():
            key.encode("utf-8")
            _judge_strings(item)
    elif isinstance(value, list):
        for item in value:
            _judge_strings(item)


def loads(data: bytes) -> Value:
    """The value of one JSON document. Errors: ``MalformedError``."""
    _judge_depth(data)
    try:
        value = cast(Value, _DECODER.decode(data.decode("utf-8")))
        if _SURROGATE_ESCAPE.search(data):
            _judge_strings(value)
    except MalformedError:
        raise
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise MalformedError("body", _why(error)) from None
    return value


def _why(error: Exception) -> str:
    """What was expected and where; nothing of the body itself."""
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at line {error.lineno} column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    if isinstance(error, UnicodeEncodeError):
        return "a string holds half a surrogate pair"
    return f"not JSON: {type(error).__name__}"
