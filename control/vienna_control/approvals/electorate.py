"""Who has a say in an approval: those who decided, those who still may, and those who may not although they would."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from vienna_control import rows
from vienna_control.approvals import duty, ending
from vienna_control.approvals.seats import Desk
from vienna_control.identity import operators
from vienna_kernel.approval.moves import Requirements, Voter
from vienna_kernel.verdict import Reason

MOST = 200
"""People who are told of."""
_VOTING = frozenset({"admin", "approver"})


def told(conn: Connection, row: Mapping[str, Any], now: datetime) -> list[dict[str, Any]]:
    """``{operator, groups, may_decide, on_duty, stands_in, arrived, why_not}``; those who can first, then by address.

    ``arrived``: they have what to come in with; who was only invited may decide, and cannot yet. Left out is whoever is
    not asked about this at all. ``row``: of ``view.one``.
    """
    tenant = row["tenant"]
    cast = [vote for vote, _, _ in ending.votes_of(conn, row["id"])]
    requirements = Requirements.from_json(rows.load(row["requirements"]))
    there = set(duty.to_notify(conn, tenant, requirements, cast, now=now))
    arrived = operators.arrived(conn, tenant)
    found: list[dict[str, Any]] = []
    for voter in duty.operators_of(conn, tenant):
        if voter.role not in _VOTING:
            continue
        seat = Desk(conn, tenant, voter, now).seat(row, cast)
        if isinstance(seat, Voter):
            found.append(
                _line(
                    voter,
                    arrived=voter.id in arrived,
                    on_duty=voter.id in there,
                    stands_in=bool(seat.stands_for),
                )
            )
        elif seat.reason in (Reason.OWN_REQUEST, Reason.ALREADY_VOTED):
            found.append(_line(voter, why_not=seat.detail))
    return sorted(found, key=lambda one: (not one["may_decide"], not one["arrived"], one["operator"]))[:MOST]


def _line(
    voter: Voter, *, arrived: bool = True, on_duty: bool = False, stands_in: bool = False, why_not: str = ""
) -> dict[str, Any]:
    return {
        "operator_id": voter.id,
        "operator": voter.email,
        "groups": list(voter.groups),
        "may_decide": not why_not,
        "on_duty": on_duty,
        "stands_in": stands_in,
        "arrived": arrived,
        "why_not": why_not or None,
    }
