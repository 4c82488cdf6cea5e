"""What is known beside the call itself when a decision is made: who asks, when, from where, how often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from vienna_kernel.budget.account import Account
from vienna_kernel.budget.definition import Budget
from vienna_kernel.value import Value

type RateCounter = Callable[[str, int], int]
"""``rate(rule_id, window_seconds)``: this agent's calls within the sliding window that came as far as this rule's
condition on ``rate`` (everything else in the rule held), this call included. It is asked at most once for each rule
and decision; the shell counts when it is asked."""

type BudgetBooks = Callable[[Budget, str], Account]
"""``budgets(budget, key)``: the account of a budget as it stands at ``now``, without what this very call has reserved
already. ``key`` is the agent's id, the counterparty, or empty for the tenant. It is asked at most once for each
account and decision, and only for budgets that the deciding rule has, or that a condition names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentFacts:
    """The agent as the control plane knows it.

    Attributes:
        id: ``agt-…``.
        name: What people call it; policies write ``agent_id == 'billing-bot'``.
        trust: 0 to 100.
        allowed_actions: Action names, ``prefix.*``, or ``*``; empty allows nothing.
        environment: Label of the agent, e.g. ``production``; None when it has none.
    """

    id: str
    name: str
    type: str = "autonomous"
    trust: float = 50.0
    allowed_actions: tuple[str, ...] = ("*",)
    environment: str | None = None

    def may(self, action: str) -> bool:
        """Whether the action is among the allowed ones."""
        return any(
            allowed == "*"
            or allowed == action
            or (allowed.endswith(".*") and action.startswith(allowed[:-1]))
            for allowed in self.allowed_actions
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything a decision may look at that is not the intent.

    Attributes:
        now: One aware instant for the whole decision.
        request: ``method scheme host port path query url content_type`` as far as they are known.
        context: Facts of ours.
        rate: Counts calls; None: a condition on ``rate`` is undetermined.
        budgets: Keeps the books; None: a condition on a budget is undetermined, and nothing fits.
        environment: Label of the target; before the agent's own.
        first_contact: The agent has not reached this host before.
        claimed: What the agent says of itself, reachable only as ``context.claimed.*``.
    """

    agent: AgentFacts
    now: datetime
    request: Mapping[str, Value] = field(default_factory=dict)
    context: Mapping[str, Value] = field(default_factory=dict)
    rate: RateCounter | None = None
    budgets: BudgetBooks | None = None
    retry_count: int = 0
    environment: str | None = None
    first_contact: bool = False
    claimed: Mapping[str, Value] = field(default_factory=dict)
