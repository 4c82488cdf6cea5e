"""The exact terms of a standing warrant, as they are kept, shown and consented to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from vienna_control import rows
from vienna_control.approvals.legible import legible
from vienna_control.approvals.shown import exact
from vienna_control.approvals.words import are_words
from vienna_control.clock import from_iso, iso
from vienna_control.fleet.registry import Agent
from vienna_kernel.action import ActionType, FieldError
from vienna_kernel.approval.standing import Standing
from vienna_kernel.errors import MalformedError
from vienna_kernel.intent import Tier
from vienna_kernel.value import Value, pack, plain, plain_decimal
from vienna_kernel.warrant.limit import Limit, limits_from_json, limits_to_json

LONGEST = timedelta(days=30)
_MOST_BYTES = 4000  # its limits travel in a token of 8 kB
_NAMED = 5  # values of one limit that its sentence names
_LONGEST_SAID = 200


class TermsError(ValueError):
    """Terms that do not hold together.

    Attributes:
        errors: Each field with a message and what was expected.
    """

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(f"{errors[0].field}: {errors[0].message}")
        self.errors = list(errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What people are asked to consent to; the words are those of ``vienna_kernel.approval.standing``.

    Attributes:
        agents: At least one.
        reason: Why, in the words of who asks for it.
    """

    action: str
    agents: tuple[Agent, ...]
    count: int
    expires_at: datetime
    reason: str
    target: str | None = None
    limits: Mapping[str, Limit] = field(default_factory=dict)
    open: bool = False
    currency: str | None = None
    not_before: datetime | None = None
    most_tier: Tier = Tier.T2

    def told(self) -> dict[str, Any]:
        """For people and the API: plain JSON data, decimals as text."""
        return {
            "action": self.action,
            "agents": [{"id": agent.id, "name": agent.name} for agent in self.agents],
            "target": self.target,
            "limits": {name: told_limit(limit) for name, limit in sorted(self.limits.items())},
            "open": self.open,
            "currency": self.currency,
            "count": self.count,
            "not_before": iso(self.not_before) if self.not_before else None,
            "expires_at": iso(self.expires_at),
            "most_tier": self.most_tier.value,
            "reason": self.reason,
        }

    def sentence(self) -> str:
        """``let billing-bot do create_refund on payments:order/* 20 times without asking: amount at most 100 EUR``."""
        names = ", ".join(agent.name for agent in self.agents)
        where = f" on {_said(self.target)}" if self.target else ""
        times = "once" if self.count == 1 else f"{self.count} times"
        bounds = "; ".join(_words(name, limit, self.currency) for name, limit in sorted(self.limits.items()))
        more = "whatever else it says" if self.open else ""
        within = ", ".join(part for part in (bounds, more) if part)
        return f"let {names} do {self.action}{where} {times} without asking" + (
            f": {within}" if within else ""
        )

    def standing(self, standing_id: str, *, used: int = 0, agents: frozenset[str] | None = None) -> Standing:
        """For the kernel to judge by. ``agents``: those it still holds for; None: all."""
        return Standing(
            id=standing_id,
            action=self.action,
            agents=frozenset(agent.id for agent in self.agents) if agents is None else agents,
            target=self.target,
            limits=self.limits,
            open=self.open,
            currency=self.currency,
            count=self.count,
            used=used,
            not_before=self.not_before,
            expires_at=self.expires_at,
            most_tier=self.most_tier,
        )

    def columns(self) -> dict[str, Any]:
        """As its row keeps them, but for the agents."""
        return {
            "action": self.action,
            "target": self.target,
            "limits": rows.dump(limits_to_json(self.limits)),
            "open": self.open,
            "currency": self.currency,
            "count": self.count,
            "not_before": iso(self.not_before) if self.not_before else None,
            "expires_at": iso(self.expires_at),
            "most_tier": self.most_tier.value,
            "reason": self.reason,
        }


def of_row(row: rows.Row, agents: Sequence[Agent]) -> Terms:
    """Inverse of ``Terms.columns``."""
    return Terms(
        action=row["action"],
        agents=tuple(agents),
        target=row["target"],
        limits=limits_from_json(rows.load(row["limits"])),
        open=bool(row["open"]),
        currency=row["currency"],
        count=row["count"],
        not_before=from_iso(row["not_before"]) if row["not_before"] else None,
        expires_at=from_iso(row["expires_at"]),
        most_tier=Tier(row["most_tier"]),
        reason=row["reason"],
    )


