"""What a freeze did: what it ended as it began, and what it has refused since."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from vienna_control import rows
from vienna_control.freeze import stops
from vienna_control.store.tables import agents, entries, intents
from vienna_kernel.intent import Intent
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.lifecycle import Status

_SHOWN = 20
_LOOKED_AT = 1000
_NOTHING = {"pending_intents_cancelled": 0, "warrants_revoked": 0}


def effect(conn: Connection, row: rows.Row) -> dict[str, Any]:
    """``ended``: counts, as its entry in the trail has them, and the intents. ``refused``: calls since, of its scope,
    the newest; ``refused_at_least`` says that there may be more than were looked at. ``row``: of ``freezing.listed``.
    """
    frozen = (intents.c.tenant == row["tenant"], intents.c.status == Status.FROZEN.value)
    ended = _calls(conn, *frozen, intents.c.updated_at == row["at"], intents.c.created_at < row["at"])
    since = [*frozen, intents.c.created_at >= row["at"]]
    if row["ended_at"] is not None:
        since.append(intents.c.created_at < row["ended_at"])
    if row["agent_id"] is not None:
        since.append(intents.c.agent_id == row["agent_id"])
    found = _calls(conn, *since)
    stop = stops.of_row(row)
    refused = [one for one in found if stop.refuses(_meant(one), one["host"])]
    return {
        "ended": {**_counts(conn, row), "intents": [_line(one) for one in ended[:_SHOWN]]},
        "refused": len(refused),
        "refused_at_least": len(found) == _LOOKED_AT,
        "refused_intents": [_line(one) for one in refused[:_SHOWN]],
    }


def _counts(conn: Connection, row: rows.Row) -> dict[str, int]:
    """How much it ended, from the entry that says that it began."""
    began = (entries.c.tenant == row["tenant"], entries.c.at == row["at"])
    query = select(entries.c.body).where(*began, entries.c.type == EntryType.FREEZE_CHANGED.value)
    told = (rows.load(bytes(one["body"]).decode())["data"] for one in rows.every(conn, query))
    mine = next((data for data in told if data.get("freeze_id") == row["id"]), _NOTHING)
    return {name: int(mine.get(name, 0)) for name in _NOTHING}


def _calls(conn: Connection, *where: ColumnElement[bool]) -> list[rows.Row]:
    names = ("id", "agent_id", "summary", "tier", "meaning", "host", "created_at")
    query = select(*(intents.c[name] for name in names), agents.c.name.label("agent"))
    joined = query.join(agents, agents.c.id == intents.c.agent_id).where(*where)
    return list(rows.every(conn, joined.order_by(intents.c.created_at.desc()).limit(_LOOKED_AT)))


def _meant(row: rows.Row) -> list[Intent]:
    return [Intent.from_json(part) for part in rows.load(row["meaning"])]


def _line(row: rows.Row) -> dict[str, Any]:
    return {
        "intent_id": row["id"],
        "agent": row["agent"],
        "summary": row["summary"],
        "risk_tier": row["tier"],
        "created_at": row["created_at"],
    }
