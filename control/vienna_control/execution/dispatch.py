"""The moment of dispatch: a warrant is minted for exactly this, consumed once, and the start recorded.

1. ``warrant_issued`` is entered first: the warrant names the leaf of that entry.
2. The one use is a row whose key is the warrant: there is no second.
3. What it may use of budgets is reserved with it.
4. All of it stands in the transaction that answers the gate; the bytes leave after its commit.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import bindparam, select

from vienna_control import rows
from vienna_control.authority import Authority, Grant, Issued
from vienna_control.budgets import books
from vienna_control.fleet.registry import Agent
from vienna_control.intake.ask import Ask
from vienna_control.policies import Bundle
from vienna_control.store import Tx
from vienna_control.store.tables import approvals, consumptions, executions, intents, warrants
from vienna_kernel.budget.claim import Claim
from vienna_kernel.intent import Tier
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.lifecycle import Event, Grade, Status, advance
from vienna_kernel.warrant.terms import Consent, Demand


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On what grounds, and for how long.

    Attributes:
        consents: Whose consent it rests on; empty for what needs none.
        ttl_seconds: Lifetime, from now.
        observed: Minted in observe mode: it permits nothing, and says so.
        reservations: What it may use of budgets.
        parent, standing: The warrant that it is a use of, and the standing warrant that this belongs to.
    """

    tier: Tier
    ttl_seconds: int
    consents: tuple[Consent, ...] = ()
    demand: Demand = field(default_factory=Demand)
    observed: bool = False
    reservations: tuple[Claim, ...] = ()
    parent: str | None = None
    standing: str | None = None


def mint(
    tx: Tx, authority: Authority, agent: Agent, ask: Ask, *, intent_id: str, terms: Terms, bundle: Bundle
) -> Issued:
    """Issue a warrant for this ask; it is not used yet."""
    grant = Grant(
        tenant=agent.tenant,
        intent_id=intent_id,
        agent_id=agent.id,
        agent=agent.name,
        tier=terms.tier,
        ttl_seconds=terms.ttl_seconds,
        intents=ask.intents,
        actor=ask.caller.source,
        audience=ask.call.origin if ask.call else None,
        call=ask.call,
        holder_jkt=ask.caller.jkt or None,
        policy_digest=bundle.policy_digest,
        mapping_digest=bundle.mapping_digest,
        consents=terms.consents,
        demand=terms.demand,
        observed=terms.observed,
        parent=terms.parent,
        standing=terms.standing,
        budgets=tuple(books.told(terms.reservations)),
    )
    issued = authority.issue(tx, grant)
    books.reserve(
        tx, terms.reservations, tenant=agent.tenant, warrant_id=issued.warrant.id, intent_id=intent_id
    )
    return issued


def consumed_by(tx: Tx, warrant_id: str) -> str | None:
    """The attempt that used this warrant, or None."""
    found: str | None = _ATTEMPT.scalar(tx.conn, warrant=warrant_id)
    return found


_ATTEMPT = rows.Prepared(
    select(consumptions.c.attempt).where(consumptions.c.warrant_id == bindparam("warrant"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """The one use of a warrant.

    Attributes:
        by: ``sidecar:<id>``, ``agent:<id>`` or ``system`` (our own handlers).
        grade: How well the execution can be vouched for.
        status: Of the intent now; None: as its row says.
        approval_id: The approval that it rests on, used up with it; with ``status`` None as the intent's row says.
        sidecar_id: The gate it leaves through, if any.
    """

    warrant_id: str
    intent_id: str
    agent_id: str
    tenant: str
    attempt: str
    by: str
    grade: Grade
    status: Status | None = None
    approval_id: str | None = None
    sidecar_id: str | None = None


def consume(tx: Tx, use: Use) -> str:
    """Take the one use, start the execution, move the intent; returns the execution's id.

    The caller has seen in this transaction that the warrant is issued, in force and not consumed; a second use ends
    in the database's own refusal (``IntegrityError``), whatever the caller saw.
    """
    status, approval_id = _standing(tx, use)
    rows.add(tx.conn, consumptions, warrant_id=use.warrant_id, attempt=use.attempt, by=use.by, at=tx.at)
    rows.change(tx.conn, warrants, use.warrant_id, status="consumed")
    if approval_id is not None:
        rows.change(tx.conn, approvals, approval_id, redeemed_at=tx.at)
    execution_id = tx.id("exec")
    rows.add(
        tx.conn,
        executions,
        id=execution_id,
        tenant=use.tenant,
        intent_id=use.intent_id,
        warrant_id=use.warrant_id,
        agent_id=use.agent_id,
        status=Status.EXECUTING.value,
        grade=use.grade.value,
        response_bytes=0,
        withheld=False,
        started_at=tx.at,
    )
    _move(tx, use, status, execution_id)
    trail = {"tenant": use.tenant, "actor": use.by, "agent_id": use.agent_id, "intent_id": use.intent_id}
    tx.record(
        EntryType.WARRANT_CONSUMED, data={"warrant_id": use.warrant_id, "attempt": use.attempt}, **trail
    )
    tx.record(
        EntryType.EXECUTION_STARTED,
        data={"execution_id": execution_id, "warrant_id": use.warrant_id, "grade": use.grade.value},
        **trail,
    )
    return execution_id


def _standing(tx: Tx, use: Use) -> tuple[Status, str | None]:
    if use.status is not None:
        return use.status, use.approval_id
    query = select(intents.c.status, intents.c.approval_id).where(intents.c.id == use.intent_id)
    row = tx.conn.execute(query).one()
    return Status(row.status), row.approval_id


def _move(tx: Tx, use: Use, status: Status, execution_id: str) -> None:
    if status is not Status.OBSERVED:
        status = advance(status, Event.DISPATCH)
    gate = {"sidecar_id": use.sidecar_id} if use.sidecar_id else {}
    rows.change(
        tx.conn,
        intents,
        use.intent_id,
        status=status.value,
        grade=use.grade.value,
        warrant_id=use.warrant_id,
        execution_id=execution_id,
        attempt=use.attempt,
        updated_at=tx.at,
        **gate,
    )
