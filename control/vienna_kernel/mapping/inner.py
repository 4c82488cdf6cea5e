"""Strings inside a body that hold a document of their own, decoded where they stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import unquote_to_bytes

from vienna_kernel.decode import address, json
from vienna_kernel.decode.base64 import from_base64
from vienna_kernel.decode.pointer import Pointer
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value

_MANY = "*"


def _text_bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # what half a pair makes of it, the decoders refuse


def _mime(data: bytes) -> Value:
    from vienna_kernel.decode import mime  # heavy: loaded when first used

    return mime.loads(data)


def _text(data: bytes) -> Value:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedError("body", "base64 of what is no text") from None


def _address(text: str) -> Value:
    """The one address of ``Name <a@example.com>``."""
    found = address.addresses(text)
    if len(found) != 1:
        raise MalformedError("body", "several addresses where one is expected")
    return found[0]


_DECODERS: dict[str, Callable[[str], Value]] = {
    "json": lambda text: json.loads(_text_bytes(text)),
    "json-base64": lambda text: json.loads(from_base64(text, url=False)),
    "urlencoded-json": lambda text: json.loads(unquote_to_bytes(text)),
    "base64": lambda text: _text(from_base64(text, url=False)),
    "address": _address,
    "mime": lambda text: _mime(_text_bytes(text)),
    "mime-base64": lambda text: _mime(from_base64(text, url=False)),
    "mime-base64url": lambda text: _mime(from_base64(text, url=True)),
}


def decode(value: Value, rows: Sequence[tuple[Pointer, str]]) -> Value:
    """The value with what stands at the pointers decoded; the given value is not changed.

    A pointer that leads nowhere, or to null, changes nothing. Errors: ``MalformedError``.
    """
    for at, encoding in rows:
        value = _at(value, at, encoding)
    return value


def _sql(text: str, dialect: str) -> Value:
    from vienna_kernel.protocol import sql  # heavy: loaded when first used

    return sql.statements_value(text, dialect)


def _at(value: Value, at: Pointer, encoding: str) -> Value:
    if not at:
        return None if value is None else _decoded(value, encoding)
    step, rest = at[0], at[1:]
    if isinstance(value, dict) and step in value:
        return {key: _at(item, rest, encoding) if key == step else item for key, item in value.items()}
    if isinstance(value, list) and step == _MANY:
        return [_at(item, rest, encoding) for item in value]
    return value


def _decoded(value: Value, encoding: str) -> Value:
    if not isinstance(value, str):
        raise MalformedError("body", f"expected a string that holds {encoding}")
    if encoding.startswith("sql:"):
        return _sql(value, encoding.removeprefix("sql:"))
    return _DECODERS[encoding](value)
