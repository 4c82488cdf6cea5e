"""What a call means: an action on a target with typed parameters; its digest and its fingerprint.

1. ``digest`` names the meaning: equal action, target and parameters give equal digests.
2. The fingerprint names the call for rejoining and redeeming: everything in it, mapped or not, but what is
   declared volatile (see ``mapping.fingerprint``), so that nothing unseen can change after consent.
3. Redacted parameters leave the gate only as a keyed hash (``redact``).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from vienna_kernel.value import Value, canonical, digest, pack, unpack

HIDDEN = "[redacted]"
"""How a secret is shown to people."""


class Effect(StrEnum):
    """What an action does to the world; ``read`` is the only harmless one."""

    READ = "read"
    WRITE = "write"
    DELETE = "delete"
    SEND = "send"
    SPEND = "spend"
    GRANT = "grant"
    EXECUTE = "execute"
    ADMIN = "admin"


class Reversibility(StrEnum):
    REVERSIBLE = "reversible"
    COMPENSATABLE = "compensatable"
    IRREVERSIBLE = "irreversible"
    UNKNOWN = "unknown"


class Tier(StrEnum):
    """Risk tier; ``T0`` minimal to ``T3`` critical. Compares by order: ``max(a, b)`` is the stricter."""

    T0 = "T0"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"


@dataclass(frozen=True, slots=True)
class Cost:
    """Money that an action would move, in major units."""

    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What one call (or one part of it) means.

    Attributes:
        action: Name of an action type, e.g. ``create_refund``; unmapped calls are ``http.<method>``.
        target: What it acts on, e.g. ``stripe:charge/ch_1``; unmapped calls: ``https://host``.
        parameters: Typed values. Money is a decimal in major units with its currency beside it
            (``amount`` and ``currency``).
        undetermined: Names the action declares but this call leaves out or does not determine.
        money: Parameter names that hold money, each with the name of the parameter (or the literal code)
            that holds its currency.
        redacted: Parameter names whose values are kept only as keyed hashes.
        cost: What ``cost_impact`` is computed from, when the mapping knows it.
        blast_radius: How many things it touches; 1 unless the mapping counts more.
        summary: One sentence for people, e.g. ``Refund 5,000.00 EUR of charge ch_1``.
        mapping: ``id@version`` of the mapping that read it, None when unmapped.
    """

    action: str
    target: str
    parameters: Mapping[str, Value]
    effect: Effect
    reversibility: Reversibility
    default_tier: Tier
    undetermined: frozenset[str] = frozenset()
    money: Mapping[str, str] = field(default_factory=dict)
    redacted: frozenset[str] = frozenset()
    cost: Cost | None = None
    blast_radius: int = 1
    summary: str = ""
    mapping: str | None = None

    def digest(self) -> str:
        """``sha256:<hex>`` over action, target and parameters."""
        return digest({"action": self.action, "target": self.target, "parameters": self.parameters})

    def redact(self, key: bytes) -> Intent:
        """The same intent with each redacted value replaced by ``[redacted hmac-sha256:<hex>]``."""
        hidden = {
            name: f"[redacted hmac-sha256:{hmac.new(key, canonical(value), hashlib.sha256).hexdigest()[:32]}]"
            for name, value in self.parameters.items()
            if name in self.redacted
        }
        return replace(self, parameters={**self.parameters, **hidden}) if hidden else self

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data that ``from_json`` reads back as an equal intent."""
        return {
            "action": self.action,
            "target": self.target,
            "parameters": pack(self.parameters),
            "effect": self.effect.value,
            "reversibility": self.reversibility.value,
            "default_tier": self.default_tier.value,
            "undetermined": sorted(self.undetermined),
            "money": dict(self.money),
            "redacted": sorted(self.redacted),
            "cost": {"amount": str(self.cost.amount), "currency": self.cost.currency} if self.cost else None,
            "blast_radius": self.blast_radius,
            "summary": self.summary,
            "mapping": self.mapping,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Intent:
        """Inverse of ``to_json``. Raises ``KeyError`` or ``ValueError`` on anything else."""
        cost = data.get("cost")
        parameters = unpack(data["parameters"])
        if not isinstance(parameters, Mapping):
            raise ValueError("parameters: expected an object")
        return cls(
            action=data["action"],
            target=data["target"],
            parameters=parameters,
            effect=Effect(data["effect"]),
            reversibility=Reversibility(data["reversibility"]),
            default_tier=Tier(data["default_tier"]),
            undetermined=frozenset(data.get("undetermined", ())),
            money=dict(data.get("money", {})),
            redacted=frozenset(data.get("redacted", ())),
            cost=Cost(Decimal(cost["amount"]), cost["currency"]) if cost else None,
            blast_radius=data.get("blast_radius", 1),
            summary=data.get("summary", ""),
            mapping=data.get("mapping"),
        )
