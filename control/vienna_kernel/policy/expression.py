"""One-line conditions: ``action == 'create_refund' AND parameters.amount > 1000 EUR``.

``parse`` gives the same plain data that a policy file would spell out with ``all any not field operator value``.
``NOT`` binds closest, then ``AND``, then ``OR``; both cases of the words are read.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from lark import Lark, Token, Transformer, UnexpectedInput

_LONGEST = 4000

_GRAMMAR = r"""
?start: or_test
?or_test: and_test (_OR and_test)*
?and_test: not_test (_AND not_test)*
?not_test: _NOT not_test -> not_
         | "(" or_test ")"
         | comparison
comparison: FIELD SIGN scalar CURRENCY?      -> sign
          | FIELD WORD scalar                -> word
          | FIELD _BETWEEN "[" number "," number "]" CURRENCY? -> between
          | FIELD _TIME_BETWEEN "[" string "," string "]" -> time_between
          | FIELD _IN values CURRENCY?         -> in_
          | FIELD _NOT _IN values CURRENCY?    -> not_in
          | FIELD _EXISTS                    -> exists
          | FIELD _NOT _EXISTS               -> not_exists
values: "[" scalar ("," scalar)* "]"
?scalar: string | number | boolean
string: STRING
number: NUMBER
boolean: BOOLEAN

_OR.3: /or\b/i
_AND.3: /and\b/i
_NOT.3: /not\b/i
_IN.3: /in\b/i
_BETWEEN.3: /between\b/i
_TIME_BETWEEN.3: /time_between\b/i
_EXISTS.3: /exists\b/i
WORD.3: /(matches|contains)\b/i
BOOLEAN.2: /(true|false)\b/i
CURRENCY.2: /(?!AND\b|NOT\b)[A-Z]{3}\b/
SIGN: "==" | "!=" | ">=" | "<=" | ">" | "<"
FIELD: /[A-Za-z_][A-Za-z0-9_\-]*(\.[A-Za-z0-9_\-]+)*/
NUMBER: /-?(0|[1-9][0-9]*)(\.[0-9]+)?/
STRING: /'[^'\n]*'/ | /"[^"\n]*"/
%ignore /[ \t\r\n]+/
"""

_SIGNS = {"==": "equals", "!=": "not_equals", ">": "gt", "<": "lt", ">=": "gte", "<=": "lte"}


class ExpressionError(ValueError):
    """The text is no expression; ``column`` is 1-based, within the text."""

    def __init__(self, column: int, why: str) -> None:
        super().__init__(f"at column {column} of the expression: {why}")
        self.column = column


class _ToData(Transformer[Token, Any]):
    def string(self, parts: list[Token]) -> str:
        return str(parts[0])[1:-1]

    def number(self, parts: list[Token]) -> int | Decimal:
        text = str(parts[0])
        return Decimal(text) if "." in text else int(text)

    def boolean(self, parts: list[Token]) -> bool:
        return str(parts[0]).lower() == "true"

    def values(self, parts: list[Any]) -> list[Any]:
        return parts

    def sign(self, parts: list[Any]) -> dict[str, Any]:
        return _leaf(parts[0], _SIGNS[str(parts[1])], parts[2], parts[3:])

    def word(self, parts: list[Any]) -> dict[str, Any]:
        return _leaf(parts[0], str(parts[1]).lower(), parts[2])

    def between(self, parts: list[Any]) -> dict[str, Any]:
        return _leaf(parts[0], "between", parts[1:3], parts[3:])

    def time_between(self, parts: list[Any]) -> dict[str, Any]:
        return _leaf(parts[0], "time_between", parts[1:3])

    def in_(self, parts: list[Any]) -> dict[str, Any]:
        return _leaf(parts[0], "in", parts[1], parts[2:])

    def not_in(self, parts: list[Any]) -> dict[str, Any]:
        return _leaf(parts[0], "not_in", parts[1], parts[2:])

    def exists(self, parts: list[Any]) -> dict[str, Any]:
        return _leaf(parts[0], "exists")

    def not_exists(self, parts: list[Any]) -> dict[str, Any]:
        return _leaf(parts[0], "not_exists")

    def or_test(self, parts: list[Any]) -> dict[str, Any]:
        return {"any": parts}

    def and_test(self, parts: list[Any]) -> dict[str, Any]:
        return {"all": parts}

    def not_(self, parts: list[Any]) -> dict[str, Any]:
        return {"not": parts[0]}


def _leaf(field: Any, operator: str, value: Any = None, currency: Any = ()) -> dict[str, Any]:
    data: dict[str, Any] = {"field": str(field), "operator": operator}
    if operator not in ("exists", "not_exists"):
        data["value"] = value
    if currency:
        data["currency"] = str(currency[0])
    return data


# the transformer runs while parsing: no recursion over the tree, however deep a text nests
_PARSER = Lark(_GRAMMAR, parser="lalr", maybe_placeholders=False, transformer=_ToData())


def parse(text: str) -> dict[str, Any]:
    """Plain condition data of an expression of at most 4,000 characters. Raises ``ExpressionError``."""
    if len(text) > _LONGEST:
        raise ExpressionError(_LONGEST, f"longer than {_LONGEST} characters")
    try:
        found: dict[str, Any] = _PARSER.parse(text)  # type: ignore[assignment]  # the transformer makes the data
    except UnexpectedInput as error:
        raise ExpressionError(*_complaint(text, error)) from None
    return found


def _complaint(text: str, error: UnexpectedInput) -> tuple[int, str]:
    at = error.pos_in_stream
    if at is None or getattr(getattr(error, "token", None), "type", "") == "$END":
        at = len(text)
    came = text[at : at + 12].split("\n")[0] or "the end"
    allowed = (
        getattr(error, "accepts", None) or getattr(error, "expected", None) or getattr(error, "allowed", ())
    )
    names = {_READABLE.get(name, name.lower().strip("_")) for name in allowed or ()}
    return at + 1, f"expected {' or '.join(sorted(names))}, got {came!r}"


_READABLE = {
    "$END": "the end",
    "SIGN": "== != > < >= <=",
    "LSQB": "[",
    "RSQB": "]",
    "LPAR": "(",
    "RPAR": ")",
    "COMMA": ",",
    "FIELD": "a field",
    "STRING": "'text'",
    "NUMBER": "a number",
    "BOOLEAN": "true or false",
    "CURRENCY": "a currency such as EUR",
    "WORD": "matches, contains",
}
