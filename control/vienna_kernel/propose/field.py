"""A parameter of a proposed action: where it stands, what type it has, and what of that is a guess.

Names say three things that a schema does not: a secret, an amount of money, its currency. Each is marked as guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from vienna_kernel.parameter import ParamType
from vienna_kernel.propose.shape import Shape
from vienna_kernel.propose.words import singular, words

type Source = Literal["host", "path", "query", "header", "json", "form", "body"]

MAX_ENUM = 60
_LONG = 64
_LONGEST_KEY = 190
_SECRET = frozenset(
    "apikey cvc cvv passcode passphrase passwd password pin pwd secret ssn credential otp accesstoken"
    " privatekey clientsecret".split()
)
_SECRET_PAIRS = frozenset(
    f"{first} key" for first in "access api encryption license private secret service signing ssh".split()
)
_NO_SECRET_TOKENS = frozenset(
    "cancel continuation continue cursor idempotency next page paging pagination prev previous resume scroll skip start"
    " sync".split()
)
_AMOUNTS = frozenset({"amount", "total", "price", "subtotal"})
_TEXTUAL = frozenset({"path", "query", "header", "form"})
_HIDEABLE = frozenset({ParamType.STRING, ParamType.ANY, ParamType.MAP, ParamType.STRING_LIST})
_LISTED = frozenset({ParamType.STRING, ParamType.INT, ParamType.BOOL, ParamType.STRING_LIST})


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One parameter as it is proposed.

    Attributes:
        key: On the wire: a variable, a key, a pointer for ``json`` and ``body``, ``label`` for part of a host.
        enum: Its only values.
        prefix: The keys that start with ``key[`` make one object.
        currency: The parameter that holds its currency, empty when it is no money.
        guessed: What of it is a guess, and from what.
    """

    name: str
    source: Source
    key: str
    kind: ParamType = ParamType.STRING
    required: bool = False
    enum: tuple[str | int | bool, ...] = ()
    prefix: bool = False
    currency: str = ""
    redact: bool = False
    guessed: tuple[str, ...] = ()

    @property
    def steps(self) -> tuple[str, ...]:
        """A pointer as its steps, a key as one."""
        if self.source not in ("json", "body"):
            return (self.key,)
        return tuple(step.replace("~1", "/").replace("~0", "~") for step in self.key.split("/")[1:])


def field_of(name: str, source: Source, key: str, shape: Shape, *, required: bool = False) -> Field:
    """A parameter of a shape; secrets by their name are redacted, and then required nowhere."""
    kind = kind_of(shape, textual=source in _TEXTUAL)
    enum = shape.enum or (shape.item.enum if shape.item else ())
    made = Field(
        name=name,
        source=source,
        key=key,
        kind=kind,
        required=required,
        enum=_allowed(enum, kind) if kind in _LISTED and source != "body" else (),
    )
    why = secret(words(key.rpartition("/")[2])) or held_secret(shape)
    if why and source != "path" and not enum and kind in _HIDEABLE:
        # Credentials have other ways to come, so that one that is left out says nothing.
        return replace(made, redact=True, required=False, guessed=(f"redact, by {why}",))
    return made


def retyped(one: Field, kind: ParamType) -> Field:
    """The same of another type; values listed stay where they are of that type."""
    texts = kind in (ParamType.STRING, ParamType.STRING_LIST) and all(
        isinstance(value, str) for value in one.enum
    )
    return replace(one, kind=kind, enum=one.enum if texts else ())


def held_secret(shape: Shape, depth: int = 3) -> str:
    """The words by which something inside a value is a secret; empty when nothing is."""
    inside = [("", shape.item)] if shape.item else list(shape.members.items())
    for key, member in inside if depth else ():
        own = secret(words(key)) if member.kind == "string" and not member.enum else ""
        found = own or held_secret(member, depth - 1)
        if found:
            return found
    return ""


def kind_of(shape: Shape, *, textual: bool) -> ParamType:
    """The type of a parameter. ``textual``: it comes as text, whatever it means."""
    match shape.kind:
        case "string":
            return _STRINGS.get(shape.format, ParamType.STRING)
        case "integer":
            return ParamType.INT
        case "number":
            return ParamType.DECIMAL
        case "boolean":
            return ParamType.BOOL
        case "array" if not textual and shape.item is not None and shape.item.kind == "string":
            return ParamType.EMAIL_LIST if shape.item.format == "email" else ParamType.STRING_LIST
        case "object" if not textual:
            return ParamType.MAP
    return ParamType.STRING if textual else ParamType.ANY


