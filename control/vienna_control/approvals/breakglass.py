"""Break-glass: in an emergency one person of the group ``incident`` stands for the quorum. Off by default.

1. Never at T3, never about a request of one's own, never without a second factor, a reason and an incident number.
2. For one approval, or for what one agent does by one action for thirty minutes at most.
3. Every other approver and the auditors are told at once; until somebody else has closed the review of it, the glass
   stays as it is: nobody opens the next.
4. What it lets go is an approval like any other: its vote says who, by which factor and why, and the warrant says that
   one person was asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.approvals import vote
from vienna_control.approvals.delegation import voter_of
from vienna_control.approvals.standing import kept as standing
from vienna_control.approvals.vote import Ballot, Decided
from vienna_control.approvals.wording import kept
from vienna_control.clock import iso
from vienna_control.fleet.alerts import raise_alert
from vienna_control.passkeys import consent
from vienna_control.store import Tx
from vienna_control.store.tables import approvals, break_glasses, intents, operators
from vienna_kernel.approval.moves import Requirements, Status, Voter
from vienna_kernel.intent import Tier
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.verdict import Reason, Refused

INCIDENT = "incident"
LONGEST = timedelta(minutes=30)
_HIGHEST = Tier.T2

type Cast = Callable[[str, Voter, Ballot], Decided | Refused | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What somebody opens the glass for.

    Attributes:
        approval_id: This one; else what ``agent_id`` does by ``action`` for ``minutes``.
        mfa: ``totp`` or ``passkey``, as it was checked.
    """

    incident: str
    reason: str
    mfa: Literal["totp", "passkey"]
    approval_id: str | None = None
    agent_id: str | None = None
    action: str | None = None
    minutes: int = 30


def may_open(conn: Connection, tenant: str, voter: Voter) -> Refused | None:
    """Why this person may not open the glass now; None: they may."""
    if voter.role not in ("approver", "admin") or INCIDENT not in voter.groups:
        return Refused(Reason.NOT_AN_APPROVER, f"break-glass is for approvers of the group {INCIDENT}")
    waiting = unreviewed(conn, tenant)
    if waiting is not None:
        return Refused(
            Reason.APPROVAL_PENDING, f"{waiting} has no closed review: somebody else reviews it first"
        )
    return None


def unreviewed(conn: Connection, tenant: str) -> str | None:
    """Id of the one whose review is open, if any."""
    query = select(break_glasses.c.id).where(
        break_glasses.c.tenant == tenant, break_glasses.c.reviewed_at.is_(None)
    )
    return conn.scalar(query.limit(1))


def open_(tx: Tx, tenant: str, voter: Voter, opening: Opening) -> str:
    """Enter it, and tell everybody; returns its id. Whether it may be is ``may_open``'s."""
    break_glass_id = tx.id("bg")
    ends = tx.now + min(LONGEST, timedelta(minutes=opening.minutes))
    scope = {
        "approval_id": opening.approval_id,
        "agent_id": opening.agent_id,
        "action": opening.action,
    }
    rows.add(
        tx.conn,
        break_glasses,
        id=break_glass_id,
        tenant=tenant,
        operator_id=voter.id,
        email=voter.email,
        incident=kept(opening.incident),
        reason=kept(opening.reason),
        mfa=opening.mfa,
        opened_at=tx.at,
        expires_at=iso(ends),
        **scope,
    )
    told = {
        "break_glass_id": break_glass_id,
        "did": "opened",
        "incident": kept(opening.incident),
        "reason": kept(opening.reason),
        "mfa": opening.mfa,
        "expires_at": iso(ends),
        **scope,
    }
    _tell(tx, tenant, told, by=voter.id)
    tx.publish(
        "break_glass",
        {**told, "by": voter.email, "people": _everybody(tx.conn, tenant, voter)},
        tenant=tenant,
    )
    raise_alert(
        tx,
        tenant=tenant,
        severity="critical",
        kind="break_glass",
        agent_id=opening.agent_id,
        text=f"{voter.email} broke the glass for {kept(opening.incident)}: {kept(opening.reason)}",
    )
    return break_glass_id


