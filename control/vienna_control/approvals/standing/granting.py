"""People have agreed: each agent that it is for gets a signed warrant, the parent of its uses.

It is bound to the key that signed it: whoever holds its token can use it for nothing.
"""

from __future__ import annotations

from sqlalchemy import select

from vienna_control import rows
from vienna_control.approvals import memory
from vienna_control.approvals.standing import kept
from vienna_control.authority import Authority, Grant
from vienna_control.freeze import stops
from vienna_control.intake import entry
from vienna_control.invariant import there
from vienna_control.policies import Bundle
from vienna_control.store import Tx
from vienna_control.store.tables import approvals, standing_holders
from vienna_kernel.approval.moves import Requirements
from vienna_kernel.intent import Effect, Intent, Reversibility
from vienna_kernel.lifecycle import Event, Status, advance


def grant(tx: Tx, authority: Authority, approval_id: str, bundle: Bundle) -> str | None:
    """Issue the warrants of the standing warrant that this approval is about; the first one's id.

    None: it is about something else, or it is over already, or no agent of it may act any more.
    """
    row = kept.of_approval(tx.conn, approval_id)
    if row is None:
        return None
    terms = kept.terms(tx.conn, row)
    asked = there(rows.first(tx.conn, select(approvals).where(approvals.c.id == approval_id)), "foreign key")
    meaning = Intent(
        action=terms.action,
        target=terms.target or "*",
        parameters={},
        effect=Effect.GRANT,
        reversibility=Reversibility.REVERSIBLE,
        default_tier=terms.most_tier,
    )
    issued = []
    lasts = int((terms.expires_at - tx.now).total_seconds())
    for agent in terms.agents:
        stopped = any(
            stop.host is None and stop.names(terms.action)
            for stop in stops.in_force(tx.conn, row["tenant"], agent.id)
        )
        if stopped or lasts < 1:  # as a stop would have revoked it
            continue
        about = Grant(
            tenant=row["tenant"],
            intent_id=asked["intent_id"],
            agent_id=agent.id,
            agent=agent.name,
            tier=terms.most_tier,
            ttl_seconds=lasts,
            intents=(meaning,),
            actor="system",
            holder_jkt=authority.warrant_kid,
            policy_digest=bundle.policy_digest,
            mapping_digest=bundle.mapping_digest,
            consents=memory.given(tx, approval_id),
            demand=memory.demand(Requirements.from_json(rows.load(asked["requirements"]))),
            constraints=terms.limits,
            standing=row["id"],
        )
        warrant_id = authority.issue(tx, about).warrant.id
        key = {"standing_id": row["id"], "agent_id": agent.id}
        rows.change_by(tx.conn, standing_holders, key, warrant_id=warrant_id)
        issued.append(warrant_id)
    done = advance(advance(Status.APPROVED, Event.DISPATCH), Event.SUCCEED)
    entry.settle(tx, asked["intent_id"], done, warrant_id=next(iter(issued), None))
    kept.tell(tx, row, "granted" if issued else "revoked")
    return next(iter(issued), None)