_STRINGS = {
    "date-time": ParamType.TIMESTAMP,
    "decimal": ParamType.DECIMAL,
    "email": ParamType.EMAIL,
    "uri": ParamType.URL,
    "url": ParamType.URL,
}


def _allowed(enum: Sequence[str | int | bool], kind: ParamType) -> tuple[str | int | bool, ...]:
    """The values listed, where they fit the type and are few enough to be read by a person."""
    wanted = {ParamType.INT: int, ParamType.BOOL: bool}.get(kind, str)
    good = all(type(value) is wanted and len(str(value)) <= 100 for value in enum) and len(enum) <= MAX_ENUM
    says_nothing = wanted is bool and len(enum) > 1
    return tuple(enum) if good and "" not in enum and not says_nothing else ()


def secret(told: tuple[str, ...]) -> str:
    """The words by which a name is one of a secret; empty when it is none."""
    last, before = (singular(told[-1]) if told else ""), told[-2] if len(told) > 1 else ""
    if last in _SECRET or f"{before} {last}" in _SECRET_PAIRS:
        return f"{before} {last}" if last == "key" else last
    if told[-1:] == ("token",) and before not in _NO_SECRET_TOKENS:
        return "token"
    return ""


def with_money(fields: Sequence[Field]) -> list[Field]:
    """The same, amounts that have a currency beside them told as money."""
    codes = [one for one in fields if _is_currency(one)]
    return [_as_amount(one, codes) for one in fields]


def _is_currency(one: Field) -> bool:
    last = words(one.steps[-1])[-2:]
    return (
        one.kind is ParamType.STRING
        and not one.redact
        and (last[-1:] == ("currency",) or last == ("currency", "code"))
    )


def _as_amount(one: Field, codes: Sequence[Field]) -> Field:
    beside = next(
        (code for code in codes if code.steps[:-1] == one.steps[:-1] and code.source == one.source), None
    )
    if beside is one:
        return replace(one, enum=())  # codes are compared in upper case
    told = words(one.steps[-1])
    named = bool(told) and (told[0] in _AMOUNTS or told[-1] in _AMOUNTS or told == ("value",))
    if beside is None or not named or one.kind not in (ParamType.INT, ParamType.DECIMAL, ParamType.STRING):
        return one
    minor = one.kind is ParamType.INT
    if one.kind is ParamType.STRING and told[-1] not in (*_AMOUNTS, "value"):
        return one
    return replace(
        one,
        kind=ParamType.MINOR_UNITS if minor else ParamType.DECIMAL,
        enum=(),
        currency=beside.name,
        required=one.required and (beside.required or not minor),
        guessed=(
            *one.guessed,
            "minor units, an integer beside a currency"
            if minor
            else "major units; minor_units if it counts cents",
        ),
    )


def distinct(fields: Sequence[Field]) -> list[Field]:
    """The same without those that stand where another does: a key twice, one inside of an object or a list."""
    places = {_place(one) for one in fields}
    seen: set[tuple[str, ...]] = set()
    found = []
    for one in fields:
        place = _place(one)
        inside = any(place[:i] in places for i in range(2, len(place))) and "*" not in place
        if not inside and place not in seen:
            found.append(one)
        seen.add(place)
    return found


def _place(one: Field) -> tuple[str, ...]:
    """Where it stands, as steps; brackets of a form or a query lead inside as a pointer does."""
    if one.source in ("json", "body"):
        return (one.source, *one.steps)
    if one.source == "header":
        return (one.source, one.key.lower())
    head, bracket, rest = one.key.partition("[")
    return (one.source, head, rest) if bracket else (one.source, head)


def name_of(key: str) -> str:
    """A name of a parameter for a key or words; starts with a letter, at most 64 characters."""
    text = "_".join(words(key)) or "field"
    text = text if text[0].isalpha() else f"x_{text}"
    return "money_field" if text == "money" else text[:_LONG].rstrip("_")


class Names:
    """Names of the parameters of one action, all different."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def give(self, key: str, *, otherwise: str) -> str:
        """A name for a key; ``otherwise``: what to add when it is taken, ``body``."""
        base = name_of(key)
        options = [base, f"{base[: _LONG - len(otherwise) - 1]}_{otherwise}"]
        found = next((text for text in options if text not in self._used), "")
        number = 2
        while not found:
            text = f"{base[: _LONG - 6]}_{number}"
            found, number = ("" if text in self._used else text), number + 1
        self._used.add(found)
        return found


def usable(key: str) -> bool:
    """Whether a key can be named in a mapping, and read by a person: not empty, not long, nothing invisible."""
    return 0 < len(key) <= _LONGEST_KEY and key.isprintable()