def _everybody(conn: Connection, tenant: str, voter: Voter) -> list[str]:
    """Every other approver, and the auditors."""
    query = select(operators.c.id).where(
        operators.c.tenant == tenant,
        operators.c.disabled.is_(False),
        operators.c.role.in_(["admin", "approver", "auditor"]),
        operators.c.id != voter.id,
    )
    return sorted(conn.scalars(query))


def use(
    tx: Tx, break_glass: Mapping[str, Any], approval_id: str, ballot: Ballot, cast: Cast
) -> Decided | Refused:
    """Let one approval go by it: one person is asked now, who consents. Refused: nothing was changed."""
    row = rows.first(tx.conn, select(approvals).where(approvals.c.id == approval_id))
    person = rows.first(tx.conn, select(operators).where(operators.c.id == break_glass["operator_id"]))
    if row is None or row["tenant"] != break_glass["tenant"] or row["status"] != Status.PENDING:
        return Refused(Reason.APPROVAL_DECIDED, "it does not wait for anybody")
    if standing.of_approval(tx.conn, approval_id) is not None:
        return Refused(Reason.NOT_AN_APPROVER, "break-glass is for a call, and never for consent in advance")
    if Tier(row["tier"]) > _HIGHEST:
        return Refused(Reason.NOT_AN_APPROVER, "break-glass is never for T3")
    if consent.demanded(tx.conn, row["tenant"], row["tier"]):
        return Refused(
            Reason.NOT_AN_APPROVER, "gates believe the passkeys of the roster alone here, and not one person"
        )
    if person is None or person["disabled"] or INCIDENT not in rows.load(person["groups"]):
        return Refused(Reason.NOT_AN_APPROVER, f"whoever opened it is not of the group {INCIDENT} any more")
    asked = rows.dump(_one_person(Requirements.from_json(rows.load(row["requirements"]))).to_json())
    with tx.conn.begin_nested() as savepoint:
        rows.change(tx.conn, approvals, approval_id, requirements=asked, break_glass_id=break_glass["id"])
        decided = cast(approval_id, voter_of(person), ballot)
        if not isinstance(decided, Decided) or decided.status is not Status.APPROVED:
            savepoint.rollback()
            return (
                decided
                if isinstance(decided, Refused)
                else Refused(Reason.APPROVAL_DECIDED, "it was decided")
            )
    told = {"break_glass_id": break_glass["id"], "did": "used", "approval_id": approval_id}
    _tell(tx, row["tenant"], told, by=person["id"], agent_id=row["agent_id"], intent_id=row["intent_id"])
    return decided


def _one_person(asked: Requirements) -> Requirements:
    """One of the group; not redeemable for longer than the glass is open at most.

    Of the factor and the reason it asks what was asked before: others may have consented already, and the warrant
    holds each consent to it. Whoever opens the glass has shown both.
    """
    return Requirements(
        count=1,
        groups=(INCIDENT,),
        mfa=any(part.mfa for part in asked.parts()),
        justification=any(part.justification for part in asked.parts()),
        timeout_seconds=asked.timeout_seconds,
        redeem_seconds=min(asked.redeem_seconds, int(LONGEST.total_seconds())),
        page=asked.page,
        notify=asked.notify,
    )


def ballot_of(break_glass: Mapping[str, Any]) -> Ballot:
    """The consent of who opened it for an agent's action: the factor was shown then, and is not shown again."""
    return Ballot(
        verdict="approve",
        comment=f"break-glass {break_glass['incident']}",
        justification=break_glass["reason"],
        factor=break_glass["mfa"],
    )


def cover(tx: Tx, approval_id: str) -> bool:
    """Let an approval that was just asked for go, if the glass is open for its agent's action; whether it did."""
    found = _covering(tx, approval_id)
    if found is None:
        return False

    def cast(one: str, voter: Voter, ballot: Ballot) -> Decided | Refused | None:
        return vote.cast(tx, found["tenant"], one, voter, ballot)

    return isinstance(use(tx, found, approval_id, ballot_of(found), cast), Decided)


