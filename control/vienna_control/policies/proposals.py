"""Changes of policy that wait for a second person.

1. Who proposes is the author; whoever decides is somebody else. The author may withdraw.
2. A proposal holds whole documents and the versions they were made against. Where one of these has moved on, it is not
   applied: the author rebases it, which is a proposal of its own: nobody's yes to the one is a yes to the other.
3. It is compiled, linted and backtested when it is proposed, and compiled again in the unit that applies it.
4. What nobody decides within a week expires.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.clock import iso
from vienna_control.policies import stored
from vienna_control.policies.stored import Step
from vienna_control.store import Tx
from vienna_control.store.tables import policy_changes as table
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.value import digest

LIFETIME = timedelta(days=7)

type Status = Literal["pending", "applied", "rejected", "withdrawn", "expired"]


class DecidedError(Exception):
    """It is not pending any more. ``status``: what became of it."""

    def __init__(self, status: str) -> None:
        super().__init__(f"this change is {status} already")
        self.status = status


class OwnChangeError(Exception):
    """Authors do not approve their own changes; nobody else rebases them."""


@dataclass(frozen=True, slots=True)
class Person:
    """``actor`` as the trail names it, ``name`` as people do."""

    actor: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is proposed.

    Attributes:
        report: ``{"warnings", "backtest"}``: plain JSON data.
    """

    title: str
    steps: Sequence[Step]
    report: dict[str, Any]


def propose(tx: Tx, tenant: str, proposal: Proposal, author: Person) -> str:
    """Keep a proposal; returns its id. Raises ``stored.StaleError``."""
    stored.check(tx.conn, tenant, proposal.steps)
    change_id = tx.id("chg")
    rows.add(
        tx.conn,
        table,
        id=change_id,
        tenant=tenant,
        title=proposal.title[:300],
        steps=rows.dump([step.to_json() for step in proposal.steps]),
        report=rows.dump(proposal.report),
        status="pending",
        author=author.actor,
        author_name=author.name,
        created_at=tx.at,
        expires_at=iso(tx.now + LIFETIME),
    )
    note(tx, tenant, change_id, "proposed", author.actor, proposal.steps)
    return change_id


def find(conn: Connection, tenant: str, change_id: str) -> rows.Row | None:
    return rows.first(conn, select(table).where(table.c.id == change_id, table.c.tenant == tenant))


def steps_of(row: rows.Row) -> list[Step]:
    return [Step.from_json(step) for step in rows.load(row["steps"])]


def approve(tx: Tx, row: rows.Row, who: Person, *, comment: str = "") -> None:
    """Keep what is proposed. Raises ``OwnChangeError``, ``DecidedError``, ``stored.StaleError``.

    It is in force when the unit compiles (see ``current.Policies.change``).
    """
    _pending(tx, row)
    if who.actor == row["author"]:
        raise OwnChangeError
    steps = steps_of(row)
    stored.apply(tx, row["tenant"], steps, actor=row["author"])
    _decide(tx, row, "applied", who, comment)


def reject(tx: Tx, row: rows.Row, who: Person, *, comment: str = "") -> Status:
    """End it without effect; its author withdraws it. Raises ``DecidedError``."""
    _pending(tx, row)
    status: Status = "withdrawn" if who.actor == row["author"] else "rejected"
    _decide(tx, row, status, who, comment)
    return status


def rebase(tx: Tx, row: rows.Row, report: dict[str, Any], who: Person) -> str:
    """Propose the same against the newest versions, and withdraw this; the new one's id. Raises as ``approve``."""
    _pending(tx, row)
    if who.actor != row["author"]:
        raise OwnChangeError
    proposal = Proposal(title=row["title"], steps=current(tx.conn, row), report=report)
    change_id = propose(tx, row["tenant"], proposal, who)
    _decide(tx, row, "withdrawn", who, f"rebased: {change_id}")
    return change_id


def current(conn: Connection, row: rows.Row) -> list[Step]:
    """Its steps against the newest versions."""
    return [
        Step(
            kind=step.kind,
            id=step.id,
            content=step.content,
            base=stored.version_of(conn, row["tenant"], step.kind, step.id),
            what=step.what,
        )
        for step in steps_of(row)
    ]


def _pending(tx: Tx, row: rows.Row) -> None:
    status = "expired" if row["status"] == "pending" and row["expires_at"] <= tx.at else row["status"]
    if status != "pending":
        raise DecidedError(status)


def _decide(tx: Tx, row: rows.Row, status: Status, who: Person, comment: str) -> None:
    rows.change(
        tx.conn,
        table,
        row["id"],
        status=status,
        decided_by=who.actor,
        decided_by_name=who.name,
        decided_at=tx.at,
        comment=comment[:1000],
    )
    note(tx, row["tenant"], row["id"], status, who.actor, steps_of(row))


def expire(tx: Tx) -> None:
    """End every proposal that nobody decided in time."""
    query = select(table).where(table.c.status == "pending", table.c.expires_at <= tx.at).limit(100)
    for row in rows.every(tx.conn, query):
        rows.change(tx.conn, table, row["id"], status="expired", decided_at=tx.at)
        note(tx, row["tenant"], row["id"], "expired", "system", steps_of(row))


def note(tx: Tx, tenant: str, change_id: str | None, step: str, actor: str, steps: Sequence[Step]) -> None:
    """Enter what became of a change, with the documents it is about. ``change_id``: None where one person may."""
    tx.record(
        EntryType.CONFIG_CHANGED,
        tenant=tenant,
        actor=actor,
        data={
            "what": "policy_change",
            "change_id": change_id,
            "step": step,
            "documents": [f"{one.kind} {one.id}" for one in steps][:50],
            "digest": digest([[one.kind, one.id, one.base, rows.dump(one.content)] for one in steps]),
        },
    )
