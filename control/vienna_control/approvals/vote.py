"""Yes and no. The kernel says who may and what a vote must carry; here it is checked, kept and told.

1. The deadline first: a vote after it finds an approval that has lapsed.
2. What the voter saw must be what is asked (``shown_digest``).
3. May this person vote, and does the vote carry what is asked of it.
4. The code, or the passkey, last: a vote that is refused for another reason does not use it up. Where the roster asks
   for passkeys nothing else is consent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import Connection

from vienna_control import rows
from vienna_control.approvals import duty, ending
from vienna_control.approvals.comments import safe
from vienna_control.approvals.seats import seat
from vienna_control.approvals.wording import kept
from vienna_control.passkeys import consent
from vienna_control.store import Tx
from vienna_control.store.tables import votes
from vienna_kernel.approval.moves import (
    Requirements,
    Status,
    Tally,
    Vote,
    Voter,
    advance,
    may_count,
    tally,
)
from vienna_kernel.consent.statement import Proof
from vienna_kernel.ledger.trail import EntryType
from vienna_kernel.value import digest
from vienna_kernel.verdict import Reason, Refused
from vienna_kernel.warrant.consents import proof_to_claims

type CodeCheck = Callable[[], bool]
type PasskeyCheck = Callable[[], Proof | Refused]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ballot:
    """What an operator sends in.

    Attributes:
        comment: For colleagues; of a denial: the reason that the agent will read.
        shown_digest: Digest of what the operator saw; None: whatever is asked now.
        in_place_of: Id or e-mail address of whom the operator stands in for; None: as themselves if they may, else
            in the place of the first who lets them.
        code: Whether a code was offered, and how to check it (it is used up by that).
        passkey: The same of a passkey; what it signed is kept.
        factor: The factor that was shown before, where it is not shown again for each.
    """

    verdict: Literal["approve", "deny"]
    comment: str = ""
    justification: str = ""
    rollback_plan: str = ""
    shown_digest: str | None = None
    in_place_of: str | None = None
    code: CodeCheck | None = None
    passkey: PasskeyCheck | None = None
    factor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """Where the approval stands after the vote.

    Attributes:
        warrant_id: Of the warrant that was handed out for it at once, if any.
    """

    approval_id: str
    intent_id: str
    agent_id: str
    status: Status
    tally: Tally
    intent_status: str
    warrant_id: str | None = None


class StaleError(ValueError):
    """What the operator saw is not what is asked."""


def cast(tx: Tx, tenant: str, approval_id: str, voter: Voter, ballot: Ballot) -> Decided | Refused | None:
    """Count one vote. None: there is no such approval. Raises ``StaleError``."""
    row = in_time(tx, tenant, approval_id)  # (1)
    if row is None:
        return None
    if ballot.shown_digest is not None and ballot.shown_digest != row["shown_digest"]:  # (2)
        raise StaleError("what you saw is not what is asked; look again")
    ballot = _legible(ballot)
    requirements = Requirements.from_json(rows.load(row["requirements"]))
    earlier = [vote for vote, _, _ in ending.votes_of(tx.conn, approval_id)]
    seated = seat(tx.conn, row, voter, earlier, now=tx.now, in_place_of=ballot.in_place_of)  # (3)
    if isinstance(seated, Refused):
        return seated
    voter = seated
    vote = _vote(voter, ballot)
    counts = may_count(requirements, vote)
    if isinstance(counts, Refused):
        return counts
    shown = _factor(tx, row, ballot)  # (4)
    if isinstance(shown, Refused):
        return shown
    _keep(tx, row, vote, ballot, shown)
    return _count(tx, row, requirements, [*earlier, vote], ballot)


def _legible(ballot: Ballot) -> Ballot:
    """The same, its words as they can be shown to others: what cannot be seen says nothing, and is no justification."""
    return replace(
        ballot,
        comment=safe(ballot.comment),
        justification=safe(ballot.justification),
        rollback_plan=safe(ballot.rollback_plan),
    )


def in_time(tx: Tx, tenant: str, approval_id: str) -> rows.Row | None:
    """An approval with its intent's status and source, lapsed first if its deadline has passed. None: there is none."""
    row = _row(tx.conn, tenant, approval_id)
    if row is not None and row["status"] == Status.PENDING and row["expires_at"] <= tx.at:
        ending.lapse(tx, approval_id)
        row = _row(tx.conn, tenant, approval_id)
    return row


