"""Enrolment: a join token and a public key become a sidecar with a key of its own and an intermediate CA.

1. A join token names the agent that may be spoken for; in dev and test one token is good for any.
2. An agent that is not known yet is registered: on the first rung (observe) where people did not start it by hand.
3. The same key enrolling again is the same sidecar: it renews key and intermediate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from vienna_control import rows
from vienna_control.authority import Authority, Intermediate
from vienna_control.fleet import registry
from vienna_control.fleet.registry import Agent, Enforcement
from vienna_control.identity.credentials import Credentials
from vienna_control.store import Tx
from vienna_control.store.tables import sidecars
from vienna_kernel.keyring import thumbprint
from vienna_kernel.ledger.trail import EntryType

ANY_AGENT = "*"
KEY_LIFETIME = timedelta(hours=48)
"""Twice the intermediate's day: a gate that renews the one renews the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What a gate asks for.

    Attributes:
        allowed: Agent (id or name) that the join token is for, or ``*``.
        public_jwk: The key that its warrants will be bound to.
        csr_pem: For its intermediate.
    """

    tenant: str
    allowed: str
    agent: str
    public_jwk: Mapping[str, str]
    csr_pem: str
    version: str
    actor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Newcomer:
    """How agents are registered that nobody registered before."""

    enforcement: Enforcement
    most_agents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A sidecar with its secrets, which are shown once."""

    sidecar_id: str
    api_key: str
    agent: Agent
    intermediate: Intermediate


def enrol(
    tx: Tx, authority: Authority, credentials: Credentials, wanted: Application, newcomer: Newcomer
) -> Enrolled | None:
    """Enrol. None: the token is for another agent.

    Raises ``MalformedError`` for a CSR or a key that is none, and what ``registry.register`` raises.
    """
    agent = registry.find(tx.conn, wanted.tenant, wanted.agent)
    if wanted.allowed != ANY_AGENT and wanted.allowed not in (wanted.agent, agent.id if agent else None):
        return None
    if agent is None:
        fresh = Agent(id="", tenant=wanted.tenant, name=wanted.agent, enforcement=newcomer.enforcement)
        agent = registry.register(tx, fresh, actor=wanted.actor, most=newcomer.most_agents)
    intermediate = authority.intermediate(wanted.csr_pem, agent.name)
    sidecar_id = _seat(tx, agent, wanted, intermediate)
    key = credentials.issue(
        tx,
        "sidecar",
        sidecar_id,
        tenant=agent.tenant,
        actor=wanted.actor,
        expires_at=tx.now + KEY_LIFETIME,
    )
    return Enrolled(sidecar_id=sidecar_id, api_key=key, agent=agent, intermediate=intermediate)


def _seat(tx: Tx, agent: Agent, wanted: Application, intermediate: Intermediate) -> str:
    jkt = thumbprint(wanted.public_jwk)
    same = select(sidecars.c.id).where(
        sidecars.c.agent_id == agent.id, sidecars.c.jkt == jkt, sidecars.c.revoked_at.is_(None)
    )
    known: str | None = tx.conn.scalar(same)
    values: dict[str, Any] = {
        "ca_thumbprint": intermediate.thumbprint,
        "version": wanted.version,
        "seen_at": tx.at,
    }
    sidecar_id = known or tx.id("side")
    if known is not None:
        rows.change(tx.conn, sidecars, known, **values)
    else:
        rows.add(
            tx.conn,
            sidecars,
            id=sidecar_id,
            tenant=agent.tenant,
            agent_id=agent.id,
            public_jwk=rows.dump(dict(wanted.public_jwk)),
            jkt=jkt,
            bundle="",
            enrolled_at=tx.at,
            **values,
        )
    tx.record(
        EntryType.SIDECAR_ENROLLED,
        tenant=agent.tenant,
        actor=wanted.actor,
        agent_id=agent.id,
        data={
            "sidecar_id": sidecar_id,
            "holder": jkt,
            "ca_thumbprint": intermediate.thumbprint,
            "version": wanted.version,
            "renewed": known is not None,
        },
    )
    return sidecar_id
