"""Revocation: one gate's key, certificate and stream end now, and the unused warrants bound to its key with them.

Its intermediate stays valid for at most the rest of its day: agents do not ask whether it was revoked. The join token
it came with is another secret; whoever must not come back must not have that either.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from vienna_control import custody, rows
from vienna_control.identity.credentials import Credentials
from vienna_control.store import Tx
from vienna_control.store.tables import sidecars, warrants
from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import unb64url
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.warrant.claims import parse_claims


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """What a revocation ended."""

    keys: int
    warrants: int


def revoke(tx: Tx, row: rows.Row, credentials: Credentials, *, reason: str, actor: str) -> Revoked:
    """End a sidecar. Asked again, there is nothing left to end."""
    ended = _unused(tx, row, actor)
    keys = credentials.revoke_all_of(tx, row["id"])
    told = Revoked(keys=keys, warrants=len(ended))
    if row["revoked_at"] is None:
        rows.change(tx.conn, sidecars, row["id"], revoked_at=tx.at)
        data = {
            "what": "sidecar",
            "sidecar_id": row["id"],
            "key": row["jkt"],
            "revoked": True,
            "reason": reason,
            "warrants_revoked": told.warrants,
        }
        tx.record(
            EntryType.KEY_RETIRED, tenant=row["tenant"], actor=actor, agent_id=row["agent_id"], data=data
        )
        told_hub = {"agent_id": row["agent_id"], "sidecar_id": row["id"]}
        tx.publish("_sidecar", told_hub, tenant=row["tenant"])
    return told


def _unused(tx: Tx, row: rows.Row, actor: str) -> list[str]:
    query = select(warrants).where(
        warrants.c.agent_id == row["agent_id"], warrants.c.status == "issued", warrants.c.expires_at > tx.at
    )
    ended: list[str] = []
    for warrant in rows.every(tx.conn, query):
        if warrant["id"] not in ended and _holder(warrant["token"]) == row["jkt"]:
            ended += custody.revoke(tx, warrant, reason="its sidecar was revoked", actor=actor)
    return ended


def _holder(token: str) -> str | None:
    """The key that a warrant of ours is bound to."""
    try:
        return parse_claims(unb64url(token.split(".")[1])).holder_jkt
    except (MalformedError, IndexError):
        return None
