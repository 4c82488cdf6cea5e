"""What is kept by API: rules, mappings and action types, each with its versions, within a tenant.

1. A shelf holds documents of one kind; a deleted one keeps its place and its versions, and can come back.
2. Every change is a version: also a deletion, and a return to an earlier one.
3. Writing never puts anything in force by itself: the same unit of work compiles the whole bundle with it, and what
   does not compile takes the unit back (see ``current``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Table, select, union

from vienna_control import rows
from vienna_control.policies import types
from vienna_control.policies.types import TypeData
from vienna_control.store import Tx
from vienna_control.store.tables import (
    action_types,
    mapping_versions,
    mappings,
    policies,
    policy_versions,
)
from vienna_kernel.errors import MalformedError

type RuleData = Mapping[str, Any]
type MappingData = Mapping[str, Any]
type Kind = Literal["rule", "mapping", "action_type"]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Documents of one kind, by tenant and id."""

    table: Table
    history: Table

    def in_force(self, conn: Connection, tenant: str) -> dict[str, Any]:
        """Id to content of everything that is not deleted."""
        kept = self.table
        query = select(kept.c.id, kept.c.content).where(kept.c.tenant == tenant, kept.c.deleted.is_(False))
        return {row["id"]: rows.load(row["content"]) for row in rows.every(conn, query.order_by(kept.c.id))}

    def find(self, conn: Connection, tenant: str, id: str) -> rows.Row | None:
        """One row, deleted ones too."""
        kept = self.table
        return rows.first(conn, select(kept).where(kept.c.tenant == tenant, kept.c.id == id))

    def listed(self, conn: Connection, tenant: str) -> dict[str, rows.Row]:
        """Id to row of everything that is not deleted."""
        kept = self.table
        query = select(kept).where(kept.c.tenant == tenant, kept.c.deleted.is_(False))
        return {row["id"]: row for row in rows.every(conn, query)}

    def version(self, conn: Connection, tenant: str, id: str) -> int:
        """Its newest version; 0 when there never was one."""
        row = self.find(conn, tenant, id)
        return int(row["version"]) if row else 0

    def versions(self, conn: Connection, tenant: str, id: str) -> Sequence[rows.Row]:
        """Every version, newest first."""
        past = self.history
        query = select(past).where(past.c.tenant == tenant, past.c.id == id).order_by(past.c.version.desc())
        return rows.every(conn, query)

    def content(self, conn: Connection, tenant: str, id: str, version: int) -> Any | None:
        """What one version of it said; None: it has no such version."""
        past = self.history
        query = select(past.c.content).where(
            past.c.tenant == tenant, past.c.id == id, past.c.version == version
        )
        return rows.load(conn.scalar(query))

    def put(self, tx: Tx, tenant: str, step: Step, actor: str) -> None:
        """Keep a new version; one without content is the deletion of what stands there."""
        row, version = self.find(tx.conn, tenant, step.id), step.base + 1
        content = row["content"] if step.content is None and row else rows.dump(step.content)
        gone = step.content is None
        if row is None:
            key = {"tenant": tenant, "id": step.id, "created_by": actor, "created_at": tx.at}
            values = {"version": version, "content": content, "deleted": gone, "updated_at": tx.at}
            rows.add(tx.conn, self.table, **key, **values)
        else:
            rows.change_by(
                tx.conn,
                self.table,
                {"tenant": tenant, "id": step.id},
                version=version,
                content=content,
                deleted=gone,
                updated_at=tx.at,
            )
        rows.add(
            tx.conn,
            self.history,
            tenant=tenant,
            id=step.id,
            version=version,
            content=content,
            what=step.what,
            author=actor,
            at=tx.at,
        )


RULES = Shelf(policies, policy_versions)
MAPPINGS = Shelf(mappings, mapping_versions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One document put in another's place.

    Attributes:
        id: Of the rule or mapping; name of the action type.
        content: Whole, in the stored shape; None: it is deleted.
        base: The version that it was made against; 0: there was none.
        what: For the history: ``created``, ``changed``, ``deleted``, ``rolled back to 2``, ….
    """

    kind: Kind
    id: str
    content: Mapping[str, Any] | None
    base: int
    what: str

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "id": self.id,
            "content": self.content,
            "base": self.base,
            "what": self.what,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Step:
        return cls(**data)


class StaleError(Exception):
    """A step was made against a version that is not the newest any more.

    Attributes:
        stale: Each such step with the version that stands there now.
    """

    def __init__(self, stale: Sequence[tuple[Step, int]]) -> None:
        step, current = stale[0]
        super().__init__(f"{step.kind} {step.id} is at version {current}, this was made against {step.base}")
        self.stale = tuple(stale)


def version_of(conn: Connection, tenant: str, kind: Kind, id: str) -> int:
    """The newest version of a document, deleted or not; 0 when there never was one."""
    if kind == "action_type":
        return types.version(conn, tenant, id)
    return (RULES if kind == "rule" else MAPPINGS).version(conn, tenant, id)


def check(conn: Connection, tenant: str, steps: Iterable[Step]) -> None:
    """Raises ``StaleError`` when one was made against another version than the newest, ``MalformedError`` for two of
    the same document.
    """
    steps = list(steps)
    named = Counter((step.kind, step.id) for step in steps)
    if twice := [f"{kind} {id}" for (kind, id), times in named.items() if times > 1]:
        raise MalformedError("/changes", f"{twice[0]} stands there twice")
    found = [(step, version_of(conn, tenant, step.kind, step.id)) for step in steps]
    if stale := [(step, current) for step, current in found if current != step.base]:
        raise StaleError(stale)


def apply(tx: Tx, tenant: str, steps: Sequence[Step], *, actor: str) -> None:
    """Keep all of them. Raises ``StaleError``."""
    check(tx.conn, tenant, steps)
    for step in steps:
        if step.kind == "action_type":
            types.put(tx, tenant, step.id, step.content, version=step.base + 1)
        else:
            (RULES if step.kind == "rule" else MAPPINGS).put(tx, tenant, step, actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Everything that a tenant keeps by API, deleted ones left out."""

    rules: Mapping[str, RuleData]
    mappings: Mapping[str, MappingData]
    types: Mapping[str, TypeData]

    @classmethod
    def of(cls, conn: Connection, tenant: str) -> Contents:
        return cls(
            rules=RULES.in_force(conn, tenant),
            mappings=MAPPINGS.in_force(conn, tenant),
            types=types.in_force(conn, tenant),
        )

    def after(self, steps: Iterable[Step]) -> Contents:
        """As it would be with these steps; nothing is written."""
        kept: dict[Kind, dict[str, Any]] = {
            "rule": dict(self.rules),
            "mapping": dict(self.mappings),
            "action_type": dict(self.types),
        }
        for step in steps:
            if step.content is None:
                kept[step.kind].pop(step.id, None)
            else:
                kept[step.kind][step.id] = step.content
        return Contents(rules=kept["rule"], mappings=kept["mapping"], types=kept["action_type"])


NOTHING = Contents(rules={}, mappings={}, types={})


def keepers(conn: Connection) -> list[str]:
    """Tenants that keep, or once kept, something by API."""
    query = union(*[select(table.c.tenant) for table in (policies, mappings, action_types)])
    return sorted(conn.scalars(query))
