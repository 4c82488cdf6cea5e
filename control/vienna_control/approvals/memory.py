"""What was decided about this very call before: the fingerprint is its name.

1. Pending: whoever asks again waits for the same approval.
2. Approved and not used: it can be redeemed, once, while its time lasts.
3. Denied, or lapsed: remembered for ten minutes, so that a looping agent pages nobody twice.
4. Narrowed: whoever asks for the whole is told of the less, and redeems nothing with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from sqlalchemy import bindparam, select

from vienna_control import rows
from vienna_control.approvals import ending
from vienna_control.approvals.ending import votes_of
from vienna_control.approvals.groups import groups_order
from vienna_control.approvals.less import Less
from vienna_control.clock import from_iso, iso
from vienna_control.intake.ask import Ask
from vienna_control.store import Tx
from vienna_control.store.tables import approvals, intents, standing_uses, standing_warrants
from vienna_kernel import lifecycle
from vienna_kernel.approval.deadline import escalate
from vienna_kernel.approval.moves import Requirements, Status, tally
from vienna_kernel.intent import Tier
from vienna_kernel.warrant.terms import Consent, Demand

REMEMBERED = timedelta(minutes=10)

type Standing = Literal["pending", "redeemable", "denied", "expired", "over"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The latest approval of a call.

    Attributes:
        standing: What it means for somebody who asks again now; ``over``: nothing any more.
        reason: Why it was denied, as the operator wrote it.
        level: How often it was escalated.
        rollback_plan: The one that the request itself came with.
        first_key: Idempotency key of the request that people were asked about.
        narrowed: Its ``Less`` as it is kept, None when people were asked about what the agent asked for.
        less: What people made of it, when this ask is for more.
    """

    tenant: str
    approval_id: str
    intent_id: str
    standing: Standing
    tier: Tier
    expires_at: str
    reason: str
    requirements: Requirements
    level: int
    rollback_plan: str
    first_key: str | None
    narrowed: str | None = None
    break_glass: bool = False
    less: Less | None = None


def recall(tx: Tx, ask: Ask) -> Past | None:
    """The latest approval of this call. One whose deadline has just passed is lapsed here first.

    The fingerprint is the gate's word. What it says the call means, and where it goes, is held against what people
    were shown as well, so that no gate redeems a consent for something else.
    """
    name = {"agent": ask.caller.agent_id, "fingerprint": ask.fingerprint}
    row = _LATEST.first(tx.conn, **name)
    if row is not None and row["status"] == Status.PENDING and row["expires_at"] <= tx.at:
        ending.lapse(tx, row["id"])
        row = _LATEST.first(tx.conn, **name)
    if row is None or not _goes_there(row, ask):
        return None
    if row["meaning_digest"] == ask.meaning_digest:
        return _past(tx, row)
    less = Less.load(row["narrowed"])
    if less is None or ask.meaning_digest not in less.asked:
        return None
    return replace(_past(tx, row), less=less)


def _goes_there(row: rows.Row, ask: Ask) -> bool:
    """Whether it is the same method at the same origin: a mapping may name many hosts for one meaning."""
    call = rows.load(row["call"]) if row["call"] is not None else None
    if call is None or ask.call is None:
        return call is None and ask.call is None
    return (call["method"], call["origin"]) == (ask.call.method, ask.call.origin)


def behind(tx: Tx, intent_id: str) -> Past | None:
    """The approval that an intent rests on; of a use of a standing warrant, the one of that."""
    row = _OF_INTENT.first(tx.conn, intent=intent_id) or _OF_USE.first(tx.conn, intent=intent_id)
    return None if row is None else _past(tx, row)


