"""Example values: what a client would send for a parameter, and what the mapping makes of it.

They are our own, not the description's: the name of the parameter and a number, so that a case reads by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from vienna_kernel.parameter import ParamType
from vienna_kernel.propose.field import Field
from vienna_kernel.value import Value

CURRENCY = "EUR"
_FIXED: Mapping[ParamType, Value] = {
    ParamType.INT: 1,
    ParamType.DECIMAL: 5,
    ParamType.MINOR_UNITS: 500,
    ParamType.CURRENCY: CURRENCY,
    ParamType.BOOL: True,
    ParamType.TIMESTAMP: "2026-01-31T10:00:00Z",
    ParamType.EMAIL: "someone@example.com",
    ParamType.EMAIL_LIST: ["someone@example.com"],
    ParamType.URL: "https://example.com/",
    ParamType.MAP: {"key": "value"},
}


@dataclass(frozen=True, slots=True)
class Sample:
    """One example.

    Attributes:
        sent: As JSON; as text it is ``text``.
        seen: As the mapping reads it.
    """

    sent: Value
    seen: Value

    @property
    def text(self) -> str:
        """As a path, a query, a header or a form spells it."""
        value = (
            self.sent[0] if isinstance(self.sent, Sequence) and not isinstance(self.sent, str) else self.sent
        )
        return value if isinstance(value, str) else json.dumps(value)


def sample_of(field: Field, *, currency: bool = False, variant: int = 1) -> Sample:
    """An example of a parameter. ``currency``: another parameter takes its currency from it; ``variant``: another."""
    if currency:
        return Sample(CURRENCY, CURRENCY)
    if field.enum:
        value: Value = field.enum[(variant - 1) % len(field.enum)]
        return Sample([value], [value]) if field.kind is ParamType.STRING_LIST else Sample(value, value)
    if field.kind is ParamType.MINOR_UNITS:
        return Sample(500, Decimal(5))
    if field.kind in _FIXED:
        value = _FIXED[field.kind]
        value = variant if field.kind is ParamType.INT else value
        return Sample(value, value)
    text = f"{field.name.replace('_', '-')}-{variant}"
    return Sample([text], [text]) if field.kind is ParamType.STRING_LIST else Sample(text, text)


def placed(rows: Sequence[tuple[Sequence[str], Value]]) -> Value:
    """Values at their places as one JSON object; ``*`` makes a list of one."""
    root: dict[str, Value] = {}
    for steps, value in rows:
        if not steps:
            return value
        _put(root, list(steps), value)
    return root


def _put(at: dict[str, Value], steps: list[str], value: Value) -> None:
    step, rest = steps[0], steps[1:]
    if not rest:
        at[step] = value
        return
    below = at.setdefault(step, {})
    if isinstance(below, dict):
        _put(below, rest, value)
