"""A warrant that the agent brought along: it was handed out for passback, and is used on the wire, once.

The gate has verified it; here it is verified again, against what this control plane knows of it.
"""

from __future__ import annotations

from vienna_control import custody
from vienna_control.authority import Authority
from vienna_control.execution import dispatch
from vienna_control.fleet.registry import Agent
from vienna_control.intake.ask import Ask
from vienna_control.store import Tx
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.warrant.terms import Warrant
from vienna_kernel.warrant.token import Use, verify


def examine(tx: Tx, authority: Authority, agent: Agent, ask: Ask, token: str) -> Warrant | Refused:
    """Whether this token permits this call, now, for the first time."""
    call = ask.call
    use = Use(
        origin=call.origin if call else authority.issuer,
        agent=agent.name,
        holder_jkt=ask.caller.jkt or None,
        intents=ask.intents,
        request_digest=call.request_digest if call else None,
        method=call.method if call else None,
        url=call.url if call else None,
    )
    warrant = verify(
        token,
        use=use,
        keyring=authority.keyring(),
        now=tx.now,
        issuer=authority.issuer,
        revoked=lambda warrant_id: custody.is_revoked(tx.conn, warrant_id),
        consumed=lambda warrant_id: dispatch.consumed_by(tx, warrant_id) not in (None, ask.attempt),
    )
    if isinstance(warrant, Refused):
        return warrant
    row = custody.find(tx.conn, agent.tenant, warrant.id)
    if row is None or row["agent_id"] != agent.id:
        return Refused(Reason.WARRANT_HOLDER, "issued to another agent")
    return warrant
