"""Intents as the API tells them: to operators all of it, to the agent what concerns it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Select, select

from vienna_control import rows
from vienna_control.approvals.less import Less
from vienna_control.approvals.wording import denied_hint
from vienna_control.clock import from_iso
from vienna_control.invariant import there
from vienna_control.store.tables import agents, approvals, entries, executions, intents, votes, warrants
from vienna_kernel.lifecycle import Status
from vienna_kernel.value import plain, unpack

PUBLISHED = {"match": "passed", "drift": "failed"}
"""Words of the published API for results of a verification; the others are their own."""

_INSTRUCTION = (
    "Perform exactly this action yourself before the warrant expires: through a gate, send the warrant's token in the "
    "header Vienna-Warrant; otherwise take its one use first (POST /warrants/{id}/consume). "
    "Then report the outcome (POST /executions)."
)

_BRIEF = (
    *("id", "agent_id", "source", "action", "target", "summary", "status", "grade", "tier", "mode", "method"),
    *(
        "host",
        "url",
        "reason",
        "decision",
        "would",
        "approval_id",
        "warrant_id",
        "execution_id",
        "simulation",
    ),
    *("created_at", "updated_at"),
)


def listed() -> Select[Any]:
    """Intents with their agent's name."""
    return select(intents, agents.c.name.label("agent_name")).join(agents, agents.c.id == intents.c.agent_id)


def one(conn: Connection, tenant: str, intent_id: str) -> rows.Row | None:
    """One intent of a tenant."""
    return rows.first(conn, listed().where(intents.c.id == intent_id, intents.c.tenant == tenant))


def these(conn: Connection, ids: Sequence[str]) -> Sequence[rows.Row]:
    """Intents by id, newest first, with what ``brief`` tells of them."""
    query = select(*(intents.c[name] for name in _BRIEF), agents.c.name.label("agent_name"))
    query = query.join(agents, agents.c.id == intents.c.agent_id).where(intents.c.id.in_(ids))
    return rows.every(conn, query.order_by(intents.c.id.desc()))


