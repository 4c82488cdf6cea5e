"""What one call counts for, and on whose account.

None means that it cannot be told, and then nothing fits: a parameter that is left out, hidden, negative or no number,
money in another currency than the budget's, a counterparty that is not named.
"""

from __future__ import annotations

from decimal import Context, Decimal, Inexact

from vienna_kernel.budget.definition import HIGHEST, Budget, named
from vienna_kernel.intent import Intent
from vienna_kernel.money import currency_code
from vienna_kernel.value import Value, plain_decimal

ONE = Decimal(1)
NOTHING = Decimal(0)

_FINEST = -30  # decimal places
_LONGEST_NAME = 500
# Amounts have at most 61 digits, so that sums of a billion billion of them are exact. One that is not would be our bug.
_EXACT = Context(prec=80, traps=[Inexact])


def total(*amounts: Decimal) -> Decimal:
    """The exact sum."""
    found = NOTHING
    for amount in amounts:
        found = _EXACT.add(found, amount)
    return found


def less(amount: Decimal, by: Decimal) -> Decimal:
    """The exact difference."""
    return _EXACT.subtract(amount, by)


def number(value: Value) -> Decimal | None:
    """A number that may be counted: 0 to ``HIGHEST``, at most 30 decimal places. A negative one would refill."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return None
    found = Decimal(value)
    if not found.is_finite() or not 0 <= found <= HIGHEST:
        return None
    exponent = found.as_tuple().exponent
    return found if isinstance(exponent, int) and exponent >= _FINEST else None


def amount_of(budget: Budget, intent: Intent) -> Decimal | None:
    """How much of the budget this intent would use."""
    if budget.over == "count":
        return ONE
    if budget.parameter is None:
        cost = intent.cost
        return number(cost.amount) if cost and cost.currency.upper() == budget.currency else None
    return _parameter(budget, budget.parameter, intent)


def _parameter(budget: Budget, name: str, intent: Intent) -> Decimal | None:
    if name in intent.redacted:
        return None
    value = intent.parameters.get(name)
    if value is None:
        return None if budget.when_missing is None else Decimal(budget.when_missing)
    if budget.currency is None:
        return None if name in intent.money else number(value)
    return number(value) if _currency(name, intent) == budget.currency else None


def _currency(name: str, intent: Intent) -> str | None:
    holder = intent.money.get(name, "currency")
    code = intent.parameters.get(holder)
    if code is None and currency_code(holder) == holder:
        code = holder
    return code.upper() if isinstance(code, str) else None


def key_of(budget: Budget, intent: Intent, agent_id: str) -> str | None:
    """Whose account it is: the agent's id, the counterparty's name, or empty for the tenant's own."""
    if budget.per == "agent":
        return agent_id
    if budget.per == "tenant":
        return ""
    name = named(budget.other_side)
    return _text(intent.target if name is None else _shown(name, intent))


def _shown(name: str, intent: Intent) -> Value:
    return None if name in intent.redacted else intent.parameters.get(name)


def _text(value: Value) -> str | None:
    """One spelling for each counterparty; an empty or endless one names nobody."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Decimal):
        found = number(value)
        return None if found is None else plain_decimal(found)
    return value if isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME else None
