"""Trust as it is kept: every change is an event with before, after and reason, and an entry in the trail.

The arithmetic is the kernel's (``vienna_kernel.trust``).
"""

from __future__ import annotations

from sqlalchemy import func, select

from vienna_control import rows
from vienna_control.fleet.profile import Profiles
from vienna_control.fleet.registry import Agent, by_id
from vienna_control.store import Tx
from vienna_control.store.tables import agents, executions, trust_events
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.trust import after_success
from vienna_kernel.verification import Result


def move(tx: Tx, agent: Agent, to: float, *, reason: str, actor: str = "system") -> float:
    """Set an agent's trust and say why; nothing is recorded when it does not change. Returns the new score."""
    after = round(min(100.0, max(0.0, to)), 2)
    if after == agent.trust:
        return after
    rows.change(tx.conn, agents, agent.id, trust=after)
    rows.add(
        tx.conn,
        trust_events,
        id=tx.id("trs"),
        tenant=agent.tenant,
        agent_id=agent.id,
        at=tx.at,
        before=agent.trust,
        after=after,
        reason=reason,
        actor=actor,
    )
    tx.record(
        EntryType.TRUST_CHANGED,
        tenant=agent.tenant,
        actor=actor,
        agent_id=agent.id,
        data={"before": f"{agent.trust:.2f}", "after": f"{after:.2f}", "reason": reason},
    )
    return after


class Merits:
    """How many verified successes each agent has had; every tenth raises its trust by what the ten have earned.
    And what it usually does.

    One entry in the trail for ten, not ten. A success is an outcome that was held against something and matched: a
    plain read verifies nothing and earns nothing. Used in the writer thread only.
    """

    _STEP = 10

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self.profiles = Profiles()

    def earn(self, tx: Tx, agent_id: str) -> None:
        """Count one more; its execution is written already."""
        if agent_id in self._counts:
            self._counts[agent_id] += 1
        else:
            self._counts[agent_id] = self._load(tx, agent_id)
        count = self._counts[agent_id]
        agent = by_id(tx.conn, agent_id) if count % self._STEP == 0 else None
        if agent is None:
            return
        score = agent.trust
        for nth in range(count - self._STEP + 1, count + 1):
            score = after_success(score, nth)
        move(tx, agent, score, reason=f"{self._STEP} verified successes, {count} in all")

    def _load(self, tx: Tx, agent_id: str) -> int:
        query = select(func.count()).where(
            executions.c.agent_id == agent_id,
            executions.c.verification == Result.MATCH.value,
            executions.c.checks != "[]",
        )
        return tx.conn.scalar(query) or 0
