"""Whom to ask, and whether anybody is there: where nobody is, a call is refused at once instead of held in vain.

1. Asked are those who are on duty in a group that is asked; whoever a rule names is asked at any hour; executives are
   asked once nothing but their consent is wanting.
2. Of each kind of person that is asked for, one must be able to answer; too few of them for now are no reason: the
   others may come. Where nobody is on duty, and the rule escalates, the next level is asked at once.
3. What a rule pages in the morning can wait: it is enough that somebody comes on duty before the deadline.
4. Duty says whom to ask, not who may: an approver who is off duty and votes is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.approvals import delegation, groups
from vienna_control.approvals.groups import Present, groups_order
from vienna_control.store.tables import operators
from vienna_kernel.approval.deadline import escalate
from vienna_kernel.approval.moves import EXECUTIVE, Requirements, Status, Vote, Voter, may_vote, tally
from vienna_kernel.verdict import Granted

_MOST_CHANGES = 8
"""How many changes of duty are looked at for what can wait until the morning."""


@dataclass(frozen=True, slots=True)
class Level:
    """Whom to ask first.

    Attributes:
        number: How often it was escalated to come here, since nobody was on duty before.
    """

    requirements: Requirements
    number: int


@dataclass(frozen=True, slots=True)
class _Person:
    """An operator who is not disabled, with what is lent to them."""

    voter: Voter
    name: str
    lenders: tuple[Voter, ...] = ()


def operators_of(conn: Connection, tenant: str) -> list[Voter]:
    """The operators who are not disabled."""
    return [person.voter for person in _people(conn, tenant)]


def first_level(
    conn: Connection, tenant: str, requirements: Requirements, *, now: datetime, owner: str = ""
) -> Level | None:
    """The first level at which people are there who can answer; None: there is none.

    ``owner``: id or e-mail address of whose request it is.
    """
    crowd = _Crowd(conn, tenant, now)
    own = crowd.id_of(owner)
    for number, level in enumerate(_levels(conn, tenant, requirements)):
        if any(_answered(level, crowd.present(level, at), own) for at in crowd.instants(level)):
            return Level(level, number)
    return None


def next_level(
    conn: Connection,
    tenant: str,
    requirements: Requirements,
    wider: Requirements,
    level: int,
    *,
    now: datetime,
) -> Level:
    """Where an escalation from ``level`` to ``wider`` leads: on to the first level that asks somebody who is there.

    Where none does it stays at ``wider``: its deadline ends it.
    """
    crowd = _Crowd(conn, tenant, now)
    order, number, at = groups_order(conn, tenant), level + 1, wider
    following: Requirements | None = wider
    while following is not None and number <= level + len(order) + 1:
        new = replace(following, groups=tuple(g for g in following.groups if g not in requirements.groups))
        if not new.groups or any(crowd.asked(part, now) for part in new.parts()):
            return Level(following, number)
        following, number = escalate(following, order, number), number + 1
    return Level(at, level + 1)


def to_notify(
    conn: Connection,
    tenant: str,
    requirements: Requirements,
    cast: Sequence[Vote],
    *,
    now: datetime,
    own: str = "",
) -> list[str]:
    """Ids of the people to ask now, who are there and have not voted; in order."""
    crowd = _Crowd(conn, tenant, now)
    wanting = tally(requirements, cast, rollback_plan="-").missing
    last = wanting == [f"one of group {EXECUTIVE}"]
    parts = [replace(part, executive=last) for part in requirements.parts()]
    asked = {one.id: one for part in parts for one in crowd.asked(part, now)}
    people = [
        one
        for one in asked.values()
        if isinstance(may_vote(requirements, one, cast, requester_id=own, status=Status.PENDING), Granted)
    ]
    if last:
        return sorted(one.id for one in people if EXECUTIVE in one.of)
    others = [one for one in people if set(one.of) != {EXECUTIVE} or _named(requirements, one)]
    return sorted(one.id for one in others or people)


def page_of(conn: Connection, tenant: str, requirements: Requirements) -> str | None:
    """``now`` or ``morning``, as the rule says, else as the first group that is asked does."""
    if requirements.page is not None:
        return requirements.page
    asked = [group for part in requirements.parts() for group in part.groups]
    return groups.page(groups.every(conn, tenant), asked)


def _named(requirements: Requirements, voter: Voter) -> bool:
    return any(
        voter.named(part.people) or EXECUTIVE in (*part.groups, *part.roles) for part in requirements.parts()
    )


class _Crowd:
    """Everybody of a tenant, as seen at one instant."""

    def __init__(self, conn: Connection, tenant: str, now: datetime) -> None:
        self._now = now
        self._written = groups.every(conn, tenant)
        self._people = _people(conn, tenant, now)

    def id_of(self, owner: str) -> str:
        """Id of the operator with this id or e-mail address; empty when there is none."""
        named = (
            one.voter.id
            for one in self._people
            if owner and owner.lower() in (one.voter.id.lower(), one.voter.email.lower())
        )
        return next(named, "")

    def instants(self, requirements: Requirements) -> Iterator[datetime]:
        """When to look: now; and for what can wait, at each change of duty before the deadline."""
        yield self._now
        asked = [group for part in requirements.parts() for group in part.groups]
        if (requirements.page or groups.page(self._written, asked)) != "morning":
            return
        at = self._now
        deadline = self._now + timedelta(seconds=requirements.timeout_seconds)
        for _ in range(_MOST_CHANGES):
            change = Present(self._written, at).next_change(asked or [*self._written])
            if change is None or change >= deadline:
                return
            yield (at := change)

    def present(self, requirements: Requirements, at: datetime) -> list[Voter]:
        """Who is there for any part of it."""
        found = {one.id: one for part in requirements.parts() for one in self.asked(part, at)}
        return list(found.values())

    def asked(self, part: Requirements, at: datetime) -> list[Voter]:
        """Who of them is asked by one part and there, with the groups for which they are."""
        present = Present(self._written, at)
        found = []
        for person in self._people:
            there = _there(person, present)
            by_name = person.voter.named(part.people)
            if by_name or (there is not None and _is_asked(part, there)):
                found.append(person.voter if there is None else there)
        return found


def _is_asked(part: Requirements, voter: Voter) -> bool:
    if any(voter.has(role) for role in part.roles) or (part.executive and EXECUTIVE in voter.of):
        return True
    return not part.groups or any(group in voter.of for group in part.groups)


def _there(person: _Person, present: Present) -> Voter | None:
    """The person with the groups for which they are on duty; None: off duty in all of theirs."""
    voter = person.voter
    own = tuple(group for group in voter.groups if present.in_group(voter, person.name, group))
    lent = tuple(
        group
        for lender in person.lenders
        for group in lender.lent
        if present.in_group(voter, person.name, group) or present.in_group(lender, "", group)
    )
    if voter.groups and not own and not lent:
        return None
    return replace(voter, groups=own, lent=lent)


def _people(conn: Connection, tenant: str, now: datetime | None = None) -> list[_Person]:
    query = select(operators).where(operators.c.tenant == tenant, operators.c.disabled.is_(False))
    found = rows.every(conn, query.order_by(operators.c.id))
    by_id = {row["id"]: delegation.voter_of(row) for row in found}
    standing = delegation.stand_ins(conn, tenant, now) if now is not None else ()
    people = []
    for row in found:
        voter = by_id[row["id"]]
        lenders: tuple[Voter, ...] = ()
        if now is not None and voter.id in standing:
            seats = delegation.seats(conn, tenant, voter, now)
            # a lender as the rota knows them, with what they lend
            lenders = tuple(replace(by_id[seat.stands_for], lent=seat.lent) for seat in seats)
            voter = replace(voter, covers=tuple(name for seat in seats for name in seat.covers))
        people.append(_Person(voter, row["name"], lenders))
    return people


def _levels(conn: Connection, tenant: str, requirements: Requirements) -> Iterator[Requirements]:
    """The requirements as they are asked first, and after each escalation."""
    yield requirements
    if requirements.on_timeout != "escalate":
        return
    order, level = groups_order(conn, tenant), 0
    while (wider := escalate(requirements, order, level)) is not None:
        requirements, level = wider, level + 1
        yield requirements


def _answered(requirements: Requirements, people: list[Voter], own: str) -> bool:
    """Whether all of them together would be enough, were one of each kind enough."""
    votes = [
        Vote(
            operator_id=one.id,
            verdict="approve",
            mfa="totp",
            justification="-",
            groups=one.groups,
            role=one.role,
            email=one.email,
            lent=one.lent,
            covers=one.covers,
        )
        for one in people
        if isinstance(may_vote(requirements, one, (), requester_id=own, status=Status.PENDING), Granted)
    ]
    return tally(_one_each(requirements), votes, rollback_plan="-").status == "approved"


def _one_each(requirements: Requirements) -> Requirements:
    also = tuple(_one_each(part) for part in requirements.also)
    return replace(requirements, count=min(requirements.count, 1), also=also)
