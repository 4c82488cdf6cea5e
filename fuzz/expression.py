"""One-line conditions: plain data or ``ExpressionError`` with its column."""

from __future__ import annotations

from fuzz import law
from vienna_kernel.policy.expression import ExpressionError, parse

SEEDS = (
    b"action == 'create_refund' AND parameters.amount > 1000 EUR",
    b"NOT (a in ['x', \"y\"] or b between [1, 2.5]) AND c exists",
    b"time time_between ['09:00', '17:00'] and d not in [true, false]",
    b"a matches '^x+$' OR b contains ''",
)


def one_input(data: bytes) -> None:
    text = data.decode("utf-8", errors="surrogateescape")
    try:
        found = parse(text)
    except ExpressionError as error:
        law(1 <= error.column <= len(text) + 1, "the column is within the text")
        return
    law(isinstance(found, dict), "a condition is an object")
