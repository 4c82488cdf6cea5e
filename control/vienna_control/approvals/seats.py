"""As whom an operator votes: as themselves, or in the place of who named them; never about a request of their own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from vienna_control import rows
from vienna_control.approvals import delegation
from vienna_control.fleet import registry
from vienna_control.identity import operators
from vienna_kernel.approval.moves import Requirements, Vote, Voter, may_vote
from vienna_kernel.verdict import Reason, Refused


def seat(
    conn: Connection,
    row: rows.Row,
    voter: Voter,
    earlier: Sequence[Vote],
    *,
    now: datetime,
    in_place_of: str | None = None,
) -> Voter | Refused:
    """As whom this operator votes, or why they may not: as themselves, or in the place of who named them.

    ``row``: an approval with its intent's source.
    """
    requirements = Requirements.from_json(rows.load(row["requirements"]))

    def judged(one: Voter) -> Voter | Refused:
        verdict = may_vote(
            requirements, one, earlier, requester_id=requester(conn, row, one), status=row["status"]
        )
        return verdict if isinstance(verdict, Refused) else one

    own = judged(voter)
    if in_place_of is None and (isinstance(own, Voter) or own.reason is not Reason.NOT_AN_APPROVER):
        return own
    places = delegation.seats(conn, row["tenant"], voter, now)
    if in_place_of is not None:
        wanted = in_place_of.lower()
        places = [one for one in places if wanted in (one.stands_for.lower(), _email(conn, one.stands_for))]
        own = Refused(Reason.NOT_AN_APPROVER, f"you do not stand in for {in_place_of}")
    told = [judged(one) for one in places]
    return next((one for one in told if isinstance(one, Voter)), told[0] if told else own)


def requester(conn: Connection, row: rows.Row, voter: Voter) -> str:
    """Who counts as having asked for this: the operator that submitted it, or the owner of the agent.

    An owner is named by id or e-mail; when it is this voter, or whom they stand in for, that one's id is the answer.
    """
    kind, _, submitter = row["source"].partition(":")
    if kind == "operator":
        return str(submitter)
    agent = registry.by_id(conn, row["agent_id"])
    owner = agent.details.get("owner") if agent else None
    if not isinstance(owner, str) or not owner:
        return ""
    if owner.lower() in (voter.id.lower(), voter.email.lower()):
        return voter.id
    if voter.stands_for and owner.lower() in (voter.stands_for.lower(), _email(conn, voter.stands_for)):
        return voter.stands_for
    return ""


def _email(conn: Connection, operator_id: str) -> str:
    found = operators.by_id(conn, operator_id)
    return found.email if found else ""
