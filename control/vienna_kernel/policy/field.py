"""The fields that a condition may name, and how each is read.

1. A field gives its value, or ``ABSENT`` (the action does not declare it), or ``UNDETERMINED`` (declared, but this
   request leaves it out, hides it, or it cannot be told).
2. Dotted names start with a known word. A bare name is one of ``_BARE``, else a parameter, else context.
3. What an agent says of itself is reachable as ``context.claimed.*`` and by no other name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from enum import Enum
from typing import Any

from vienna_kernel.budget.account import Account
from vienna_kernel.decision.risk import DAYS
from vienna_kernel.document import nearest
from vienna_kernel.policy.operand import Kind
from vienna_kernel.policy.subject import Subject


class Gap(Enum):
    """Why there is no value."""

    ABSENT = "absent"
    UNDETERMINED = "undetermined"
    UNASKED = "unasked"  # the decision was made without it; it is not counted or looked up afterwards


ABSENT, UNDETERMINED, UNASKED = Gap.ABSENT, Gap.UNDETERMINED, Gap.UNASKED

type Read = Callable[[Subject], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """One readable field.

    Attributes:
        name: As it is shown; a bare parameter is shown as ``parameters.X``.
        kind: What it holds, as far as the name tells.
        read: The value, or a ``Gap``.
        currency: Reads the currency code of an amount, None when the field never holds money.
        parameter: First step below ``parameters``, when it can be a parameter.
        budget: Name of the budget whose books it reads.
    """

    name: str
    kind: Kind
    read: Read
    currency: Read | None = None
    parameter: str | None = None
    budget: str | None = None


def _of(value: Any) -> Any:
    return ABSENT if value is None else value


def _walk(value: Any, steps: tuple[str, ...]) -> Any:
    """The member below; what is no object has members of which nothing can be told."""
    for step in steps:
        if value is None:
            return ABSENT
        if not isinstance(value, Mapping):
            return UNDETERMINED
        value = value.get(step)
    return _of(value)


def _parameter(name: str, rest: tuple[str, ...] = ()) -> Read:
    def read(subject: Subject) -> Any:
        value = subject.parameters.get(name)
        if value is None or name in subject.hidden:
            return UNDETERMINED if name in subject.undetermined else ABSENT
        return _walk(value, rest) if rest else value

    return read


def _context(steps: tuple[str, ...]) -> Read:
    return lambda subject: _walk(subject.facts.context, steps)


def _either(first: Read, second: Read) -> Read:
    """The first that the action knows anything about."""

    def read(subject: Subject) -> Any:
        value = first(subject)
        return second(subject) if value is ABSENT else value

    return read


def _parameter_currency(name: str) -> Read:
    def read(subject: Subject) -> Any:
        code = subject.currencies.get(name)
        if code is None:
            code = subject.currencies[name] = _currency_code(subject, name)
        return code

    return read


def _currency_code(subject: Subject, name: str) -> Any:
    holder = subject.intent.money.get(name, "currency")
    code = subject.intent.parameters.get(holder)
    if code is None and len(holder) == 3 and holder.isupper():
        code = holder
    return code.upper() if isinstance(code, str) else UNDETERMINED


def _environment(subject: Subject) -> Any:
    return _of(subject.facts.environment or subject.facts.agent.environment)


def _surely(read: Read) -> Read:
    """A fact that is there whether or not we know it: without a label nobody can say that it is not production."""

    def fact(subject: Subject) -> Any:
        value = read(subject)
        return UNDETERMINED if value is ABSENT else value

    return fact


def _cost(subject: Subject) -> Any:
    cost = subject.intent.cost
    return UNDETERMINED if cost is None and subject.spends else _of(cost.amount if cost else None)


def _cost_currency(subject: Subject) -> Any:
    cost = subject.intent.cost
    return cost.currency.upper() if cost else UNDETERMINED


def _target_host(subject: Subject) -> Any:
    return _of(subject.facts.request.get("host"))


def _action(subject: Subject) -> Any:
    return subject.intent.action


def _agent_name(subject: Subject) -> Any:
    return subject.facts.agent.name


def _trust(subject: Subject) -> Any:
    return Decimal(str(subject.facts.agent.trust))


def _rate(rule_id: str, window_seconds: int) -> Read:
    def read(subject: Subject) -> Any:
        count = subject.rate(rule_id, window_seconds)
        if count is not None:
            return count
        return UNDETERMINED if subject.facts.rate is None else UNASKED

    return read


def _request(name: str) -> Read:
    return lambda subject: _of(subject.facts.request.get(name))


_DOTTED: dict[str, tuple[Kind, Read]] = {
    "action.effect": (Kind.TEXT, lambda s: s.intent.effect.value),
    "action.reversibility": (Kind.TEXT, lambda s: s.intent.reversibility.value),
    "action.blast_radius": (Kind.NUMBER, lambda s: s.intent.blast_radius),
    "action.mapped": (Kind.BOOL, lambda s: s.intent.mapping is not None),
    "target.host": (Kind.TEXT, _target_host),
    "agent.id": (Kind.TEXT, lambda s: s.facts.agent.id),
    "agent.name": (Kind.TEXT, _agent_name),
    "agent.type": (Kind.TEXT, lambda s: s.facts.agent.type),
    "agent.trust_score": (Kind.NUMBER, _trust),
    "agent.environment": (Kind.TEXT, lambda s: _of(s.facts.agent.environment)),
    "context.timestamp": (Kind.TIME, lambda s: s.facts.now.isoformat()),
    "request.method": (Kind.TEXT, _request("method")),
    "request.scheme": (Kind.TEXT, _request("scheme")),
    "request.host": (Kind.TEXT, _request("host")),
    "request.port": (Kind.NUMBER, _request("port")),
    "request.path": (Kind.TEXT, _request("path")),
    "request.query": (Kind.TEXT, _request("query")),
    "request.url": (Kind.TEXT, _request("url")),
    "request.content_type": (Kind.TEXT, _request("content_type")),
}
_BARE: dict[str, tuple[Kind, Read]] = {
    "action": (Kind.TEXT, _action),
    "action_type": (Kind.TEXT, _action),
    "target": (Kind.TEXT, lambda s: s.intent.target),
    "agent_id": (Kind.TEXT, _agent_name),
    "risk_score": (Kind.NUMBER, lambda s: s.risk.value),
    "trust_score": (Kind.NUMBER, _trust),
    "retry_count": (Kind.NUMBER, lambda s: s.facts.retry_count),
    "cost_impact": (Kind.MONEY, _cost),
}
_ROOTS = frozenset({"action", "target", "agent", "context", "request", "parameters", "budget"})
KNOWN = sorted([*_DOTTED, *_BARE, "rate", "time_of_day", "day_of_week", "environment"])
ACTION_NAMES = frozenset({"action", "action_type"})


class UnknownFieldError(ValueError):
    """A field name that nothing can ever hold."""


def find(name: str, *, rule_id: str, window_seconds: int, tz: tzinfo) -> Field:
    """The field of a name, for one rule (``rate`` is counted for each). Raises ``UnknownFieldError``."""
    if name == "rate":
        return Field(name, Kind.NUMBER, _rate(rule_id, window_seconds))
    if name == "time_of_day":
        return Field(name, Kind.TIME, lambda subject: subject.facts.now.astimezone(tz).strftime("%H:%M"))
    if name == "day_of_week":
        return Field(name, Kind.TEXT, lambda subject: DAYS[subject.facts.now.astimezone(tz).weekday()])
    if name == "environment":
        known = _either(_parameter(name), _context((name,)))
        return Field(name, Kind.TEXT, _surely(_either(_environment, known)), parameter=None)
    if name in _BARE:
        kind, read = _BARE[name]
        return Field(name, kind, read, _cost_currency if name == "cost_impact" else None)
    if name in _DOTTED:
        kind, read = _DOTTED[name]
        return Field(name, kind, read)
    return _open(name)


def _open(name: str) -> Field:
    steps = tuple(name.split("."))
    if not all(steps) or any(step.strip() != step for step in steps):
        raise UnknownFieldError(f"{name!r} is not a field name")
    root, rest = steps[0], steps[1:]
    if root == "budget" and len(rest) == 2:
        return _of_budget(name, *rest)
    if root == "context" and rest[:1] == ("claimed",):
        return Field(name, Kind.ANY, lambda subject: _walk(subject.facts.claimed, rest[1:]))
    if root == "context" and rest:
        return Field(name, Kind.ANY, _context(rest))
    if root == "parameters" and rest:
        return _of_parameter(name, rest, _parameter(rest[0], rest[1:]))
    if root in _ROOTS:
        raise UnknownFieldError(f"unknown field {name!r}{nearest(name, KNOWN)}")
    return _of_parameter(name, steps, _either(_parameter(root, rest), _context(steps)))


def _of_budget(name: str, budget: str, column: str) -> Field:
    if column not in _BOOKS:
        known = [f"budget.{budget}.{word}" for word in _BOOKS]
        raise UnknownFieldError(f"unknown field {name!r}{nearest(name, known)}")
    book = _BOOKS[column]

    def read(subject: Subject) -> Any:
        account = subject.account(budget) if budget in subject.budgets else None
        if account is None:
            return UNASKED if subject.unasked(budget) else UNDETERMINED
        return book(account)

    def currency(subject: Subject) -> Any:
        return _of(subject.budgets[budget].currency) if budget in subject.budgets else UNDETERMINED

    return Field(name, Kind.MONEY, read, currency, budget=budget)


_BOOKS: dict[str, Callable[[Account], Decimal]] = {
    "remaining": lambda account: account.remaining,
    "spent": lambda account: account.spent,
    "reserved": lambda account: account.reserved,
    "limit": lambda account: account.limit,
}


def _of_parameter(name: str, steps: tuple[str, ...], read: Read) -> Field:
    currency = _parameter_currency(steps[0]) if len(steps) == 1 else None
    return Field(name, Kind.ANY, read, currency, parameter=steps[0])


def present(field: Field) -> Callable[[Subject], bool | None]:
    """Whether the request has a value there, known even where the value itself is hidden from us.

    None for a member of a hidden value: whether it has that member is hidden too.
    """
    nested = field.name.removeprefix("parameters.") != field.parameter

    def read(subject: Subject) -> bool | None:
        value = field.read(subject)
        if value is UNDETERMINED and field.parameter in subject.hidden:
            return None if nested else True
        return not isinstance(value, Gap)

    return read
