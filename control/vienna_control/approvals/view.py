"""Approvals as the API tells them: what is asked, of whom, where it stands, and whether you may decide."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, select

from vienna_control import rows
from vienna_control.approvals import claims, comments, ending
from vienna_control.approvals.seats import Desk
from vienna_control.identity import operators
from vienna_control.store.tables import agents, approvals, intents, superseded_votes, votes
from vienna_kernel.approval.moves import Requirements, Vote, Voter, describe, tally
from vienna_kernel.verdict import Refused


def listed() -> Select[Any]:
    """Approvals with what a list needs of their intent and agent."""
    return (
        select(
            approvals,
            agents.c.name.label("agent_name"),
            intents.c.action,
            intents.c.target,
            intents.c.status.label("intent_status"),
            intents.c.source,
        )
        .join(agents, agents.c.id == approvals.c.agent_id)
        .join(intents, intents.c.id == approvals.c.intent_id)
    )


def one(conn: Connection, tenant: str, approval_id: str) -> rows.Row | None:
    """One approval of a tenant."""
    return rows.first(conn, listed().where(approvals.c.id == approval_id, approvals.c.tenant == tenant))


def briefs(conn: Connection, ids: Sequence[str], desk: Desk, at: str) -> list[dict[str, Any]]:
    """Approvals by id, newest first, each as ``brief``."""
    found = rows.every(conn, listed().where(approvals.c.id.in_(ids)).order_by(approvals.c.id.desc()))
    cast = ending.votes_among(conn, ids)
    return [brief(conn, row, cast.get(row["id"], ()), desk, at) for row in found]


def brief(
    conn: Connection, row: Mapping[str, Any], given: Sequence[Vote], desk: Desk, at: str
) -> dict[str, Any]:
    """A line of the queue, for whoever looks at it, at an instant. ``given``: the votes that count."""
    requirements = Requirements.from_json(rows.load(row["requirements"]))
    shown = rows.load(row["shown"])
    planned = str((shown.get("claimed") or {}).get("rollback_plan") or "")
    standing = tally(requirements, given, rollback_plan=planned)
    told = {
        "approval_id": row["id"],
        "intent_id": row["intent_id"],
        "agent_id": row["agent_id"],
        "agent": row["agent_name"],
        "status": row["status"],
        "risk_tier": row["tier"],
        "action": row["action"],
        "target": row["target"],
        "sentence": shown["sentence"],
        "unusual": shown["unusual"],
        "rule": shown["rule"],
        "required_approvers": standing.required,
        "current_approvals": standing.current,
        "missing": standing.missing,
        "groups": list(requirements.groups),
        "mfa": any(part.mfa for part in requirements.parts()),
        "justification": any(part.justification for part in requirements.parts()),
        "rollback_plan": any(part.rollback_plan for part in requirements.parts()),
        "page": requirements.page,
        "level": row["level"],
        "agent_waiting": bool(row["agent_waiting"]) and row["status"] == "pending",
        "created_at": row["created_at"],
        "expires_at": row["expires_at"],
        "decided_at": row["decided_at"],
        "redeem_until": row["redeem_until"],
        "redeemed_at": row["redeemed_at"],
        "reason": row["reason"],
        "shown_digest": row["shown_digest"],
        "intent_status": row["intent_status"],
        "break_glass_id": row["break_glass_id"],
        **_claim(conn, row, at),
    }
    seated = desk.seat(row, given)
    told["you_may_decide"] = isinstance(seated, Voter)
    told["why_not"] = seated.detail if isinstance(seated, Refused) else None
    told["in_place_of"] = _email(conn, seated.stands_for) if isinstance(seated, Voter) else None
    return told


def _claim(conn: Connection, row: Mapping[str, Any], at: str) -> dict[str, Any]:
    held = claims.holder(row, at)
    return {
        "claimed_by": _email(conn, held) if held else None,
        "claimed_until": row["claimed_until"] if held else None,
    }


def _email(conn: Connection, operator_id: str) -> str | None:
    found = operators.by_id(conn, operator_id) if operator_id else None
    return found.email if found else None


def whole(conn: Connection, row: Mapping[str, Any], desk: Desk, at: str) -> dict[str, Any]:
    """Everything an approver needs: also the readable effect, the exact request, why, and who decided what."""
    intent = rows.first(conn, select(intents.c.decision).where(intents.c.id == row["intent_id"]))
    query = select(votes).where(votes.c.approval_id == row["id"]).order_by(votes.c.at, votes.c.id)
    requirements = Requirements.from_json(rows.load(row["requirements"]))
    return {
        **brief(conn, row, [vote for vote, _, _ in ending.votes_of(conn, row["id"])], desk, at),
        "asked": describe(requirements),
        "shown": rows.load(row["shown"]),
        "explanation": (rows.load(intent["decision"]) or {}) if intent else {},
        "votes": [
            {
                "operator_id": vote["operator_id"],
                "operator": vote["email"],
                "verdict": vote["verdict"],
                "comment": vote["comment"],
                "justification": vote["justification"],
                "rollback_plan": vote["rollback_plan"],
                "mfa": vote["mfa"],
                "in_place_of": _email(conn, (rows.load(vote["stands_for"]) or {}).get("id", "")),
                "at": vote["at"],
            }
            for vote in rows.every(conn, query)
        ],
        "comments": comments.of(conn, row["id"]),
        "superseded_votes": _superseded(conn, row["id"]),
    }


def _superseded(conn: Connection, approval_id: str) -> list[dict[str, Any]]:
    """What was said before the request was narrowed; it counts no more."""
    table = superseded_votes
    query = select(table).where(table.c.approval_id == approval_id).order_by(table.c.at, table.c.id)
    return [
        {
            "operator_id": vote["operator_id"],
            "operator": vote["email"],
            "verdict": vote["verdict"],
            "comment": vote["comment"],
            "mfa": vote["mfa"],
            "at": vote["at"],
            "superseded_at": vote["superseded_at"],
            "superseded_by": vote["superseded_by"],
        }
        for vote in rows.every(conn, query)
    ]
