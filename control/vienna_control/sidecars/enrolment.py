"""Enrolment: a join token and a public key become a sidecar with a key of its own, an intermediate CA, a certificate.

1. A join token names the agent that may be spoken for; in dev and test one token is good for any.
2. Whoever names the public key shows that the private one is theirs, in a statement that is used once: it is of now,
   and later than the last one of this key.
3. An agent that is not known yet is registered: on the first rung (observe) where people did not start it by hand.
4. The same key enrolling again is the same sidecar: it renews key, intermediate and certificate. A key that was
   revoked does not come back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from vienna_control import rows
from vienna_control.authority import Authority, ClientCertificate, Intermediate
from vienna_control.clock import iso
from vienna_control.fleet import registry
from vienna_control.fleet.registry import Agent, Enforcement
from vienna_control.freeze import stops
from vienna_control.identity.credentials import Credentials
from vienna_control.identity.join_tokens import ANY_AGENT
from vienna_control.store import Tx
from vienna_control.store.tables import sidecars
from vienna_kernel.keyring import VerifyingKey
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.possession import proven

KEY_LIFETIME = timedelta(hours=48)
"""Twice the intermediate's day: a gate that renews the one renews the other."""
PROOF_LIFETIME = timedelta(minutes=5)
"""How far the instant of a proof may be from ours, to either side."""


class RefusedError(Exception):
    """This applicant is not enrolled; the text says why, and holds nothing secret."""


class UntimelyError(RefusedError):
    """The proof is not of now: a gate with another clock may prove it again for the instant it is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What a gate asks for.

    Attributes:
        token: The join token as it came.
        allowed: Agent (id or name) that the join token is for, or ``*``.
        public_jwk: The key that its warrants will be bound to.
        csr_pem: For its intermediate.
        proved_at: Instant of the proof, as it came.
        proof: See ``vienna_kernel.possession``.
    """

    tenant: str
    token: str
    allowed: str
    agent: str
    public_jwk: Mapping[str, str]
    csr_pem: str
    proved_at: str
    proof: str
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
    certificate: ClientCertificate


def enrol(
    tx: Tx, authority: Authority, credentials: Credentials, wanted: Application, newcomer: Newcomer
) -> Enrolled:
    """Enrol.

    Raises ``RefusedError``, ``MalformedError`` for a CSR, a key or a proof that is none, and what
    ``registry.register`` raises.
    """
    agent = registry.find(tx.conn, wanted.tenant, wanted.agent)
    if wanted.allowed != ANY_AGENT and wanted.allowed not in (wanted.agent, agent.id if agent else None):
        raise RefusedError(f"this join token is not for the agent {wanted.agent!r}")
    if (agent.name if agent else wanted.agent) in registry.OWN:
        raise RefusedError("this agent is the control plane's own: no gate speaks for it")
    holder = VerifyingKey.from_jwk(wanted.public_jwk)
    known = _known(tx, holder.kid)
    _prove(tx, wanted, known)
    if agent is None:
        fresh = Agent(id="", tenant=wanted.tenant, name=wanted.agent, enforcement=newcomer.enforcement)
        agent = registry.register(tx, fresh, actor=wanted.actor, most=newcomer.most_agents)
    if known is not None and known["agent_id"] != agent.id:
        raise RefusedError("this key is another agent's")
    if stops.killed(tx.conn, agent.tenant, agent.id):
        raise RefusedError("a freeze is in force that kills the gates of this agent")
    sidecar_id = known["id"] if known else tx.id("side")
    intermediate = authority.intermediate(wanted.csr_pem, agent.name)
    certificate = authority.client_certificate(holder, sidecar_id)
    values = {
        "ca_thumbprint": intermediate.thumbprint,
        "version": wanted.version,
        "seen_at": tx.at,
        "proved_at": wanted.proved_at,
        "ca_expires_at": iso(intermediate.not_after),
        "cert_expires_at": iso(certificate.not_after),
        "left_at": None,
    }
    if known is not None:
        rows.change(tx.conn, sidecars, sidecar_id, **values)
    else:
        _seat(tx, agent, wanted, sidecar_id, holder, values)
    data = {
        "sidecar_id": sidecar_id,
        "holder": holder.kid,
        "ca_thumbprint": intermediate.thumbprint,
        "version": wanted.version,
        "renewed": known is not None,
    }
    tx.record(
        EntryType.SIDECAR_ENROLLED, tenant=agent.tenant, actor=wanted.actor, agent_id=agent.id, data=data
    )
    key = credentials.issue(
        tx,
        "sidecar",
        sidecar_id,
        tenant=agent.tenant,
        actor=wanted.actor,
        expires_at=tx.now + KEY_LIFETIME,
    )
    return Enrolled(
        sidecar_id=sidecar_id, api_key=key, agent=agent, intermediate=intermediate, certificate=certificate
    )


def _known(tx: Tx, jkt: str) -> rows.Row | None:
    """The sidecar of this key. Raises ``RefusedError`` for a key that was revoked."""
    found = rows.first(tx.conn, select(sidecars).where(sidecars.c.jkt == jkt))
    if found is not None and found["revoked_at"] is not None:
        raise RefusedError("this key was revoked: a gate that is started anew makes another")
    return found


def _prove(tx: Tx, wanted: Application, known: rows.Row | None) -> None:
    try:
        at = datetime.fromisoformat(wanted.proved_at)
        timely = abs(at - tx.now) <= PROOF_LIFETIME and iso(at) == wanted.proved_at
    except (ValueError, TypeError):
        timely = False
    if not timely:
        raise UntimelyError("the proof of possession is not of now")
    signed = proven(
        wanted.public_jwk,
        wanted.proof,
        token=wanted.token,
        csr_pem=wanted.csr_pem,
        at=wanted.proved_at,
    )
    if not signed:
        raise RefusedError("the proof of possession is not signed by the key that it names")
    if known is not None and known["proved_at"] is not None and known["proved_at"] >= wanted.proved_at:
        raise UntimelyError("this proof of possession, or a later one, was used before")


def _seat(
    tx: Tx, agent: Agent, wanted: Application, sidecar_id: str, holder: VerifyingKey, values: dict[str, Any]
) -> None:
    rows.add(
        tx.conn,
        sidecars,
        id=sidecar_id,
        tenant=agent.tenant,
        agent_id=agent.id,
        public_jwk=rows.dump(dict(wanted.public_jwk)),
        jkt=holder.kid,
        bundle="",
        enrolled_at=tx.at,
        beat_at=tx.at,
        **values,
    )
