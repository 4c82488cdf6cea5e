"""One action of a mapping, compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from vienna_kernel.action import ActionType
from vienna_kernel.decode.pointer import Pointer
from vienna_kernel.intent import Effect, Reversibility, Tier
from vienna_kernel.mapping.fingerprint import Volatile
from vienna_kernel.mapping.param import Origin, Param
from vienna_kernel.mapping.route import Pattern
from vienna_kernel.mapping.shown import Tree
from vienna_kernel.mapping.template import Template
from vienna_kernel.verification import VerifySpec

type BodyKind = Literal["json", "form", "none"]

BODYLESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Preflight:
    """A read of the current state. ``show``: what of it people see, as text and as steps."""

    paths: tuple[Template, ...]
    show: tuple[tuple[str, Pointer], ...]


@dataclass(frozen=True, slots=True)
class Price:
    """Where an action's cost comes from."""

    amount: Decimal | str
    currency: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What one route means.

    Attributes:
        mapping: ``id@version``.
        whole: Path variables that hold several segments.
        hidden: Parameters that are kept only as keyed hashes.
        money: Amounts, each with the parameter of its currency.
    """

    name: str
    mapping: str
    pattern: Pattern
    methods: tuple[str, ...]
    params: tuple[Param, ...]
    tree: Tree
    unknown: Literal["reject", "flag", "allow"]
    max_body: int | None
    body: BodyKind
    effect: Effect
    reversibility: Reversibility
    tier: Tier
    target: Template
    whole: frozenset[str]
    summary: Template | None
    money: Mapping[str, str]
    hidden: frozenset[str]
    cost: Price | None
    volatile: Volatile
    idempotency_header: str | None
    idempotency_inject: bool
    preflight: Preflight | None
    verify: VerifySpec | None
    stream: bool
    response_fields: tuple[str, ...]
    kind: ActionType
    query_params: tuple[Param, ...] = field(init=False)
    form_params: tuple[Param, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "query_params", tuple(p for p in self.params if p.place == "query"))
        object.__setattr__(self, "form_params", tuple(p for p in self.params if p.place == "form"))
