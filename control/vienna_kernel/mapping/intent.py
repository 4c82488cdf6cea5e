"""What was read off a call, as an intent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal

from vienna_kernel.call.request import Call
from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.intent import Cost, Effect, Intent, Reversibility, Tier
from vienna_kernel.mapping.action import Action
from vienna_kernel.mapping.param import Reading
from vienna_kernel.mapping.template import for_people, summary, target
from vienna_kernel.value import Value
from vienna_kernel.verdict import Reason, Refused

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_UNTOLD_REACH = 1000  # the reach from which the risk score counts in full


def unmapped_intent(call: Call, operation: str = "", *, spoken_for: bool = True) -> Intent:
    """A call that no mapping reads: ``http.<method>`` on its origin, a harmless read or a write of unknown reach.

    Args:
        operation: What its protocol calls it, where a mapping of the address told the protocol.
        spoken_for: Whether a mapping names this host. Then nothing is a read but what it says is one: some APIs
            delete on a GET, and an agent would find the path that their mapping forgot.
    """
    reading = call.method in _READS and not spoken_for
    named = {"operation": for_people(operation)} if operation else {}
    return Intent(
        action=f"http.{call.method.lower()}",
        target=call.origin,
        parameters={"host": call.host, "path": call.path, **named},
        effect=Effect.READ if reading else Effect.WRITE,
        reversibility=Reversibility.REVERSIBLE if reading else Reversibility.UNKNOWN,
        default_tier=Tier.T0 if reading else Tier.T2,
        summary=for_people(f"{call.method} {call.origin}{call.path} {operation}".rstrip()),
    )


def mapped_intent(action: Action, reading: Reading, facts: Value = None) -> Intent | Refused:
    """The intent of a call, or of one part of it, that a mapping read. ``facts``: the preflight answer.

    Errors: ``Refused`` with ``invalid_parameter`` when nothing names what it acts on.
    """
    values = reading.values
    name = target(action.target, values, whole=action.whole, coded=action.coded)
    if name is None:
        return Refused(
            Reason.INVALID_PARAMETER,
            f"{action.name}: what it acts on is not named",
            f"{action.name}: name what it acts on.",
        )
    return Intent(
        action=action.name,
        target=name,
        parameters=dict(values),
        effect=action.effect,
        reversibility=action.reversibility,
        default_tier=action.tier,
        undetermined=reading.undetermined,
        money=action.money,
        redacted=action.hidden & frozenset(values),
        cost=_cost(action, values, facts),
        blast_radius=_reach(action.blast_radius, values),
        summary=_sentence(action, name, values),
        mapping=action.mapping,
    )


def retold(action: Action, intent: Intent, values: Mapping[str, Value]) -> Intent:
    """The intent with other values. Its cost is told without the current state: no less than it is."""
    return replace(
        intent,
        parameters=dict(values),
        cost=_cost(action, values, None),
        blast_radius=_reach(action.blast_radius, values),
        summary=_sentence(action, intent.target, values),
    )


def _sentence(action: Action, name: str, values: Mapping[str, Value]) -> str:
    told = (
        summary(action.summary, values, currencies=action.money, hidden=action.hidden)
        if action.summary
        else ""
    )
    return told or f"{action.name} {for_people(name)}"


def _reach(radius: int | str, values: Mapping[str, Value]) -> int:
    """How many things are touched, at least 1; a number that cannot be told counts as the most that counts."""
    if isinstance(radius, int):
        return radius
    value = values.get(radius)
    if isinstance(value, (list, tuple)):
        return max(1, len(value))
    return max(1, value) if isinstance(value, int) and not isinstance(value, bool) else _UNTOLD_REACH


def _number(value: Value) -> Decimal | None:
    return None if isinstance(value, bool) or not isinstance(value, (int, Decimal)) else Decimal(value)


def _cost(action: Action, values: Mapping[str, Value], facts: Value) -> Cost | None:
    if action.cost is None:
        return None
    price = action.cost
    amount = _number(values.get(price.amount) if isinstance(price.amount, str) else price.amount)
    code = values.get(price.currency.param) if price.currency.param else price.currency.constant
    if amount is None or not isinstance(code, str):
        return None
    if price.times is None:
        return Cost(amount, code)
    times = _number(values.get(price.times) if isinstance(price.times, str) else price.times)
    if times is None:
        return None
    if price.minus is not None:
        before = price.minus.tell(values, facts)
        times -= (None if before is MISSING else _number(before)) or Decimal(0)
    return Cost(amount * max(times, Decimal(0)), code)
