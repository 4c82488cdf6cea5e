"""The signed bundle a gate works by: mappings, keys, its agent's rung and standing.

Its digest covers all that a gate acts on; the gate sends it with every question, so that a call read by an old mapping
is never answered by a new policy.
"""

from __future__ import annotations

import base64
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.approvals.queue import MOST_PENDING
from vienna_control.authority import Authority
from vienna_control.clock import Clock, iso
from vienna_control.fleet import registry
from vienna_control.fleet.registry import Agent
from vienna_control.freeze import stops
from vienna_control.passkeys import roster
from vienna_control.policies import Bundle, Policies
from vienna_control.store import Store
from vienna_control.store.tables import warrants
from vienna_kernel.value import digest

_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One bundle for one agent's gates, as it travels."""

    digest: str
    token: str


@dataclass(frozen=True, slots=True)
class BundleTerms:
    """What a bundle has a gate do: how calls are read, and on which rung its agent stands."""

    mapping_digest: str
    enforcement: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    """What the store says of an agent.

    Attributes:
        revoked: Ids of warrants that would be in force else.
        freeze: The stops that it is under (``wire.StopRow``).
        last_stop: Number of the tenant's latest one.
        stops: How many there ever were about it: one that began and ended since the last bundle shows in it.
        rosters: Every version of the roster of approvers, signed.
    """

    agent: Agent
    revoked: list[str]
    freeze: list[dict[str, Any]]
    last_stop: int
    stops: int
    rosters: list[dict[str, Any]]


class Snapshots:
    """Makes bundles, and remembers what lately handed-out ones were made of."""

    def __init__(
        self, store: Store, authority: Authority, policies: Policies, *, env: str, clock: Clock
    ) -> None:
        self._store = store
        self._authority = authority
        self._policies = policies
        self._env = env
        self._clock = clock
        self._made: dict[str, Snapshot] = {}
        self._turn = 0
        self._terms: OrderedDict[str, BundleTerms] = OrderedDict()

    async def of_agent(self, agent_id: str) -> Snapshot:
        """The bundle of an agent now. ``LookupError``: no such agent."""
        made = self._made.get(agent_id)
        if made is not None:
            return made
        turn = self._turn
        facts = await self._store.read(lambda conn: _facts(conn, agent_id, iso(self._clock.now())))
        if facts is None:
            raise LookupError(agent_id)
        made = self._make(facts, self._policies.of(facts.agent.tenant))
        # What changed while we read is not forgotten again: keep nothing that is older than the last ``forget``.
        if self._turn == turn:
            self._made[agent_id] = made
        return made

    def forget(self, agent_id: str | None) -> None:
        """Something that a bundle is made of has changed: of one agent, or (None) of all."""
        self._turn += 1
        if agent_id is None:
            self._made.clear()
        else:
            self._made.pop(agent_id, None)

    async def terms(self, agent_id: str, digest_: str) -> BundleTerms | None:
        """What a gate with this bundle reads and acts by; None for one that was not handed out lately."""
        if digest_ not in self._terms:
            await self.of_agent(agent_id)
        return self._terms.get(digest_)

    def _make(self, facts: _Facts, bundle: Bundle) -> Snapshot:
        agent = facts.agent
        lenient = self._env in ("dev", "test")
        acted_on: dict[str, Any] = {
            "v": 1,
            "env": self._env,
            "agent": {
                "id": agent.id,
                "name": agent.name,
                "enforcement": agent.enforcement,
                "status": agent.status,
            },
            "enforcement": agent.enforcement,
            "mappings": [{"name": name, "text": text} for name, text in bundle.texts],
            "hosts": {},
            "jwks": self._authority.gate_jwks(),
            "rosters": facts.rosters,
            "freeze": facts.freeze,
            "stops": {"last": facts.last_stop, "count": facts.stops},
            "redaction_key": base64.b64encode(self._authority.redaction_key(agent.tenant)).decode(),
            # Where nobody checks a gate's own settings, its own settings are not asked.
            "private_networks": None if lenient else [],
            "passthrough": None if lenient else [],
            "limits": {"held_per_agent": MOST_PENDING},
        }
        named = digest([bundle.digest, acted_on])
        payload = {
            **acted_on,
            "digest": named,
            "version": bundle.version,
            "issued_at": iso(self._clock.now()),
            "revoked": facts.revoked,
        }
        self._terms[named] = BundleTerms(bundle.mapping_digest, agent.enforcement)
        while len(self._terms) > _REMEMBERED:
            self._terms.popitem(last=False)
        return Snapshot(named, self._authority.sign_bundle(orjson.dumps(payload)))


def _facts(conn: Connection, agent_id: str, at: str) -> _Facts | None:
    agent = registry.by_id(conn, agent_id)
    if agent is None:
        return None
    recent = select(warrants.c.id).where(
        warrants.c.agent_id == agent_id, warrants.c.status == "revoked", warrants.c.expires_at > at
    )
    last, count = stops.counted(conn, agent.tenant, agent_id)
    return _Facts(
        agent=agent,
        revoked=[row["id"] for row in rows.every(conn, recent)],
        freeze=[stops.row_of(stop).model_dump() for stop in stops.in_force(conn, agent.tenant, agent_id)],
        last_stop=last,
        stops=count,
        rosters=roster.chain(conn, agent.tenant),
    )
