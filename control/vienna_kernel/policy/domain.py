"""What a field can hold at all: the part of a model of calls that no condition says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from vienna_kernel.policy.kinds import kind_of_schema
from vienna_kernel.policy.operand import Kind
from vienna_kernel.policy.vocabulary import CLOSED

_CLOCK = tuple(f"{minute // 60:02}:{minute % 60:02}" for minute in range(24 * 60))


@dataclass(frozen=True, slots=True, kw_only=True)
class Domain:
    """The kinds of value that are possible.

    Attributes:
        closed: The only values; None: any of the kinds that follow.
        least, most: Inclusive bounds of a number; None: unbounded.
        whole: Numbers are integers.
        absent: The action may not declare it.
        open: It may be that it cannot be told.
        hidden: It may be there and its value hidden from us.
        priced: It may be an amount of money, with a currency beside it.
        parameter: Then it may be compared only in that currency.
    """

    closed: tuple[Any, ...] | None = None
    text: bool = False
    number: bool = False
    truth: bool = False
    shapes: bool = False
    least: Decimal | None = None
    most: Decimal | None = None
    whole: bool = False
    absent: bool = False
    open: bool = False
    hidden: bool = False
    priced: bool = False
    parameter: bool = False


ANYTHING = Domain(
    text=True, number=True, truth=True, shapes=True, absent=True, open=True, hidden=True, priced=True, parameter=True
)  # fmt: skip
_TEXT = Domain(text=True)
_PERHAPS_TEXT = Domain(text=True, absent=True)
_SCORE = Domain(number=True, least=Decimal(0), most=Decimal(100))
_COUNT = Domain(number=True, least=Decimal(0), whole=True)

_DOMAINS: Mapping[str, Domain] = {
    "action": _TEXT,
    "action.mapped": Domain(closed=(True, False)),
    "action.blast_radius": Domain(number=True, whole=True),
    **{name: Domain(closed=words) for name, words in CLOSED.items()},
    "target": _TEXT,
    "agent.id": _TEXT,
    "agent.name": _TEXT,
    "agent.type": _TEXT,
    "agent.environment": _PERHAPS_TEXT,
    "trust_score": _SCORE,
    "risk_score": Domain(number=True, least=Decimal(0), most=Decimal(100), whole=True),
    "retry_count": _COUNT,
    "rate": Domain(number=True, least=Decimal(0), whole=True, open=True),
    "time_of_day": Domain(closed=_CLOCK),
    "context.timestamp": _TEXT,
    "environment": Domain(text=True, number=True, truth=True, shapes=True, open=True),
    "cost_impact": Domain(number=True, absent=True, open=True, priced=True),
    "request.port": Domain(number=True, absent=True),
}


def of_name(name: str) -> Domain:
    """What a field of this name can hold, whatever the action."""
    if name in _DOMAINS:
        return _DOMAINS[name]
    root = name.partition(".")[0]
    if root == "request":
        return _PERHAPS_TEXT
    return Domain(number=True, open=True, priced=True) if root == "budget" else ANYTHING


_DECLARED = Domain(absent=True, open=True, hidden=True, priced=True, parameter=True)
_OF_KIND: Mapping[Kind, Domain] = {
    Kind.TEXT: replace(_DECLARED, text=True),
    Kind.TIME: replace(_DECLARED, text=True),
    Kind.NUMBER: replace(_DECLARED, number=True),
    Kind.BOOL: replace(_DECLARED, truth=True),
    Kind.LIST: replace(_DECLARED, shapes=True),
    Kind.OBJECT: replace(_DECLARED, shapes=True),
}


def of_schema(schema: Mapping[str, Any]) -> Domain:
    """What a parameter that is declared so can hold; a request may still leave it out."""
    values = schema.get("enum")
    if isinstance(values, list):
        return replace(_DECLARED, closed=tuple(value for value in values if value is not None))
    return _OF_KIND.get(kind_of_schema(schema), ANYTHING)
