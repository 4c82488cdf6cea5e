"""The part of a mapping file that speaks of the request: which one, and where in it what stands."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from vienna_kernel.mapping.words import HeaderName, Model, Name, Operation, PointerText, Scalar, Source
from vienna_kernel.parameter import ParamType

type Derivation = Literal["count", "domains", "sum", "concat", "digest", "first"]


class NoneOf(Model):
    """Any value but these, and not null."""

    none_of: list[Scalar] = Field(min_length=1)


class Match(Model):
    """Which requests: method tokens and one path of literals, ``{var}``, ``{var:encoded}`` and a last ``{var+}``
    or ``{var+:encoded}``.

    Attributes:
        operation: What the protocol calls it, ``*`` at the end for any that begin so.
        query: Keys that must stand in the query, with the value they must have or null for any.
        headers: Likewise for headers.
        having: Values, one of which must stand at a pointer into the operation or the body; none: anything but
            null; ``none_of``: anything but these. Where the pointer has a ``*``, one of the items must.
    """

    methods: list[Annotated[str, Field(pattern=r"^[A-Z][A-Z-]*$")]] = Field(min_length=1)
    path: str = Field(pattern=r"^/[!-~]*$", max_length=500)
    operation: Operation | list[Operation] = Field(default_factory=list)
    query: list[str] | dict[str, str | None] = Field(default_factory=list)
    headers: list[HeaderName] | dict[HeaderName, str | None] = Field(default_factory=list)
    having: dict[PointerText, list[Scalar] | NoneOf] = Field(default_factory=dict)


class ParamModel(Model):
    """Where a parameter stands and what it is.

    Attributes:
        name: Key on the wire, the parameter's own name when left out; for ``json``, ``body``, ``operation`` and
            ``item`` a pointer when it starts with ``/``, in which ``*`` is every item of a list. Empty for ``item``:
            the item itself. For ``host`` either nothing, the whole host, or ``label``, what stands for its first
            ``*``, or ``last_label``, what stands for the last; missing where the mapping names the host exactly.
        from_: ``untold``: a call of this API never says it; what ``when_missing`` does not tell either is undetermined.
        prefix: Form or query keys that start so make one object: ``metadata[``.
        value: The value of a ``const``.
        of: The parameters that a ``derived`` one is told from.
        when_missing: What is meant when it is left out: ``const:…``, ``preflight:/a`` or ``preflight:/a-/b``
            (a difference, the second zero when absent); the first that can be told.
        case: ``lower`` for names that the API takes in any case: ASCII letters become lower-case before anything
            is compared with them.
    """

    from_: Source = Field(alias="from")
    name: str | None = Field(None, max_length=200)
    prefix: str | None = Field(None, pattern=r"^[^\[\]&=]+\[$")
    value: Scalar | None = None
    of: list[Name] = Field(default_factory=list)
    derive: Derivation | None = None
    type: ParamType | None = Field(None, strict=False)
    description: str = ""
    required: bool = False
    enum: list[Scalar] = Field(default_factory=list)
    currency_from: str | None = None
    when_missing: str | list[str] = Field(default_factory=list)
    case: Literal["lower"] | None = None
    redact: bool | Literal["values"] = False


class CostModel(Model):
    """What it costs: an amount, or a price for each of so many.

    Attributes:
        unit_price: Price of one, in major units.
        times: How many: ``params.count`` or a number.
        minus: How many there are already: ``preflight:/spec/replicas`` or ``params.…``.
    """

    amount: str | int | Decimal | None = None
    unit_price: str | int | Decimal | None = None
    times: str | int | None = None
    minus: str | None = None
    currency: str


class IdempotencyModel(Model):
    header: HeaderName
    inject: bool = False


class PreflightModel(Model):
    """A read of the current state before anyone decides; of several paths the first that can be filled in."""

    method: Literal["GET"] = "GET"
    path: str | list[str]
    show: list[PointerText] = Field(default_factory=list)


class SqlModel(Model):
    """How the statement of ``sql-http`` is found and read.

    Attributes:
        dialect: As sqlglot names it.
        statement: ``body``, ``query:<key>`` or ``json:<pointer>``; of several all that are there.
    """

    dialect: str = Field(pattern=r"^[a-z0-9]{1,20}$")
    statement: str | list[str] = "body"


class WebSocketModel(Model):
    """How messages are told apart. ``operation``: where in a message of JSON its kind stands."""

    operation: PointerText = "/type"
