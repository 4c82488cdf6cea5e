"""Agents as they are registered: name, type, allowed actions, trust and rung of enforcement.

1. The name is unique in its tenant; it is what a gate says it speaks for and what a warrant names.
2. What an agent may try is a closed list of action names, ``prefix.*`` or ``*``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy import Connection, bindparam, func, or_, select

from vienna_control import rows
from vienna_control.invariant import there
from vienna_control.store import Tx
from vienna_control.store.tables import agents
from vienna_kernel.decision.facts import AgentFacts
from vienna_kernel.ledger.trail import EntryType

type Enforcement = Literal["observe", "enforce_high", "enforce"]
type AgentStatus = Literal["active", "suspended", "inactive"]

OPERATORS = "operators"
"""The agent of what people submit themselves."""
PRACTICE = "vienna-practice"
"""The agent that people practise with."""
OWN = frozenset({OPERATORS, PRACTICE})
"""Agents of ours: nobody else registers under their names, and no gate joins as one."""

RUNGS: tuple[Enforcement, ...] = ("observe", "enforce_high", "enforce")
START_TRUST = 50.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One registered agent.

    Attributes:
        trust: 0 to 100.
        allowed_actions: Names, ``prefix.*`` or ``*``. Empty means none.
        details: Free facts about it (framework, version, owner, environment); the API calls them metadata.
        resume_at: When a suspension ends by itself; None means only an operator ends it.
    """

    id: str
    tenant: str
    name: str
    description: str = ""
    type: str = "autonomous"
    status: AgentStatus = "active"
    trust: float = START_TRUST
    enforcement: Enforcement = "enforce"
    allowed_actions: tuple[str, ...] = ("*",)
    details: Mapping[str, Any] = field(default_factory=dict)
    created_at: str = ""
    resume_at: str | None = None

    def may_try(self, action: str) -> bool:
        """Whether the action is among the allowed ones."""
        return self.facts().may(action)

    def facts(self) -> AgentFacts:
        """The agent as policy sees it."""
        label = self.details.get("environment")
        return AgentFacts(
            id=self.id,
            name=self.name,
            type=self.type,
            trust=self.trust,
            allowed_actions=self.allowed_actions,
            environment=label if isinstance(label, str) else None,
        )


class NameTakenError(ValueError):
    """An agent of this name is registered already."""


class FullError(ValueError):
    """The registry holds as many agents as it may."""


def of_row(row: rows.Row) -> Agent:
    """A row of ``agents`` as an agent."""
    return Agent(
        id=row["id"],
        tenant=row["tenant"],
        name=row["name"],
        description=row["description"],
        type=row["type"],
        status=row["status"],
        trust=row["trust"],
        enforcement=row["enforcement"],
        allowed_actions=tuple(rows.load(row["allowed_actions"])),
        details=rows.load(row["details"]),
        created_at=row["created_at"],
        resume_at=row["resume_at"],
    )


def by_id(conn: Connection, agent_id: str) -> Agent | None:
    """The agent with this id."""
    row = _BY_ID.first(conn, id=agent_id)
    return of_row(row) if row else None


_BY_ID = rows.Prepared(select(agents).where(agents.c.id == bindparam("id")))


def find(conn: Connection, tenant: str, name_or_id: str) -> Agent | None:
    """The agent of a tenant with this id or name."""
    query = select(agents).where(
        agents.c.tenant == tenant, or_(agents.c.id == name_or_id, agents.c.name == name_or_id)
    )
    row = rows.first(conn, query)
    return of_row(row) if row else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which agents; None: whatever it is.

    Attributes:
        name: What the name begins with.
    """

    status: AgentStatus | None = None
    enforcement: Enforcement | None = None
    type: str | None = None
    name: str | None = None


def listed(conn: Connection, tenant: str, wanted: Wanted = Wanted()) -> Sequence[Agent]:
    """Agents by name, but for the one that people practise with; there are ``VIENNA_MAX_AGENTS`` at most."""
    query = select(agents).where(agents.c.tenant == tenant, agents.c.name != PRACTICE)
    for column, value in (
        (agents.c.status, wanted.status),
        (agents.c.enforcement, wanted.enforcement),
        (agents.c.type, wanted.type),
    ):
        query = query if value is None else query.where(column == value)
    if wanted.name:
        query = query.where(agents.c.name.startswith(wanted.name, autoescape=True))
    return [of_row(row) for row in rows.every(conn, query.order_by(agents.c.name))]


def register(tx: Tx, agent: Agent, *, actor: str, most: int) -> Agent:
    """Enter a new agent (its ``id`` and ``created_at`` are given here); records ``agent_registered``.

    ``most``: how many agents the registry may hold. Raises ``NameTakenError``, ``FullError``.
    """
    if agent.name in OWN and actor != "system":
        raise NameTakenError(f"{agent.name!r} is an agent of the control plane's own")
    if find(tx.conn, agent.tenant, agent.name) is not None:
        raise NameTakenError(f"an agent named {agent.name!r} is registered already")
    if (tx.conn.scalar(select(func.count()).select_from(agents)) or 0) >= most:
        raise FullError(f"{most} agents are registered, and no more may be (VIENNA_MAX_AGENTS)")
    agent_id = tx.id("agt")
    rows.add(
        tx.conn,
        agents,
        id=agent_id,
        tenant=agent.tenant,
        name=agent.name,
        description=agent.description,
        type=agent.type,
        status=agent.status,
        trust=agent.trust,
        enforcement=agent.enforcement,
        allowed_actions=rows.dump(agent.allowed_actions),
        details=rows.dump(dict(agent.details)),
        created_at=tx.at,
        resume_at=None,
    )
    tx.record(
        EntryType.AGENT_REGISTERED,
        tenant=agent.tenant,
        actor=actor,
        agent_id=agent_id,
        data={
            "name": agent.name,
            "type": agent.type,
            "enforcement": agent.enforcement,
            "allowed_actions": list(agent.allowed_actions),
            "trust": f"{agent.trust:.2f}",
        },
    )
    tx.publish("_bundle", {"agent_id": agent_id}, tenant=agent.tenant)
    return there(by_id(tx.conn, agent_id), "inserted three lines above, in this transaction")


def amend(tx: Tx, agent: Agent, changes: Mapping[str, Any], *, actor: str) -> Agent:
    """Change what an agent is registered with: description, type, allowed_actions, details, status, enforcement.

    Records ``config_changed`` with the names of what changed; its gates are told to fetch a new bundle.
    """
    packed = {
        name: rows.dump(value) if name in ("allowed_actions", "details") else value
        for name, value in changes.items()
    }
    rows.change(tx.conn, agents, agent.id, **packed)
    shown = {
        name: changes[name]
        for name in changes
        if name in ("status", "enforcement", "allowed_actions", "type")
    }
    tx.record(
        EntryType.CONFIG_CHANGED,
        tenant=agent.tenant,
        actor=actor,
        agent_id=agent.id,
        data={"what": "agent", "changed": sorted(changes), "to": shown},
    )
    tx.publish("_bundle", {"agent_id": agent.id}, tenant=agent.tenant)
    return there(by_id(tx.conn, agent.id), "agents are never removed")
