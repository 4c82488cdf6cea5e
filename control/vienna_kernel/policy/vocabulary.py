"""The names that a condition may use, and the field behind each.

1. Dotted names start with a known word. A bare name is one of ``_BARE``, else a parameter, else context.
2. What an agent says of itself is reachable as ``context.claimed.*`` and by no other name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import tzinfo
from decimal import Decimal
from typing import Any

from vienna_kernel.budget.account import Account
from vienna_kernel.decision.risk import DAYS
from vienna_kernel.document import nearest
from vienna_kernel.intent import Effect, Reversibility
from vienna_kernel.policy.field import (
    UNASKED,
    UNDETERMINED,
    Field,
    Read,
    context,
    currency_of,
    either,
    parameter,
    surely,
    told,
    walk,
)
from vienna_kernel.policy.operand import Kind
from vienna_kernel.policy.subject import Subject


def _environment(subject: Subject) -> Any:
    return told(subject.facts.environment or subject.facts.agent.environment)


def _cost(subject: Subject) -> Any:
    cost = subject.intent.cost
    return UNDETERMINED if cost is None and subject.spends else told(cost.amount if cost else None)


def _cost_currency(subject: Subject) -> Any:
    cost = subject.intent.cost
    return cost.currency.upper() if cost else UNDETERMINED


def _target_host(subject: Subject) -> Any:
    return told(subject.facts.request.get("host"))


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
    return lambda subject: told(subject.facts.request.get(name))


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
    "agent.environment": (Kind.TEXT, lambda s: told(s.facts.agent.environment)),
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
CLOSED: Mapping[str, tuple[str, ...]] = {
    "action.effect": tuple(word.value for word in Effect),
    "action.reversibility": tuple(word.value for word in Reversibility),
    "day_of_week": DAYS,
}
"""Fields that hold one of a few words and nothing else."""


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
        known = either(parameter(name), context((name,)))
        return Field(name, Kind.TEXT, surely(either(_environment, known)), parameter=None)
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
        return Field(name, Kind.ANY, lambda subject: walk(subject.facts.claimed, rest[1:]))
    if root == "context" and rest:
        return Field(name, Kind.ANY, context(rest))
    if root == "parameters" and rest:
        return _of_parameter(name, rest, parameter(rest[0], rest[1:]))
    if root in _ROOTS:
        raise UnknownFieldError(f"unknown field {name!r}{nearest(name, KNOWN)}")
    return _of_parameter(name, steps, either(parameter(root, rest), context(steps)))


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
        return told(subject.budgets[budget].currency) if budget in subject.budgets else UNDETERMINED

    return Field(name, Kind.MONEY, read, currency, budget=budget)


_BOOKS: dict[str, Callable[[Account], Decimal]] = {
    "remaining": lambda account: account.remaining,
    "spent": lambda account: account.spent,
    "reserved": lambda account: account.reserved,
    "limit": lambda account: account.limit,
}


def _of_parameter(name: str, steps: tuple[str, ...], read: Read) -> Field:
    currency = currency_of(steps[0]) if len(steps) == 1 else None
    return Field(name, Kind.ANY, read, currency, parameter=steps[0])
