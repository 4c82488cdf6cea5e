"""Policy: bundles of 10 to 10,000 rules, of which the very last holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from decimal import Decimal

from bench.measure import Task
from vienna_kernel.decision import risk
from vienna_kernel.decision.decide import AgentFacts, Facts, decide
from vienna_kernel.decision.tier import TierTable
from vienna_kernel.document import parse
from vienna_kernel.intent import Cost, Effect, Intent, Reversibility, Tier
from vienna_kernel.policy.judge import compile_tree
from vienna_kernel.policy.ruleset import RuleSet
from vienna_kernel.policy.subject import Subject
from vienna_kernel.shipped import root

SIZES = (10, 100, 1_000, 10_000)
ACTIONS = 50  # a rule of a large bundle is about one of so many
LAST = "act_last"
_FIRST = 100_000  # the highest priority is asked first

_HEAD = "apiVersion: vienna/v1\nkind: Rules\nid: bench\ndefault: deny\nrules:\n"
_REGIONS = ("eu", "us", "ap", "za")


def _rule(at: int, action: str, amount: int, region: str, then: str) -> str:
    tests = (
        f"{{field: action, operator: equals, value: {action}}}",
        f"{{field: parameters.amount, operator: gt, value: {amount}, currency: EUR}}",
        f"{{field: parameters.region, operator: equals, value: {region}}}",
    )
    when = f"{{all: [{', '.join(tests)}]}}"
    return f"  - {{id: r{at}, priority: {_FIRST - at}, when: {when}, then: {{action: {then}}}}}\n"


def rules_of(count: int) -> RuleSet:
    """Rules on ``ACTIONS`` actions, an amount and a region each; the last one holds, and none before it."""
    rows = []
    for at in range(count - 1):
        own = at % ACTIONS == 0  # about the very action that is asked for
        region = _REGIONS[at % len(_REGIONS)]
        rows.append(_rule(at, LAST if own else f"act_{at % ACTIONS}", 1_000_000 + at, region, "deny"))
    rows.append(_rule(count - 1, LAST, 100, "eu", "allow"))
    return RuleSet.compile([parse(_HEAD + "".join(rows), name="bench.yaml")])


INTENT = Intent(
    action=LAST,
    target="shop:order/ord_7",
    parameters={"amount": Decimal(5000), "currency": "EUR", "region": "eu", "order": "ord_7"},
    effect=Effect.SPEND,
    reversibility=Reversibility.COMPENSATABLE,
    default_tier=Tier.T0,
    money={"amount": "currency"},
    cost=Cost(Decimal(5000), "EUR"),
    mapping="shop@1",
)
FACTS = Facts(
    agent=AgentFacts(id="agt-1", name="billing-bot"),
    now=datetime(2026, 3, 25, 10, tzinfo=UTC),
    request={"method": "POST", "host": "shop.example", "path": "/v1/pay"},
    rate=lambda rule, window: 1,
)


def _no_score(intent: Intent, facts: Facts) -> risk.RiskScore:
    raise AssertionError("no rule here asks for the risk")


def _evaluation(rules: RuleSet) -> Callable[[], object]:
    def evaluate() -> object:
        return rules.evaluate(Subject(INTENT, FACTS, _no_score, rules.budgets)).rule

    if evaluate() is not rules.rules[-1]:
        raise AssertionError("the last rule is to decide")
    return evaluate


def _in_a_row(rules: RuleSet) -> Callable[[], object]:
    judges = [compile_tree(rule.tree, rule.tz) for rule in rules.rules]

    def evaluate() -> object:
        subject = Subject(INTENT, FACTS, _no_score, rules.budgets)
        return next(at for at, judge in enumerate(judges) if judge(subject) is True)

    return evaluate


def tasks() -> Iterator[Task]:
    tiers = TierTable.from_document(parse((root() / "tiers.yaml").read_bytes(), name="tiers.yaml"))
    sets = {count: rules_of(count) for count in SIZES}
    for count, rules in sets.items():
        yield Task(group="policy", name=f"policy, {count:,} rules", do=_evaluation(rules))
        yield Task(group="naive", name=f"policy, {count:,} rules in a row", do=_in_a_row(rules))
    for count in (100, 10_000):
        rules = sets[count]
        yield Task(
            group="decision",
            name=f"decide, {count:,} rules",
            do=lambda rules=rules: decide(INTENT, FACTS, rules, tiers),
        )
        yield Task(
            group="decision",
            name=f"decide and explain, {count:,} rules",
            do=lambda rules=rules: decide(INTENT, FACTS, rules, tiers).explanation,
        )
