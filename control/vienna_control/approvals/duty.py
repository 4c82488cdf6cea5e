"""Whether anybody is there to be asked: where nobody is, a call is refused at once instead of held in vain.

Of each kind of person that is asked for, one must be able to answer, now or once it is escalated; too few of them for
now are no reason: the others may come. ``on_duty`` says who can.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import Connection, select

from vienna_control import rows
from vienna_control.approvals.queue import groups_order
from vienna_control.store.tables import operators
from vienna_kernel.approval.deadline import escalate
from vienna_kernel.approval.moves import Requirements, Status, Vote, Voter, may_vote, tally
from vienna_kernel.verdict import Granted


def on_duty(conn: Connection, tenant: str) -> list[Voter]:
    """Operators who can answer now: those who are not disabled."""
    query = select(operators).where(operators.c.tenant == tenant, operators.c.disabled.is_(False))
    return [
        Voter(id=row["id"], role=row["role"], groups=tuple(rows.load(row["groups"])), email=row["email"])
        for row in rows.every(conn, query)
    ]


def answerable(conn: Connection, tenant: str, requirements: Requirements, *, owner: str = "") -> bool:
    """Whether people are there who can answer. ``owner``: id or e-mail address of whose request it is."""
    people = on_duty(conn, tenant)
    own = next(
        (one.id for one in people if owner and owner.lower() in (one.id.lower(), one.email.lower())), ""
    )
    return any(_answered(level, people, own) for level in _levels(conn, tenant, requirements))


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
        )
        for one in people
        if isinstance(may_vote(requirements, one, (), requester_id=own, status=Status.PENDING), Granted)
    ]
    return tally(_one_each(requirements), votes, rollback_plan="-").status == "approved"


def _one_each(requirements: Requirements) -> Requirements:
    also = tuple(_one_each(part) for part in requirements.also)
    return replace(requirements, count=min(requirements.count, 1), also=also)
