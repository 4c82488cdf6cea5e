"""What a case gives: an intent as a mapping would make it, and the facts beside it.

An action is looked up among the known action types. One that nothing declares is taken to declare every parameter that
some rule asks for, so that leaving one out is undetermined and not overlooked.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from vienna_kernel.action import ActionType
from vienna_kernel.budget.account import Account, Slot, slot_end
from vienna_kernel.budget.definition import Budget
from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.intent import Cost, Effect, Intent, Reversibility, Tier
from vienna_kernel.policy.condition import leaves
from vienna_kernel.policy.rule import Instant, TierName
from vienna_kernel.policy.ruleset import RuleSet

_NOON = datetime(2026, 3, 25, 12, tzinfo=UTC)  # a Wednesday; cases that mind the hour say `at`


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Agent(Part):
    id: str = "agt-case"
    name: str = "agent"
    type: str = "autonomous"
    trust_score: int | Decimal = Field(50, ge=0, le=100)
    allowed_actions: list[str] = ["*"]
    environment: str | None = None


class _Cost(Part):
    amount: int | Decimal
    currency: str


class _Books(Part):
    spent: int | Decimal = Field(0, ge=0)
    reserved: int | Decimal = Field(0, ge=0)


class Given(Part):
    """What is asked, by whom, when.

    ``rate`` is what every rule counts; ``mapped`` false: no mapping read it. ``budgets``: what the books of the account
    say that this call is booked on, by the budget's name; one that is not named is untouched.
    """

    action: str
    target: str = "case:target"
    agent: _Agent = _Agent()
    parameters: dict[str, Any] = {}
    at: Instant = _NOON
    effect: Annotated[Effect | None, Field(strict=False)] = None
    reversibility: Annotated[Reversibility | None, Field(strict=False)] = None
    default_tier: TierName | None = None
    blast_radius: int = 1
    cost: _Cost | None = None
    mapped: bool = True
    first_contact: bool = False
    environment: str | None = None
    request: dict[str, Any] = {}
    context: dict[str, Any] = {}
    claimed: dict[str, Any] = {}
    rate: int = 0
    budgets: dict[str, _Books] = {}
    retry_count: int = 0


def intent_of(given: Given, rules: RuleSet, known: ActionType | None) -> Intent:
    """The intent that a mapping would make of it."""
    declared = set(known.parameters) if known else _asked_for(rules, given.action)
    parameters = {name: _typed(value, name, known) for name, value in given.parameters.items()}
    effect = given.effect or (known.effect if known else Effect.WRITE)
    reversibility = given.reversibility or (known.reversibility if known else Reversibility.UNKNOWN)
    money = (
        {"amount": "currency"}
        if "amount" in declared | set(parameters) and _has_currency(declared, parameters)
        else {}
    )
    return Intent(
        action=given.action,
        target=given.target,
        parameters=parameters,
        effect=effect,
        reversibility=reversibility,
        default_tier=given.default_tier or (known.default_tier if known else Tier.T0),
        undetermined=frozenset(name for name in declared if parameters.get(name) is None),
        money=money,
        cost=_cost(given, parameters, effect),
        blast_radius=given.blast_radius,
        mapping="case@1" if given.mapped else None,
    )


def _has_currency(declared: set[str], parameters: Mapping[str, Any]) -> bool:
    return "currency" in declared or "currency" in parameters


def _asked_for(rules: RuleSet, action: str) -> set[str]:
    asking = [rule for rule in rules.rules if rule.actions is not None and action in rule.actions]
    tested = {
        leaf.field.parameter
        for rule in asking
        for leaf in leaves(rule.tree)
        if leaf.field.parameter is not None and leaf.field.name.startswith("parameters.")
    }
    return tested | {
        name for rule in asking for budget in rule.budgets for name in rules.budgets[budget].parameters
    }


def _typed(value: Any, name: str, known: ActionType | None) -> Any:
    """An amount that the case spells as text (``"5.00"``) as the decimal that a mapping makes of it."""
    schema = known.parameters[name].schema if known and name in known.parameters else {}
    if isinstance(value, str) and schema.get("type") in ("number", "integer"):
        try:
            return Decimal(value)
        except InvalidOperation:
            return value
    return value


def _cost(given: Given, parameters: Mapping[str, Any], effect: Effect) -> Cost | None:
    if given.cost is not None:
        return Cost(Decimal(given.cost.amount), given.cost.currency)
    amount, currency = parameters.get("amount"), parameters.get("currency")
    if effect is not Effect.SPEND or not isinstance(amount, (int, Decimal)) or not isinstance(currency, str):
        return None
    return Cost(Decimal(amount), currency)


def facts_of(given: Given) -> Facts:
    """The facts beside it."""
    agent = given.agent
    return Facts(
        agent=AgentFacts(
            id=agent.id,
            name=agent.name,
            type=agent.type,
            trust=float(agent.trust_score),
            allowed_actions=tuple(agent.allowed_actions),
            environment=agent.environment,
        ),
        now=given.at,
        request=given.request,
        context=given.context,
        claimed=given.claimed,
        rate=lambda _rule, _window: given.rate,
        budgets=lambda budget, _key: _account(given, budget),
        retry_count=given.retry_count,
        environment=given.environment,
        first_contact=given.first_contact,
    )


def _account(given: Given, budget: Budget) -> Account:
    books = given.budgets.get(budget.name, _Books())
    return Account(
        limit=budget.limit,
        window_seconds=budget.window,
        now=given.at,
        reserved=Decimal(books.reserved),
        slots=(Slot(slot_end(given.at, budget.window), Decimal(books.spent)),),
    )
