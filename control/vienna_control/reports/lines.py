"""The sections of a report that have a line for each thing: emergencies, stops, changes, keys; and all of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, Select, and_, or_, select

from vienna_control import rows
from vienna_control.reports.content import MOST_LINES, Asked, Cell, Section, capped
from vienna_control.reports.figures import about, within
from vienna_control.store.tables import (
    agents,
    approvals,
    break_glasses,
    entries,
    executions,
    intents,
    policy_changes,
    stops,
    votes,
)
from vienna_kernel.ledger.trail import EntryType

_CHANGES = (EntryType.POLICY_CHANGED, EntryType.MAPPING_CHANGED)
_KEYS = (EntryType.KEY_ADDED, EntryType.KEY_RETIRED)
_UNNARROWED = "The whole tenant, whatever the report is narrowed to."
_LONGEST_CELL = 300


def emergencies(conn: Connection, asked: Asked) -> list[Section]:
    """Break-glass with its reviews, stops and who ended them. All that was in force within the period."""
    glasses = (
        select(break_glasses)
        .where(break_glasses.c.tenant == asked.tenant, *within(asked, break_glasses.c.opened_at))
        .order_by(break_glasses.c.opened_at, break_glasses.c.id)
    )
    halts = (
        select(stops, agents.c.name.label("agent"))
        .select_from(stops.outerjoin(agents, agents.c.id == stops.c.agent_id))
        .where(
            stops.c.tenant == asked.tenant,
            stops.c.at < asked.until,
            or_(stops.c.ended_at.is_(None), stops.c.ended_at >= asked.since),
            or_(stops.c.until.is_(None), stops.c.until >= asked.since),
        )
        .order_by(stops.c.n)
    )
    return [
        _lines(
            conn,
            glasses,
            "break_glass",
            "Break-glass, and its review",
            ("Opened", "By", "Second factor", "Incident", "Reason", "About", "Reviewed by", "Review"),
            lambda row: (
                row["opened_at"],
                row["email"],
                row["mfa"],
                row["incident"],
                row["reason"],
                row["approval_id"] or f"{row['action']} of {row['agent_id']}",
                row["reviewed_by"] or "not reviewed",
                row["review"],
            ),
        ),
        _lines(
            conn,
            halts,
            "stops",
            "Freezes and suspensions",
            ("From", "Level", "What", "Reason", "By", "Ended", "Lifted by", "And by"),
            lambda row: (
                row["at"],
                row["level"],
                " ".join(
                    word for word in (row["agent"] or "every agent", row["action"], row["host"]) if word
                ),
                row["reason"],
                row["by"],
                row["ended_at"] or row["until"] or "in force",
                row["first_by"] or row["ended_by"],
                row["ended_by"] if row["first_by"] else None,
            ),
        ),
    ]


def changes(conn: Connection, asked: Asked) -> list[Section]:
    """What the law was changed to, by whom; and keys that came and went."""
    proposed = (
        select(policy_changes)
        .where(
            policy_changes.c.tenant == asked.tenant,
            or_(
                and_(*within(asked, policy_changes.c.created_at)),
                and_(*within(asked, policy_changes.c.decided_at)),
            ),
        )
        .order_by(policy_changes.c.created_at, policy_changes.c.id)
    )
    return [
        _lines(
            conn,
            proposed,
            "policy_changes",
            "Policy changes that two people make",
            ("Proposed", "Title", "Proposed by", "Status", "Decided", "Decided by"),
            lambda row: (
                row["created_at"],
                row["title"],
                row["author_name"],
                row["status"],
                row["decided_at"],
                row["decided_by_name"],
            ),
        ),
        _lines(conn, _of_trail(asked, _CHANGES), "law", "What came into force", _ENTRY, _entry),
        _lines(conn, _of_trail(asked, _KEYS), "keys", "Keys that came and went", _ENTRY, _entry),
    ]


def single(conn: Connection, asked: Asked) -> list[Section]:
    """Every intent of the period."""
    query = (
        select(intents, agents.c.name.label("agent"), executions.c.verification)
        .select_from(
            intents.join(agents, agents.c.id == intents.c.agent_id).outerjoin(
                executions, executions.c.id == intents.c.execution_id
            )
        )
        .where(*about(asked), *within(asked, intents.c.created_at))
        .order_by(intents.c.id)
    )
    return [
        _lines(
            conn,
            query,
            "intents",
            "Each intent",
            ("At", "Intent", "Agent", "Action", "Target", "Tier", "Status", "Rule", "Reason", "Verified"),
            lambda row: (
                row["created_at"],
                row["id"],
                row["agent"],
                row["action"],
                row["target"],
                row["tier"],
                row["status"],
                (rows.load(row["decision"]) or {}).get("rule_id"),
                row["reason"],
                row["verification"],
            ),
            note="",
        )
    ]


def evidence(conn: Connection, asked: Asked) -> list[Section]:
    """Every vote of the period with what it was about, and every entry of the trail with its leaf."""
    said = (
        select(votes, approvals.c.intent_id, approvals.c.tier, intents.c.action, intents.c.summary)
        .select_from(
            votes.join(approvals, approvals.c.id == votes.c.approval_id).join(
                intents, intents.c.id == approvals.c.intent_id
            )
        )
        .where(*about(asked), *within(asked, votes.c.at))
        .order_by(votes.c.at, votes.c.id)
    )
    told = (
        select(entries)
        .where(entries.c.tenant == asked.tenant, *within(asked, entries.c.at))
        .order_by(entries.c.arrival)
    )
    if asked.agent_id is not None:
        told = told.where(entries.c.agent_id == asked.agent_id)
    return [
        _lines(
            conn,
            said,
            "votes",
            "Each vote",
            (
                "At",
                "Person",
                "Role",
                "Vote",
                "Second factor",
                "Tier",
                "About",
                "Intent",
                "Digest of what was shown",
            ),
            lambda row: (
                row["at"],
                row["email"],
                row["role"],
                row["verdict"],
                row["mfa"] or "none",
                row["tier"],
                row["summary"] or row["action"],
                row["intent_id"],
                row["shown_digest"],
            ),
            note="",
        ),
        _lines(
            conn,
            told,
            "entries",
            "Each entry of the trail",
            ("Index", "At", "Type", "Id", "Intent", "Leaf"),
            lambda row: (row["idx"], row["at"], row["type"], row["id"], row["intent_id"], row["leaf"]),
            note="",
        ),
    ]


_ENTRY = ("At", "Type", "By", "What", "Id")


def _of_trail(asked: Asked, types: Sequence[EntryType]) -> Select[Any]:
    return (
        select(entries)
        .where(
            entries.c.tenant == asked.tenant,
            entries.c.type.in_([one.value for one in types]),
            *within(asked, entries.c.at),
        )
        .order_by(entries.c.arrival)
    )


def _entry(row: rows.Row) -> tuple[Cell, ...]:
    try:
        body = orjson.loads(row["body"])
        by, data = str(body["actor"]), body["data"]
        what = ", ".join(f"{name} {value}" for name, value in data.items() if value not in (None, "", []))
    except (
        orjson.JSONDecodeError,
        LookupError,
        AttributeError,
        TypeError,
    ):  # an edited row: verification names it
        by, what = "", "unreadable"
    return (row["at"], row["type"], by, what, row["id"])


def _lines(
    conn: Connection,
    query: Select[Any],
    id: str,
    title: str,
    columns: tuple[str, ...],
    shape: Callable[[rows.Row], tuple[Cell, ...]],
    *,
    note: str = _UNNARROWED,
) -> Section:
    found = conn.execute(query.limit(MOST_LINES + 1)).mappings()
    told = [tuple(_short(cell) for cell in shape(row)) for row in found]  # type: ignore[arg-type]  # a mapping is a row
    shown, note = capped(told, MOST_LINES, note)
    return Section(id, title, columns, shown, note)


def _short(cell: Cell) -> Cell:
    """A cell is no place for a page: what is longer is cut, and stands in the trail."""
    if isinstance(cell, str) and len(cell) > _LONGEST_CELL:
        return cell[: _LONGEST_CELL - 1] + "…"
    return cell
