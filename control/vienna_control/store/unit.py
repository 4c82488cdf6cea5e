"""One unit of work: what changes together, with its trail entries and the events it makes true.

1. A unit sees one instant (``now``) throughout.
2. Its entries stand in the same transaction as its changes: both are durable, or neither.
3. Its events are published after the commit, never before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from vienna_control import rows
from vienna_control.clock import iso
from vienna_control.ids import new_id
from vienna_control.store.tables import entries
from vienna_kernel.ledger.trail import EntryType, entry_body, leaf_hash


class Told(NamedTuple):
    """What a unit entered into the trail, for whoever counts."""

    type: EntryType
    data: Mapping[str, Any]


type Outbox = Callable[[Tx, str, str, Mapping[str, Any]], None]
"""Told of each event within its unit: its name, its tenant and its data. What it writes is part of the unit."""


@dataclass(slots=True)
class Tx:
    """What a unit is given. Used in the writer thread only, never kept after the unit returns.

    Attributes:
        conn: The writer's connection, inside a savepoint of this unit. Never commit or roll back on it.
        now: The instant of this unit (aware, UTC); the same wherever the unit asks.
        at: ``now`` as the tables keep it.
    """

    conn: Connection
    now: datetime
    next_arrival: int
    outbox: Outbox | None = None
    at: str = field(init=False)
    events: list[tuple[str, str, dict[str, Any]]] = field(init=False, default_factory=list)
    told: list[Told] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        self.at = iso(self.now)

    def id(self, prefix: str) -> str:
        """A fresh id, ``int-<uuid7>`` for ``int``."""
        return new_id(prefix)

    def record(
        self,
        type: EntryType,
        *,
        tenant: str,
        actor: str,
        data: dict[str, Any],
        agent_id: str | None = None,
        intent_id: str | None = None,
    ) -> str:
        """Enter something into the trail, in this transaction; returns the entry's leaf hash in hex.

        ``actor`` is ``<kind>:<id>`` (``operator:op-…``, ``sidecar:side-…``, ``system``). ``data`` holds plain JSON
        data without floats, secrets or bodies: digests and allow-listed fields only.
        """
        entry_id = new_id("aud")
        body = entry_body(
            id=entry_id,
            tenant=tenant,
            type=type,
            at=self.at,
            actor=actor,
            agent_id=agent_id,
            intent_id=intent_id,
            data=data,
        )
        leaf = leaf_hash(body).hex()
        rows.add(
            self.conn,
            entries,
            id=entry_id,
            tenant=tenant,
            type=type.value,
            at=self.at,
            agent_id=agent_id,
            intent_id=intent_id,
            body=body,
            leaf=leaf,
            arrival=self.next_arrival,
        )
        self.next_arrival += 1
        self.told.append(Told(type, data))
        return leaf

    def publish(self, event: str, data: dict[str, Any], *, tenant: str = "default") -> None:
        """Tell listeners after the commit (see ``events``), and the outbox now."""
        self.events.append((event, tenant, data))
        if self.outbox is not None:
            self.outbox(self, event, tenant, data)
