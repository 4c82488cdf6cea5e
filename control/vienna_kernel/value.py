"""Values as the law sees them: JSON without floats, and its one canonical byte form.

1. Numbers are ``int`` or ``Decimal``; a float never enters.
2. ``canonical`` gives RFC 8785 bytes, with a ``Decimal`` (and an integer beyond 2**53 - 1, which RFC 8785 cannot
   write) as a string in plain notation without trailing zeros: 5.0 and 5.00 are one value.
3. ``pack`` and ``unpack`` carry values over plain JSON without losing which strings were decimals.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import orjson
import rfc8785

type Value = None | bool | int | Decimal | str | Sequence[Value] | Mapping[str, Value]

_DECIMAL = "$decimal"
_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]+)?\Z", re.ASCII)
_SAFE_INTEGER = 2**53 - 1
_ASTRAL = re.compile(rb"[\xf0-\xf4]")  # how UTF-8 begins a character beyond U+FFFF


def plain_decimal(number: Decimal) -> str:
    """``Decimal`` in plain notation, shortest form: ``5``, ``5.5``, never ``5.50`` or ``5E+1``."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


class _Float(float):
    """orjson refuses a subclass of ``float``, so that it never writes one: it spells them in its own way."""


def _ready(value: Value, odd: Callable[[Any], Any]) -> Any:
    """What JSON can write. ``odd`` is asked about whatever is no value."""
    if isinstance(value, str) or value is None or value is True or value is False:
        return value
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, int):
        return value if -_SAFE_INTEGER <= value <= _SAFE_INTEGER else str(value)
    if isinstance(value, Mapping):
        return {key: _ready(item, odd) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_ready(item, odd) for item in value]
    return odd(value)


def _odd(value: Any) -> float:
    if isinstance(value, float):
        return _Float(value)
    raise rfc8785.CanonicalizationError(f"a value cannot hold a {type(value).__name__}")


def canonical(value: Value) -> bytes:
    """RFC 8785 bytes of a value; equal values give equal bytes.

    Errors: ``ValueError`` (``rfc8785.CanonicalizationError``, ``UnicodeError``) for what is no value.

    orjson writes the same bytes forty times as fast. It sorts names by code point and RFC 8785 (3.2.3) by UTF-16 unit:
    that is one order unless a character is beyond U+FFFF. What it cannot write is left to rfc8785 too.
    """
    ready = _ready(value, _odd)
    try:
        written = orjson.dumps(ready, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        return rfc8785.dumps(ready)
    return written if written.isascii() or not _ASTRAL.search(written) else rfc8785.dumps(ready)


def digest(value: Value) -> str:
    """``sha256:<hex>`` of the canonical bytes."""
    return "sha256:" + hashlib.sha256(canonical(value)).hexdigest()


def pack(value: Value) -> Any:
    """A value as plain JSON data; a decimal becomes ``{"$decimal": "5.5"}``."""
    if isinstance(value, Decimal):
        return {_DECIMAL: plain_decimal(value)}
    if isinstance(value, Mapping):
        return {key: pack(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [pack(item) for item in value]
    return value


def unpack(data: Any) -> Value:
    """Inverse of ``pack``. Raises ``ValueError`` on a malformed decimal."""
    if isinstance(data, Mapping):
        if set(data) == {_DECIMAL}:
            return _decimal(data[_DECIMAL])
        return {key: unpack(item) for key, item in data.items()}
    if isinstance(data, (list, tuple)):
        return [unpack(item) for item in data]
    return data  # type: ignore[no-any-return]  # JSON leaves are values


def _decimal(text: Any) -> Decimal:
    # Plain notation only: the digits of 1E+999999999 would fill the memory when it is written out.
    if not isinstance(text, str) or not _PLAIN.match(text):
        raise ValueError("a decimal that is not in plain notation")
    return Decimal(text)


def plain(value: Value) -> Any:
    """A value as people and the API see it: decimals as strings."""
    return _ready(value, lambda item: item)