_WITH_INTENT = select(
    approvals,
    intents.c.status.label("intent_status"),
    intents.c.digest.label("meaning_digest"),
    intents.c.call,
).join(intents, intents.c.id == approvals.c.intent_id)
_NEWEST = (approvals.c.created_at.desc(), approvals.c.id.desc())
_OF_INTENT = rows.Prepared(
    _WITH_INTENT.where(approvals.c.intent_id == bindparam("intent")).order_by(*_NEWEST).limit(1)
)
_OF_USE = rows.Prepared(
    _WITH_INTENT.join(standing_warrants, standing_warrants.c.approval_id == approvals.c.id)
    .join(standing_uses, standing_uses.c.standing_id == standing_warrants.c.id)
    .where(standing_uses.c.intent_id == bindparam("intent"))
    .limit(1)
)
_LATEST = rows.Prepared(
    _WITH_INTENT.where(
        approvals.c.agent_id == bindparam("agent"), approvals.c.fingerprint == bindparam("fingerprint")
    )
    .order_by(*_NEWEST)
    .limit(1)
)


def _past(tx: Tx, row: rows.Row) -> Past:
    return Past(
        tenant=row["tenant"],
        approval_id=row["id"],
        intent_id=row["intent_id"],
        standing=_standing(tx, row),
        tier=Tier(row["tier"]),
        expires_at=row["expires_at"],
        reason=row["reason"],
        requirements=Requirements.from_json(rows.load(row["requirements"])),
        level=row["level"],
        first_key=_key_of(row),
        narrowed=row["narrowed"],
        break_glass=row["break_glass_id"] is not None,
        rollback_plan=str((rows.load(row["shown"]).get("claimed") or {}).get("rollback_plan") or ""),
    )


def _key_of(row: rows.Row) -> str | None:
    lines = rows.load(row["call"])["headers"] if row["call"] is not None else []
    return next((value for name, value in lines if name == "idempotency-key"), None)


def _standing(tx: Tx, row: rows.Row) -> Standing:
    match Status(row["status"]):
        case Status.PENDING:
            return "pending"
        case Status.APPROVED:
            usable = row["redeemed_at"] is None and row["redeem_until"] > tx.at
            return "redeemable" if usable and row["intent_status"] == lifecycle.Status.APPROVED else "over"
        case Status.DENIED | Status.EXPIRED as status:
            recent = row["decided_at"] > iso(tx.now - REMEMBERED)
            return ("denied" if status is Status.DENIED else "expired") if recent else "over"
        case Status.CANCELLED:
            return "over"


def consents(tx: Tx, past: Past) -> tuple[tuple[Consent, ...], Demand]:
    """Whose consent an approval holds, and what was asked for, as a warrant names both."""
    return given(tx, past.approval_id), demand(past.requirements)


def given(tx: Tx, approval_id: str) -> tuple[Consent, ...]:
    """Whose consent an approval holds, with what their passkeys signed."""
    proofs = ending.proofs_of(tx.conn, approval_id)
    return tuple(
        Consent(
            vote.operator_id,
            from_iso(at),
            digest,
            vote.mfa,
            bool(vote.justification.strip()),
            proofs.get(vote.operator_id),
        )
        for vote, at, digest in votes_of(tx.conn, approval_id)
        if vote.verdict == "approve"
    )


def demand(requirements: Requirements) -> Demand:
    """What these requirements ask of the consents, as a warrant's verifier counts it."""
    parts = list(requirements.parts())
    return Demand(
        approvals=requirements.people_needed,
        mfa=any(part.mfa for part in parts),
        justification=any(part.justification for part in parts),
    )


def satisfies(tx: Tx, past: Past, requirements: Requirements, *, tier: Tier) -> bool:
    """Whether the consent that was given is enough for what policy asks now, at the tier that it has now.

    Whom an escalation asked as well then is asked as well here. What went by break-glass went by one person, for as
    much as it was then.
    """
    given = [vote for vote, _, _ in votes_of(tx.conn, past.approval_id)]
    if past.break_glass:
        return bool(given) and tier <= past.tier
    order = groups_order(tx.conn, past.tenant) if past.level else ()
    for level in range(past.level):
        requirements = escalate(requirements, order, level) or requirements
    return tally(requirements, given, rollback_plan=past.rollback_plan).status == "approved"