def _factor(tx: Tx, row: rows.Row, ballot: Ballot) -> Proof | None | Refused:
    """The second factor that was offered, checked and used up: of a passkey what it signed, else None."""
    if ballot.passkey is not None:
        return ballot.passkey()
    if ballot.verdict == "approve" and consent.demanded(tx.conn, row["tenant"], row["tier"]):
        return Refused(
            Reason.MFA_REQUIRED, "consent to this is given by a passkey of the roster: ask for a challenge"
        )
    if ballot.code is not None and not ballot.code():
        return Refused(Reason.MFA_REQUIRED, "the code is wrong, was used already, or none is enrolled")
    return None


def _vote(voter: Voter, ballot: Ballot) -> Vote:
    return Vote(
        operator_id=voter.id,
        verdict=ballot.verdict,
        mfa="passkey" if ballot.passkey is not None else "totp" if ballot.code is not None else ballot.factor,
        justification=ballot.justification,
        rollback_plan=ballot.rollback_plan,
        groups=voter.groups,
        role=voter.role,
        email=voter.email,
        stands_for=voter.stands_for,
        lent=voter.lent,
        covers=voter.covers,
    )


def _count(
    tx: Tx, row: rows.Row, requirements: Requirements, cast_votes: Sequence[Vote], ballot: Ballot
) -> Decided:
    vote = cast_votes[-1]
    planned = (rows.load(row["shown"]).get("claimed") or {}).get("rollback_plan") or ""
    standing = tally(requirements, cast_votes, rollback_plan=str(planned))
    status = advance(Status(row["status"]), standing.event)
    intent_status = row["intent_status"]
    if status is not Status.PENDING:
        intent_status = ending.conclude(
            tx, row, status, reason=kept(ballot.comment), by=f"operator:{vote.operator_id}"
        )
    else:
        people = duty.to_notify(tx.conn, row["tenant"], requirements, cast_votes, now=tx.now)
        tx.publish(
            "approval_changed",
            {"approval_id": row["id"], "current_approvals": standing.current, "people": people},
            tenant=row["tenant"],
        )
    return Decided(
        approval_id=row["id"],
        intent_id=row["intent_id"],
        agent_id=row["agent_id"],
        status=status,
        tally=standing,
        intent_status=intent_status,
    )


def _keep(tx: Tx, row: rows.Row, vote: Vote, ballot: Ballot, proof: Proof | None) -> None:
    rows.add(
        tx.conn,
        votes,
        id=tx.id("vote"),
        approval_id=row["id"],
        operator_id=vote.operator_id,
        email=vote.email,
        role=vote.role,
        groups=rows.dump(vote.groups),
        verdict=vote.verdict,
        comment=ballot.comment,
        justification=vote.justification,
        rollback_plan=vote.rollback_plan,
        mfa=vote.mfa,
        shown_digest=row["shown_digest"],
        passkey=proof.kid if proof else None,
        proof=rows.dump(proof_to_claims(proof)) if proof else None,
        stands_for=_stood_for(vote),
        at=tx.at,
    )
    tx.record(
        EntryType.APPROVAL_VOTE,
        tenant=row["tenant"],
        actor=f"operator:{vote.operator_id}",
        agent_id=row["agent_id"],
        intent_id=row["intent_id"],
        data={
            "approval_id": row["id"],
            "verdict": vote.verdict,
            "mfa": vote.mfa,
            "shown_digest": row["shown_digest"],
            "justified": bool(vote.justification.strip()),
            "comment": kept(ballot.comment),
            **({"for": f"operator:{vote.stands_for}"} if vote.stands_for else {}),
            **(_proved(proof) if proof else {}),
        },
    )


def _proved(proof: Proof) -> dict[str, str]:
    """The key, and the digest of what it signed and how: the vote's row holds all of it."""
    return {"passkey": proof.kid, "proof": digest(proof_to_claims(proof))}


def _stood_for(vote: Vote) -> str | None:
    if not vote.stands_for:
        return None
    return rows.dump({"id": vote.stands_for, "groups": vote.lent, "covers": vote.covers})


def _row(conn: Connection, tenant: str, approval_id: str) -> rows.Row | None:
    row = ending.open_row(conn, approval_id)
    return row if row is not None and row["tenant"] == tenant else None
