"""What a shadow rule saw: recorded decisions that name it as one that would have decided."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.store.tables import intents

LOOKED_AT = 5000
"""So many at most, the newest."""
_EXAMPLES = 20


def saw(conn: Connection, tenant: str, policy_id: str, since: str) -> dict[str, Any]:
    """How often since an instant, when last, and the newest of them."""
    named = f'"rule":{json.dumps(policy_id)}'
    within = (intents.c.tenant == tenant, intents.c.created_at >= since)
    query = select(
        intents.c.id, intents.c.agent_id, intents.c.action, intents.c.summary, intents.c.created_at
    ).where(*within, intents.c.decision.contains(named, autoescape=True))
    found = rows.every(conn, query.order_by(intents.c.created_at.desc()).limit(LOOKED_AT))
    last = found[0]["created_at"] if found else None
    examples = [
        {
            "intent_id": row["id"],
            "agent_id": row["agent_id"],
            "action": row["action"],
            "summary": row["summary"],
            "at": row["created_at"],
        }
        for row in found[:_EXAMPLES]
    ]
    return {"since": since, "fired": len(found), "last_at": last, "examples": examples}
