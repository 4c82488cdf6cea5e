"""A field of a condition: what it holds, and how it is read of a subject. Their names are in ``vocabulary``.

A field gives its value, or ``ABSENT`` (the action does not declare it), or ``UNDETERMINED`` (declared, but this request
leaves it out, hides it, or it cannot be told).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

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


def told(value: Any) -> Any:
    """A value, or ``ABSENT`` for none."""
    return ABSENT if value is None else value


def walk(value: Any, steps: tuple[str, ...]) -> Any:
    """The member below; what is no object has members of which nothing can be told."""
    for step in steps:
        if value is None:
            return ABSENT
        if not isinstance(value, Mapping):
            return UNDETERMINED
        value = value.get(step)
    return told(value)


def parameter(name: str, rest: tuple[str, ...] = ()) -> Read:
    """A parameter of the intent, or a member below it."""

    def read(subject: Subject) -> Any:
        value = subject.parameters.get(name)
        if value is None or name in subject.hidden:
            return UNDETERMINED if name in subject.undetermined else ABSENT
        return walk(value, rest) if rest else value

    return read


def context(steps: tuple[str, ...]) -> Read:
    """A fact of ours."""
    return lambda subject: walk(subject.facts.context, steps)


def either(first: Read, second: Read) -> Read:
    """The first that the action knows anything about."""

    def read(subject: Subject) -> Any:
        value = first(subject)
        return second(subject) if value is ABSENT else value

    return read


def currency_of(name: str) -> Read:
    """The currency code of a parameter that is money."""

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


def surely(read: Read) -> Read:
    """A fact that is there whether or not we know it: without a label nobody can say that it is not production."""

    def fact(subject: Subject) -> Any:
        value = read(subject)
        return UNDETERMINED if value is ABSENT else value

    return fact


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