def brief(row: Mapping[str, Any]) -> dict[str, Any]:
    """A line of a list."""
    decision = rows.load(row["decision"]) or {}
    return {
        "intent_id": row["id"],
        "agent_id": row["agent_id"],
        "agent": row["agent_name"],
        "source": row["source"],
        "action": row["action"],
        "target": row["target"],
        "summary": row["summary"],
        "status": row["status"],
        "grade": row["grade"],
        "risk_tier": row["tier"],
        "mode": row["mode"],
        "method": row["method"],
        "host": row["host"],
        "url": row["url"],
        "reason": row["reason"],
        "detail": decision.get("detail"),
        "rule": decision.get("rule_id"),
        "would": row["would"],
        "approval_id": row["approval_id"],
        "warrant_id": row["warrant_id"],
        "execution_id": row["execution_id"],
        "simulation": bool(row["simulation"]),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def whole(conn: Connection, row: Mapping[str, Any], *, own: bool) -> dict[str, Any]:
    """One intent with its decision, approval, warrant, execution and verification.

    ``own``: for the agent itself. It reads what is written for it, names of no operator, and its warrant's token.
    """
    decision = rows.load(row["decision"]) or {}
    told = brief(row)
    told["parameters"] = [
        {
            "action": part["action"],
            "target": part["target"],
            "parameters": plain(unpack(part["parameters"])),
            "effect": part["effect"],
            "undetermined": part["undetermined"],
            "redacted": part["redacted"],
            "summary": part["summary"],
        }
        for part in rows.load(row["meaning"])
    ]
    told["call"] = rows.load(row["call"])
    told["request_digest"] = row["request_digest"] or None
    told["preflight"], told["preflight_of"] = row["preflight"], row["preflight_of"]
    told["hint"] = _hint(conn, row, decision)
    if own:
        told["detail"] = None
    else:
        told["decision"] = decision
    told["approval"] = _approval(conn, row, own=own)
    told["warrant"] = warrant(conn, row["warrant_id"], token=own)
    told["execution"], told["verification"] = execution(conn, row["execution_id"])
    return told


def _hint(conn: Connection, row: Mapping[str, Any], decision: Mapping[str, Any]) -> str:
    if row["status"] == Status.DENIED and row["reason"] == "approval_denied":
        said = conn.scalar(select(approvals.c.reason).where(approvals.c.id == row["approval_id"]))
        return denied_hint(said or "")
    return str(decision.get("hint") or "")


def _approval(conn: Connection, row: Mapping[str, Any], *, own: bool) -> dict[str, Any] | None:
    if row["approval_id"] is None:
        return None
    found = rows.first(conn, select(approvals).where(approvals.c.id == row["approval_id"]))
    if found is None:
        return None
    given = rows.every(conn, select(votes).where(votes.c.approval_id == found["id"]).order_by(votes.c.at))
    asked = rows.load(found["requirements"])
    told = {
        "approval_id": found["id"],
        "status": found["status"],
        "required_approvers": asked["count"],
        "current_approvals": sum(vote["verdict"] == "approve" for vote in given),
        "expires_at": found["expires_at"],
        "decided_at": found["decided_at"],
        "redeem_until": found["redeem_until"],
        "narrowed": less.told() if (less := Less.load(found["narrowed"])) else [],
    }
    if not own:
        told["reason"] = found["reason"]
        told["votes"] = [
            {"operator": vote["email"], "verdict": vote["verdict"], "mfa": vote["mfa"], "at": vote["at"]}
            for vote in given
        ]
    return told


def warrant(conn: Connection, warrant_id: str | None, *, token: bool) -> dict[str, Any] | None:
    """A warrant in brief, as the published answers show it."""
    row = rows.first(conn, select(warrants).where(warrants.c.id == warrant_id)) if warrant_id else None
    if row is None:
        return None
    lifetime = from_iso(row["expires_at"]) - from_iso(row["issued_at"])
    told = {
        "warrant_id": row["id"],
        "status": row["status"],
        "ttl": round(lifetime.total_seconds()),
        "issued_at": row["issued_at"],
        "expires_at": row["expires_at"],
        "observed": bool(row["observed"]),
    }
    if token and row["status"] == "issued":
        told["token"] = row["token"]
    return told


def execution(
    conn: Connection, execution_id: str | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """An execution, and its verification."""
    found = select(executions).where(executions.c.id == execution_id)
    row = rows.first(conn, found) if execution_id else None
    if row is None:
        return None, None
    told = {
        "execution_id": row["id"],
        "status": row["status"],
        "grade": row["grade"],
        "http_status": row["http_status"],
        "error": row["error"],
        "response_digest": row["response_digest"],
        "response_bytes": row["response_bytes"],
        "duration_ms": row["duration_ms"],
        "extracted": rows.load(row["extracted"]),
        "withheld": bool(row["withheld"]),
        "started_at": row["started_at"],
        "finished_at": row["finished_at"],
    }
    if row["verification"] is None:
        return told, None
    return told, {
        "status": PUBLISHED.get(row["verification"], row["verification"]),
        "result": row["verification"],
        "scope_match": row["verification"] != "drift",
        "checks": rows.load(row["checks"]) or [],
        "verified_at": row["finished_at"],
        "readback": rows.load(row["readback"]),
        "undo": rows.load(row["undo"]) or [],
    }


def submitted(conn: Connection, intent_id: str) -> dict[str, Any]:
    """The answer to a submission, in the published shapes."""
    row = there(rows.first(conn, listed().where(intents.c.id == intent_id)), "submitted in this transaction")
    decision = rows.load(row["decision"]) or {}
    told: dict[str, Any] = {
        "intent_id": row["id"],
        "status": "approved" if row["status"] == Status.OBSERVED else row["status"],
        "risk_tier": row["tier"],
        "mode": row["mode"],
        "source": row["source"],
        "poll_url": f"/api/v1/intents/{row['id']}",
    }
    match row["status"]:
        case Status.EXECUTED | Status.FAILED | Status.EXECUTING | Status.UNKNOWN:
            return told | _executed(conn, row)
        case Status.APPROVED | Status.OBSERVED:
            return told | _approved(conn, row)
        case Status.PENDING_APPROVAL:
            return told | {"approval": _approval(conn, row, own=True), "message": decision.get("hint")}
        case Status.SIMULATED:
            return told | {"decision": decision.get("outcome"), "rule": decision.get("rule_id")}
    return told | {
        "reason": _hint(conn, row, decision),
        "code": row["reason"],
        "rule": decision.get("rule_id"),
        "retry_after_seconds": decision.get("retry_after_seconds"),
    }


def _executed(conn: Connection, row: Mapping[str, Any]) -> dict[str, Any]:
    done, verification = execution(conn, row["execution_id"])
    given = warrant(conn, row["warrant_id"], token=False) or {}
    last = (
        select(entries.c.id)
        .where(entries.c.intent_id == row["id"])
        .order_by(entries.c.arrival.desc())
        .limit(1)
    )
    return {
        "execution_id": row["execution_id"],
        "warrant": {**given, "scope": row["action"]},
        "verification": verification,
        "result": (done or {}).get("extracted"),
        "audit_id": conn.scalar(last),
    }


def _approved(conn: Connection, row: Mapping[str, Any]) -> dict[str, Any]:
    given = warrant(conn, row["warrant_id"], token=True) or {}
    parts = rows.load(row["meaning"])
    scope = [
        {
            "action": part["action"],
            "target": part["target"],
            "parameters": plain(unpack(part["parameters"])),
        }
        for part in parts
    ]
    told: dict[str, Any] = {
        "warrant": {**given, "scope": scope[0] if scope else row["action"]},
        "constraints": {"max_uses": 1, "max_retries": 0},
        "instruction": _INSTRUCTION,
    }
    if row["would"] is not None:
        told["would"] = row["would"]
    return told


def timeline(conn: Connection, intent_id: str) -> list[dict[str, Any]]:
    """Every entry of the trail about an intent, in order."""
    query = select(entries).where(entries.c.intent_id == intent_id).order_by(entries.c.arrival)
    told = []
    for row in rows.every(conn, query):
        body = rows.load(bytes(row["body"]).decode())
        told.append(
            {
                "id": row["id"],
                "type": row["type"],
                "at": row["at"],
                "actor": body["actor"],
                "data": body["data"],
                "leaf": row["leaf"],
                "index": row["idx"],
            }
        )
    return told