def told_limit(limit: Limit) -> dict[str, Any]:
    """A limit as people write it: bounds as decimal text."""
    told: dict[str, Any] = {}
    if limit.one_of is not None:
        told["one_of"] = [plain(value) for value in limit.one_of]
    if limit.least is not None:
        told["min"] = plain_decimal(limit.least)
    if limit.most is not None:
        told["max"] = plain_decimal(limit.most)
    return told if limit.required else {**told, "optional": True}


def _words(name: str, limit: Limit, currency: str | None) -> str:
    parts = []
    if limit.one_of is not None:
        named = ", ".join(_said(value) for value in limit.one_of[:_NAMED])
        more = len(limit.one_of) - _NAMED
        parts.append(f"one of {named}" + (f" or {more} more" if more > 0 else ""))
    unit = f" {currency}" if currency else ""
    if limit.least is not None:
        parts.append(f"at least {plain_decimal(limit.least)}{unit}")
    if limit.most is not None:
        parts.append(f"at most {plain_decimal(limit.most)}{unit}")
    return f"{_said(name)} {' and '.join(parts) or 'anything'}"


def _said(value: Value) -> str:
    """A value as it stands in a sentence: legible, free text between ``‹`` and ``›``."""
    text = str(plain(value))
    told = legible(text, most=_LONGEST_SAID)
    return f"‹{told}›" if are_words(text) else told


def limits_of(told: Mapping[str, Mapping[str, Any]]) -> dict[str, Limit]:
    """Limits as people write them: ``{"amount": {"max": 100}}``. Raises ``TermsError`` naming each that is none."""
    limits, errors = {}, []
    for name, data in told.items():
        try:
            limits[name] = Limit.from_json({word: _packed(word, value) for word, value in data.items()})
        except (MalformedError, ArithmeticError, ValueError) as error:
            why = error.why if isinstance(error, MalformedError) else "expected a number"
            errors.append(FieldError(f"/limits/{name}", why, "one_of, min, max, optional"))
    if errors:
        raise TermsError(errors)
    return limits


def _packed(word: str, value: Any) -> Any:
    value = exact(value)
    if word in ("min", "max") and isinstance(value, str):
        value = Decimal(value)
    if isinstance(value, Decimal) and not (value.is_finite() and abs(value.adjusted()) < 30):
        raise ValueError("out of range")
    return pack(value)


def check(terms: Terms, kind: ActionType | None, *, now: datetime) -> ActionType:
    """The action type, ``kind``. Raises ``TermsError`` naming each field that cannot hold."""
    errors = [*_of_time(terms, now), *_of_limits(terms, kind)]
    if kind is None:
        errors.append(FieldError("/action", f"there is no action type {terms.action}", "a known action"))
    if terms.most_tier > Tier.T2:
        errors.append(FieldError("/most_tier", "what is T3 is asked about each time", "T2 at most"))
    if errors or kind is None:
        raise TermsError(errors)
    return kind


def _of_time(terms: Terms, now: datetime) -> list[FieldError]:
    errors = []
    if not now < terms.expires_at <= now + LONGEST:
        why = f"it ends in the future, and within {LONGEST.days} days"
        errors.append(FieldError("/expires_at", why, f"at most {iso(now + LONGEST)}"))
    if terms.not_before is not None and terms.not_before >= terms.expires_at:
        errors.append(FieldError("/not_before", "it begins after its end", "before expires_at"))
    return errors


def _of_limits(terms: Terms, kind: ActionType | None) -> list[FieldError]:
    errors = []
    for name, limit in terms.limits.items():
        if kind is not None and kind.parameters and name not in kind.parameters:
            why = f"{terms.action} has no parameter {name}"
            errors.append(FieldError(f"/limits/{name}", why, ", ".join(sorted(kind.parameters))))
        elif limit.impossible:
            errors.append(FieldError(f"/limits/{name}", "no value is within it", "bounds that meet"))
    if len(rows.dump(limits_to_json(terms.limits))) > _MOST_BYTES:
        errors.append(
            FieldError("/limits", "they are too many to travel in a warrant", f"{_MOST_BYTES} bytes")
        )
    bounded = any(limit.least is not None or limit.most is not None for limit in terms.limits.values())
    if bounded and terms.currency is None and kind is not None and "currency" in kind.parameters:
        errors.append(
            FieldError("/currency", "an amount is bounded, and it is not said in which currency", "EUR")
        )
    return errors


def with_currency(
    terms_currency: str | None, limits: Mapping[str, Limit], kind: ActionType | None
) -> dict[str, Limit]:
    """The limits, with one on ``currency`` where the action has it and nothing is said of it."""
    if terms_currency is None or kind is None or "currency" not in kind.parameters or "currency" in limits:
        return dict(limits)
    return {**limits, "currency": Limit(one_of=(terms_currency,))}
