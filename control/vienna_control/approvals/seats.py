"""As whom an operator votes: as themselves, or in the place of who named them; never about a request of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import Connection

from vienna_control import rows
from vienna_control.approvals import delegation
from vienna_control.approvals.standing import kept as standing
from vienna_control.fleet import registry
from vienna_control.identity import operators
from vienna_kernel.approval.moves import Requirements, Vote, Voter, may_vote
from vienna_kernel.verdict import Reason, Refused


class Desk:
    """One operator before the queue: what it takes to judge many approvals is read once.

    Attributes:
        voter: The operator as themselves.
    """

    def __init__(self, conn: Connection, tenant: str, voter: Voter, now: datetime) -> None:
        self.voter = voter
        self._conn = conn
        self._tenant = tenant
        self._now = now
        self._owners: dict[str, frozenset[str]] = {}
        self._emails: dict[str, str] = {}

    @cached_property
    def _places(self) -> list[Voter]:
        return delegation.seats(self._conn, self._tenant, self.voter, self._now)

    def seat(
        self, row: Mapping[str, Any], earlier: Sequence[Vote], *, in_place_of: str | None = None
    ) -> Voter | Refused:
        """As whom this operator votes on an approval, or why they may not.

        ``row``: an approval with its intent's source. ``in_place_of``: None: as themselves if they may, else in the
        place of the first who lets them.
        """
        requirements = _requirements(row["requirements"])

        def judged(one: Voter) -> Voter | Refused:
            requester = self._requester(row, one)
            verdict = may_vote(requirements, one, earlier, requester_id=requester, status=row["status"])
            return verdict if isinstance(verdict, Refused) else one

        own = judged(self.voter)
        if in_place_of is None and (isinstance(own, Voter) or own.reason is not Reason.NOT_AN_APPROVER):
            return own
        places = self._places
        if in_place_of is not None:
            wanted = in_place_of.lower()
            places = [
                one for one in places if wanted in (one.stands_for.lower(), self._email(one.stands_for))
            ]
            own = Refused(Reason.NOT_AN_APPROVER, f"you do not stand in for {in_place_of}")
        told = [judged(one) for one in places]
        return next((one for one in told if isinstance(one, Voter)), told[0] if told else own)

    def _requester(self, row: Mapping[str, Any], one: Voter) -> str:
        """Who counts as having asked for this: the operator that submitted it, or the owner of the agent; of a standing
        warrant both.

        An owner is named by id or e-mail; when it is this voter, or whom they stand in for, that one's id is the
        answer.
        """
        kind, _, submitter = row["source"].partition(":")
        if kind == "operator" and (row["action"] != standing.ACTION or submitter in (one.id, one.stands_for)):
            return str(submitter)
        agents = (
            standing.agents_of_approval(self._conn, row["id"]) if kind == "operator" else [row["agent_id"]]
        )
        return next((own for agent_id in agents if (own := self._own(agent_id, one))), "")

    def _own(self, agent_id: str, one: Voter) -> str:
        """The owner of this agent, where it is this voter or whom they stand in for."""
        owners = self._owners_of(agent_id)
        if owners & {one.id.lower(), one.email.lower()}:
            return one.id
        if owners and one.stands_for and owners & {one.stands_for.lower(), self._email(one.stands_for)}:
            return one.stands_for
        return ""

    def _owners_of(self, agent_id: str) -> frozenset[str]:
        """As they stand in its metadata: one, or a list of them."""
        if agent_id not in self._owners:
            agent = registry.by_id(self._conn, agent_id)
            told = agent.details.get("owner") if agent else None
            named = told if isinstance(told, list) else [told]
            known = (one.strip().lower() for one in named if isinstance(one, str))
            self._owners[agent_id] = frozenset(one for one in known if one)
        return self._owners[agent_id]

    def _email(self, operator_id: str) -> str:
        if operator_id not in self._emails:
            found = operators.by_id(self._conn, operator_id)
            self._emails[operator_id] = found.email if found else ""
        return self._emails[operator_id]


@lru_cache(maxsize=512)
def _requirements(text: str) -> Requirements:
    """A queue of a thousand asks the same few things."""
    return Requirements.from_json(rows.load(text))


def seat(
    conn: Connection,
    row: rows.Row,
    voter: Voter,
    earlier: Sequence[Vote],
    *,
    now: datetime,
    in_place_of: str | None = None,
) -> Voter | Refused:
    """``Desk.seat`` for one approval."""
    return Desk(conn, row["tenant"], voter, now).seat(row, earlier, in_place_of=in_place_of)
