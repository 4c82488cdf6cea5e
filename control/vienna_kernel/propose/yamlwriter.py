"""YAML in the one style of the shipped mappings: a line for each key, small objects in braces, guesses as comments.

Everything that is not surely a plain word is put in double quotes, with what cannot be printed as an escape.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

from vienna_kernel.value import Value, plain_decimal

_PLAIN = re.compile(r"/?[A-Za-z][A-Za-z0-9_]*(?:[./-][A-Za-z0-9_]+)*\Z")
_RESERVED = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_MAX_COMMENT = 160


def scalar(value: str | bool | int | Decimal | None) -> str:
    """One value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, int):
        return str(value)
    return value if _PLAIN.match(value) and value.lower() not in _RESERVED else quoted(value)


def quoted(text: str) -> str:
    """Text in double quotes. Half a surrogate pair, which no YAML can hold, is written as U+FFFD."""
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(char: str) -> str:
    if char in _SHORT:
        return _SHORT[char]
    if "\ud800" <= char <= "\udfff":
        return "\\uFFFD"
    if char == " " or (char.isprintable() and char not in "\ufeff\ufffe\uffff"):
        return char
    code = ord(char)
    return f"\\x{code:02X}" if code < 0x100 else f"\\u{code:04X}" if code < 0x10000 else f"\\U{code:08X}"


def flow(value: Value) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value)


def comment(text: str) -> str:
    """Text of others as a comment: one line, nothing that cannot be printed, at most 160 characters."""
    line = " ".join(text.split())
    shown = "".join(char if char.isprintable() else "?" for char in line[: _MAX_COMMENT + 1])
    return "# " + (shown if len(shown) <= _MAX_COMMENT else shown[:_MAX_COMMENT] + "…")


def block(text: str, indent: str) -> str:
    """Text of several lines, as it stands; what a block cannot hold is quoted."""
    if (
        not text.isascii()
        or any(not char.isprintable() and char != "\n" for char in text)
        or not text.endswith("\n")
    ):
        return quoted(text)
    if text.endswith("\n\n") or text.startswith((" ", "\n")):
        return quoted(text)
    lines = "".join(f"{indent}{line}\n" if line else "\n" for line in text[:-1].split("\n"))
    return "|\n" + lines.rstrip("\n")