def open_for(tx: Tx, agent_id: str, action: str) -> bool:
    """Whether the glass is open for what this agent does by this action."""
    query = select(break_glasses.c.id).where(
        break_glasses.c.agent_id == agent_id,
        break_glasses.c.action == action,
        break_glasses.c.reviewed_at.is_(None),
        break_glasses.c.expires_at > tx.at,
    )
    return tx.conn.scalar(query.limit(1)) is not None


def _covering(tx: Tx, approval_id: str) -> rows.Row | None:
    query = (
        select(break_glasses)
        .join(approvals, (approvals.c.agent_id == break_glasses.c.agent_id))
        .join(intents, (intents.c.id == approvals.c.intent_id) & (intents.c.action == break_glasses.c.action))
        .where(
            approvals.c.id == approval_id,
            break_glasses.c.tenant == approvals.c.tenant,
            break_glasses.c.reviewed_at.is_(None),
            break_glasses.c.expires_at > tx.at,
        )
    )
    return rows.first(tx.conn, query)


def waiting_for(conn: Connection, tenant: str, agent_id: str, action: str) -> list[str]:
    """Ids of the approvals that wait for what an agent does by an action, oldest first."""
    query = (
        select(approvals.c.id)
        .join(intents, intents.c.id == approvals.c.intent_id)
        .where(
            approvals.c.tenant == tenant,
            approvals.c.agent_id == agent_id,
            approvals.c.status == Status.PENDING.value,
            intents.c.action == action,
        )
        .order_by(approvals.c.id)
    )
    return list(conn.scalars(query))


def review(tx: Tx, tenant: str, break_glass_id: str, voter: Voter, text: str) -> Refused | bool:
    """Close the review, and with it whatever time was left. False: there is no such one."""
    row = find(tx.conn, tenant, break_glass_id)
    if row is None:
        return False
    if row["operator_id"] == voter.id:
        return Refused(Reason.OWN_REQUEST, "somebody else reviews it than who opened it")
    if row["reviewed_at"] is not None:
        return Refused(Reason.APPROVAL_DECIDED, "its review is closed already")
    rows.change(
        tx.conn, break_glasses, break_glass_id, reviewed_by=voter.id, review=kept(text), reviewed_at=tx.at
    )
    told = {"break_glass_id": break_glass_id, "did": "reviewed", "review": kept(text)}
    _tell(tx, tenant, told, by=voter.id)
    tx.publish("break_glass", {**told, "by": voter.email}, tenant=tenant)
    return True


def find(conn: Connection, tenant: str, break_glass_id: str) -> rows.Row | None:
    return rows.first(
        conn,
        select(break_glasses).where(break_glasses.c.id == break_glass_id, break_glasses.c.tenant == tenant),
    )


def told(conn: Connection, row: Mapping[str, Any]) -> dict[str, Any]:
    """One of them as the API shows it, with what went by it."""
    used = select(approvals.c.id).where(approvals.c.break_glass_id == row["id"]).order_by(approvals.c.id)
    reviewer = select(operators.c.email).where(operators.c.id == row["reviewed_by"])
    names = ("incident", "reason", "mfa", "approval_id", "agent_id", "action", "opened_at", "expires_at")
    return {
        "break_glass_id": row["id"],
        "opened_by": row["email"],
        **{name: row[name] for name in names},
        "approvals": list(conn.scalars(used.limit(500))),
        "review": row["review"],
        "reviewed_by": conn.scalar(reviewer) if row["reviewed_by"] else None,
        "reviewed_at": row["reviewed_at"],
    }


def _tell(tx: Tx, tenant: str, data: dict[str, Any], *, by: str, **about: str | None) -> None:
    tx.record(EntryType.BREAK_GLASS, tenant=tenant, actor=f"operator:{by}", data=data, **about)
