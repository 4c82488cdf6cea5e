"""A call under a standing warrant: whether one covers it, and the uses that it takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, select, update

from vienna_control import rows
from vienna_control.approvals import ending
from vienna_control.approvals.standing import kept
from vienna_control.intake.ask import Ask
from vienna_control.invariant import there
from vienna_control.passkeys import consent
from vienna_control.store import Tx
from vienna_control.store.tables import standing_holders, standing_uses, standing_warrants, warrants
from vienna_kernel.approval.moves import Requirements, tally
from vienna_kernel.approval.standing import covers
from vienna_kernel.intent import Tier
from vienna_kernel.verdict import Granted


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """A standing warrant that covers a call.

    Attributes:
        warrant_id: Of the agent's own signed warrant: the parent of the use.
        approval_id: Where the consent is.
        uses: How many this call takes.
    """

    standing_id: str
    warrant_id: str
    approval_id: str
    expires_at: str
    uses: int


def covering(tx: Tx, ask: Ask, *, tier: Tier, requirements: Requirements) -> Cover | None:
    """The standing warrant that ends first, of those that cover this call with the consent that policy asks for now.

    None covers at a tier where gates believe passkeys of their roster alone: those agree to one call at a time.

    Args:
        tier: Of the call, as it was decided.
        requirements: Of people, as policy has them for this very call.
    """
    found = _candidates(tx.conn, ask, tx.at)
    if not found or consent.demanded(tx.conn, ask.caller.tenant, tier.value):
        return None
    planned = str(ask.claimed.get("rollback_plan") or "")
    for row in found:
        terms = kept.terms(tx.conn, row)
        standing = terms.standing(row["id"], used=row["used"], agents=frozenset({ask.caller.agent_id}))
        verdict = covers(standing, ask.intents, agent_id=ask.caller.agent_id, tier=tier, now=tx.now)
        if not isinstance(verdict, Granted):
            continue
        given = [vote for vote, _, _ in ending.votes_of(tx.conn, row["approval_id"])]
        if tally(requirements, given, rollback_plan=planned).status == "approved":
            return Cover(
                standing_id=row["id"],
                warrant_id=row["warrant_id"],
                approval_id=row["approval_id"],
                expires_at=row["expires_at"],
                uses=len(ask.intents),
            )
    return None


def _candidates(conn: Connection, ask: Ask, at: str) -> Sequence[rows.Row]:
    """Those of this agent and action that hold, by their signed warrants."""
    caller = ask.caller
    name = {"tenant": caller.tenant, "agent": caller.agent_id, "action": ask.intents[0].action}
    return _HOLDING.every(conn, **name, at=at)


_HOLDING = rows.Prepared(
    kept.listed()
    .add_columns(standing_holders.c.warrant_id)
    .join(standing_holders, standing_holders.c.standing_id == standing_warrants.c.id)
    .join(warrants, warrants.c.id == standing_holders.c.warrant_id)
    .where(
        standing_warrants.c.tenant == bindparam("tenant"),
        standing_warrants.c.action == bindparam("action"),
        standing_warrants.c.expires_at > bindparam("at"),
        standing_holders.c.agent_id == bindparam("agent"),
        warrants.c.status == "issued",
    )
    .order_by(standing_warrants.c.expires_at, standing_warrants.c.id)
)


def spend(tx: Tx, cover: Cover) -> bool:
    """Count the uses of this call. False: others took them, and nothing was counted."""
    table = standing_warrants
    counted = tx.conn.execute(
        update(table)
        .where(table.c.id == cover.standing_id, table.c.used + cover.uses <= table.c.count)
        .values(used=table.c.used + cover.uses)
    )
    return counted.rowcount == 1


def note(tx: Tx, cover: Cover, *, warrant_id: str, intent_id: str, agent_id: str) -> None:
    """Link a use to the child warrant it went under; with the last one the standing warrant is used up."""
    rows.add(
        tx.conn,
        standing_uses,
        warrant_id=warrant_id,
        standing_id=cover.standing_id,
        intent_id=intent_id,
        agent_id=agent_id,
        uses=cover.uses,
        at=tx.at,
    )
    row = there(
        rows.first(tx.conn, select(standing_warrants).where(standing_warrants.c.id == cover.standing_id)),
        "counted above, in this transaction",
    )
    if row["used"] < row["count"]:
        kept.tell(tx, row, "used")
        return
    for warrant in kept.holders(tx.conn, cover.standing_id):
        if warrant["status"] == "issued":
            rows.change(tx.conn, warrants, warrant["id"], status="consumed")
    rows.change(tx.conn, standing_warrants, cover.standing_id, ended_at=tx.at)
    kept.tell(tx, row, "used_up")
