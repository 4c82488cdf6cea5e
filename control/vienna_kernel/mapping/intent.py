"""What was read off a call, as an intent."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from vienna_kernel.call.request import Call
from vienna_kernel.intent import Cost, Effect, Intent, Reversibility, Tier
from vienna_kernel.mapping.action import Action
from vienna_kernel.mapping.param import Reading
from vienna_kernel.mapping.template import for_people, summary, target
from vienna_kernel.value import Value
from vienna_kernel.verdict import Reason, Refused

_READS = frozenset({"GET", "HEAD", "OPTIONS"})


def unmapped_intent(call: Call) -> Intent:
    """A call that no mapping reads: ``http.<method>`` on its origin, a harmless read or a write of unknown reach."""
    reading = call.method in _READS
    return Intent(
        action=f"http.{call.method.lower()}",
        target=call.origin,
        parameters={"host": call.host, "path": call.path},
        effect=Effect.READ if reading else Effect.WRITE,
        reversibility=Reversibility.REVERSIBLE if reading else Reversibility.UNKNOWN,
        default_tier=Tier.T0 if reading else Tier.T2,
        summary=for_people(f"{call.method} {call.origin}{call.path}"),
    )


def mapped_intent(action: Action, reading: Reading) -> Intent | Refused:
    """The intent of a call that a mapping read.

    Errors: ``Refused`` with ``invalid_parameter`` when nothing names what it acts on.
    """
    values = reading.values
    name = target(action.target, values, whole=action.whole)
    if name is None:
        return Refused(
            Reason.INVALID_PARAMETER,
            f"{action.name}: what it acts on is not named",
            f"{action.name}: name what it acts on.",
        )
    told = (
        summary(action.summary, values, currencies=action.money, hidden=action.hidden)
        if action.summary
        else ""
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
        cost=_cost(action, values),
        summary=told or f"{action.name} {for_people(name)}",
        mapping=action.mapping,
    )


def _cost(action: Action, values: Mapping[str, Value]) -> Cost | None:
    if action.cost is None:
        return None
    price = action.cost
    amount = values.get(price.amount) if isinstance(price.amount, str) else price.amount
    code = values.get(price.currency.param) if price.currency.param else price.currency.constant
    if isinstance(amount, bool) or not isinstance(amount, (int, Decimal)) or not isinstance(code, str):
        return None
    return Cost(Decimal(amount), code)
