"""One action of a mapping, compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

from vienna_kernel.action import ActionType
from vienna_kernel.decode.pointer import Pointer
from vienna_kernel.intent import Effect, Reversibility, Tier
from vienna_kernel.mapping.choose import Discriminator
from vienna_kernel.mapping.fingerprint import Volatile
from vienna_kernel.mapping.origin import Origin
from vienna_kernel.mapping.param import Param
from vienna_kernel.mapping.route import Pattern
from vienna_kernel.mapping.shown import Tree
from vienna_kernel.mapping.template import Template
from vienna_kernel.parameter import ParamType
from vienna_kernel.verification.spec import VerifySpec


@dataclass(frozen=True, slots=True)
class Preflight:
    """A read of the current state. ``show``: what of it people see, as text and as steps."""

    paths: tuple[Template, ...]
    show: tuple[tuple[str, Pointer], ...]


@dataclass(frozen=True, slots=True)
class Price:
    """Where an action's cost comes from: an amount (or the parameter that holds it) for each of ``times``.

    Attributes:
        times: How many; one when None.
        minus: How many there are already, when only what is added costs.
    """

    amount: Decimal | str
    currency: Origin
    times: int | str | None = None
    minus: Origin | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What one route means.

    Attributes:
        mapping: ``id@version``.
        protocol: How requests of its file are taken apart, with what the file says to it.
        kinds: Bodies it reads; empty: none.
        body_tree, operation_tree: Declared places.
        inner: Encoded strings, by where they stand.
        each: A list whose every item is an intent.
        whole: Path variables and parameters that hold several segments.
        coded: Path variables that are kept encoded.
        hidden: Parameters that are kept only as keyed hashes.
        money: Amounts, each with the parameter of its currency.
        blast_radius: A number, or the parameter that holds it.
        replay_seconds: How long an identical call is the same call; None: as the gate has it.
        repeated: Form keys under which every item of a list stands.
    """

    name: str
    mapping: str
    protocol: str
    options: Mapping[str, Any]
    pattern: Pattern
    methods: tuple[str, ...]
    discriminator: Discriminator
    params: tuple[Param, ...]
    body_tree: Tree
    operation_tree: Tree
    unknown: Literal["reject", "flag", "allow"]
    max_body: int | None
    kinds: frozenset[str]
    codings: frozenset[str]
    inner: tuple[tuple[Pointer, str], ...]
    each: Pointer | None
    effect: Effect
    reversibility: Reversibility
    tier: Tier
    target: Template
    whole: frozenset[str]
    coded: frozenset[str]
    summary: Template | None
    money: Mapping[str, str]
    hidden: frozenset[str]
    blast_radius: int | str
    cost: Price | None
    volatile: Volatile
    idempotency_header: str | None
    idempotency_inject: bool
    replay_seconds: int | None
    preflight: Preflight | None
    verify: VerifySpec | None
    writable: tuple[str, ...]
    stream: bool
    response_fields: tuple[str, ...]
    kind: ActionType
    query_params: tuple[Param, ...] = field(init=False)
    form_params: tuple[Param, ...] = field(init=False)
    repeated: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "query_params", tuple(p for p in self.params if p.place == "query"))
        object.__setattr__(self, "form_params", tuple(p for p in self.params if p.place == "form"))
        lists = (p.key for p in self.form_params if p.kind is ParamType.STRING_LIST and not p.prefix)
        object.__setattr__(self, "repeated", frozenset(key for key in lists if not key.endswith("[]")))
