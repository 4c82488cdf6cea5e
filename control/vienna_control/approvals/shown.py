"""What an approver is shown: one sentence, the effect, and exactly the request that would be sent.

``shown_digest`` is over all of it. A vote binds the digest, the warrant carries it: nobody consents to something
else than what they saw.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import select

from vienna_control.fleet.registry import Agent
from vienna_control.intake.ask import Ask
from vienna_control.store import Tx
from vienna_control.store.tables import intents
from vienna_kernel.decision.decide import Decision
from vienna_kernel.lifecycle import Status
from vienna_kernel.value import Value, digest, plain


def compose(tx: Tx, agent: Agent, ask: Ask, decision: Decision, *, first_contact: bool) -> dict[str, Any]:
    """What is shown for one ask: plain JSON data, numbers with a fraction as text."""
    shown = {
        "sentence": sentence(agent.name, ask),
        "unusual": _unusual(tx, agent, ask, first_contact=first_contact),
        "agent": {"id": agent.id, "name": agent.name, "type": agent.type, "trust": f"{agent.trust:.2f}"},
        "tier": decision.tier.value,
        "rule": {"id": decision.rule_id, "name": decision.rule_name},
        "mode": ask.mode,
        "effect": ask.actions(),
        "request": exact(ask.call.model_dump()) if ask.call else None,
        "claimed": exact(dict(ask.claimed)),
    }
    told: dict[str, Any] = plain(shown)
    return told


def shown_digest(shown: dict[str, Any]) -> str:
    """``sha256:<hex>`` of what was shown."""
    return digest(shown)


def sentence(name: str, ask: Ask) -> str:
    """``billing-bot wants to refund 5,000.00 EUR of order ORD-1``."""
    summary = ask.summary()
    starts_word = len(summary) > 1 and summary[0].isupper() and summary[1].islower()
    return f"{name} wants to {summary[0].lower() + summary[1:] if starts_word else summary}"


def exact(data: Any) -> Value:
    """JSON data with its floats as decimals, so that a digest can be made of it."""
    if isinstance(data, float):
        return Decimal(repr(data))
    if isinstance(data, dict):
        return {str(key): exact(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [exact(value) for value in data]
    return data  # type: ignore[no-any-return]  # JSON leaves are values


def _unusual(tx: Tx, agent: Agent, ask: Ask, *, first_contact: bool) -> list[str]:
    told = []
    if first_contact:
        told.append(f"{agent.name} has not called {ask.host} before")
    done = select(intents.c.id).where(
        intents.c.agent_id == agent.id,
        intents.c.action == ask.action,
        intents.c.status.in_([Status.EXECUTED.value, Status.OBSERVED.value]),
    )
    if ask.mapped and tx.conn.scalar(done.limit(1)) is None:
        told.append(f"the first {ask.action} of {agent.name}")
    if ask.claimed:
        told.append("the agent gave reasons of its own; nobody has checked them")
    return told
