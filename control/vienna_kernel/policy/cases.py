"""Cases of a rule file: what is given, and what must be decided; ``vienna policies test`` runs them.

A case's action is looked up among the known action types. One that nothing declares is taken to declare every
parameter that some rule asks for, so that leaving one out is undetermined and not overlooked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from vienna_kernel.action import ActionType
from vienna_kernel.decision.decide import Decision, Outcome, decide
from vienna_kernel.decision.facts import AgentFacts, Facts
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.document import Document, read
from vienna_kernel.duration import Duration
from vienna_kernel.intent import Cost, Effect, Intent, Reversibility, Tier
from vienna_kernel.policy.condition import leaves
from vienna_kernel.policy.rule import Instant, TierName
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.verdict import Reason

_NOON = datetime(2026, 3, 25, 12, tzinfo=UTC)  # a Wednesday; cases that mind the hour say `at`

_WORDS = {
    "allowed": Outcome.PROCEED,
    "pending_approval": Outcome.HOLD,
    "denied": Outcome.DENIED,
    "rate_limited": Outcome.RATE_LIMITED,
}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Agent(_Part):
    id: str = "agt-case"
    name: str = "agent"
    type: str = "autonomous"
    trust_score: int | Decimal = Field(50, ge=0, le=100)
    allowed_actions: list[str] = ["*"]
    environment: str | None = None


class _Cost(_Part):
    amount: int | Decimal
    currency: str


class Given(_Part):
    """What is asked, by whom, when. ``rate`` is what every rule counts; ``mapped`` false: no mapping read it."""

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
    retry_count: int = 0


class Expect(_Part):
    """What must follow; what is not named is not looked at. ``rule: null``: no rule decides."""

    decision: Literal["allowed", "pending_approval", "denied", "rate_limited"] | None = None
    tier: TierName | None = None
    rule: str | None = None
    reason: Annotated[Reason | None, Field(strict=False)] = None
    undetermined: list[str] | None = None
    flags: list[str] | None = None
    shadow: list[str] | None = None
    approvers: int | None = None
    groups: list[str] | None = None
    mfa: bool | None = None
    warrant_ttl: Duration | None = None


class Case(_Part):
    name: str
    given: Given
    expect: Expect


class CasesDocument(_Part):
    cases: list[Case] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case as it came out.

    Attributes:
        where: ``file:line:column`` of the case.
        differences: Each in words, empty when it passed.
    """

    name: str
    where: str
    passed: bool
    differences: list[str]
    decision: Decision


def run_cases(
    rules: RuleSet,
    tiers: TierTable,
    cases: Document,
    *,
    action_types: Mapping[str, ActionType] | None = None,
) -> list[CaseResult]:
    """Decide every case. Errors: ``DocumentError`` when the document is no list of cases."""
    page = read(CasesDocument, cases)
    results = []
    for i, case in enumerate(page.cases):
        intent = intent_of(case.given, rules, (action_types or {}).get(case.given.action))
        decision = decide(intent, facts_of(case.given), rules, tiers)
        wrong = _differences(case.expect, decision)
        results.append(CaseResult(case.name, cases.where(("cases", i, "name")), not wrong, wrong, decision))
    return results


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
    return {
        leaf.field.parameter
        for rule in asking
        for leaf in leaves(rule.tree)
        if leaf.field.parameter is not None and leaf.field.name.startswith("parameters.")
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
        retry_count=given.retry_count,
        environment=given.environment,
        first_contact=given.first_contact,
    )


def _differences(expect: Expect, decision: Decision) -> list[str]:
    requirements = decision.requirements
    found: dict[str, Any] = {
        "decision": next(word for word, outcome in _WORDS.items() if outcome is decision.outcome),
        "tier": decision.tier,
        "rule": decision.rule_id,
        "reason": decision.reason,
        "undetermined": sorted(decision.explanation.get("undetermined", [])),
        "flags": [flag.partition(":")[0] for flag in decision.flags],
        "shadow": [row["rule"] for row in decision.shadow],
        "approvers": requirements.people_needed if requirements else 0,
        "groups": list(requirements.groups) if requirements else [],
        "mfa": requirements.mfa if requirements else False,
        "warrant_ttl": decision.warrant_ttl_seconds,
    }
    wrong = []
    for name in expect.model_fields_set:
        wanted = getattr(expect, name)
        wanted = sorted(wanted) if name == "undetermined" else wanted
        if wanted != found[name]:
            wrong.append(f"{name}: expected {_said(wanted)}, got {_said(found[name])}")
    return sorted(wrong)


def _said(value: Any) -> str:
    return "none" if value is None else str(value)
