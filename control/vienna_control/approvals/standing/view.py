"""Standing warrants as the API tells them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.approvals.standing import kept
from vienna_control.store.tables import agents, intents, standing_holders, standing_uses, warrants

_MOST_USES = 500


def brief(conn: Connection, row: rows.Row, at: str) -> dict[str, Any]:
    """A line of the list. ``row``: of ``kept.listed``."""
    return {
        "standing_id": row["id"],
        "approval_id": row["approval_id"],
        "status": kept.status(conn, row, at),
        **kept.terms(conn, row).told(),
        "used": row["used"],
        "left": max(0, row["count"] - row["used"]),
        "requested_by": row["requested_by"],
        "created_at": row["created_at"],
        "granted_at": row["decided_at"] if row["asked"] == "approved" else None,
    }


def whole(conn: Connection, row: rows.Row, at: str) -> dict[str, Any]:
    """One, with the warrant of each agent and its latest uses."""
    return {
        **brief(conn, row, at),
        "intent_id": row["intent_id"],
        "warrants": [
            {name: one[name] for name in _WARRANT_SAYS}
            for one in rows.every(conn, _WARRANTS.where(standing_holders.c.standing_id == row["id"]))
        ],
        "uses": [
            {name: one[name] for name in _USE_SAYS}
            for one in rows.every(
                conn, _USES.where(standing_uses.c.standing_id == row["id"]).limit(_MOST_USES)
            )
        ],
    }


_WARRANT_SAYS = ("agent", "warrant_id", "status", "expires_at", "revoked_at", "revoked_reason")
_USE_SAYS = ("at", "uses", "agent_id", "intent_id", "warrant_id", "summary", "status")
_WARRANTS = (
    select(
        agents.c.name.label("agent"),
        warrants.c.id.label("warrant_id"),
        warrants.c.status,
        warrants.c.expires_at,
        warrants.c.revoked_at,
        warrants.c.revoked_reason,
    )
    .select_from(standing_holders)
    .join(agents, agents.c.id == standing_holders.c.agent_id)
    .join(warrants, warrants.c.id == standing_holders.c.warrant_id)
    .order_by(agents.c.name)
)
_USES = (
    select(
        standing_uses.c.at,
        standing_uses.c.uses,
        standing_uses.c.agent_id,
        standing_uses.c.intent_id,
        standing_uses.c.warrant_id,
        intents.c.summary,
        intents.c.status,
    )
    .join(intents, intents.c.id == standing_uses.c.intent_id)
    .order_by(standing_uses.c.at.desc(), standing_uses.c.warrant_id.desc())
)
