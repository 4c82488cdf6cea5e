"""Standing in: an approver names another who may consent in their place for a while.

1. What is lent is what the delegator has of their own at that moment, never more: what was lent to them is not theirs
   to lend (no chains).
2. A stand-in is one person and counts once; whoever is stood in for has had their say (``moves.may_count``).
3. Neither decides a request of their own, nor one of the other's (``moves.may_vote``).
4. Standing in for an executive, or for somebody whom a rule names, takes a delegation that says ``named``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vienna_kernel.approval.moves import EXECUTIVE, Voter
from vienna_kernel.verdict import Granted, Reason, Refused, Verdict

LONGEST = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delegation:
    """Who stands in for whom.

    Attributes:
        starts, ends: Aware instants; ``ends`` exclusive.
        groups: Those that are lent; empty: all of the delegator's.
        named: Also where the delegator is asked by name or as an executive.
    """

    delegator: str
    delegate: str
    starts: datetime
    ends: datetime
    groups: tuple[str, ...] = ()
    named: bool = False

    def holds(self, now: datetime) -> bool:
        return self.starts <= now < self.ends


def may_delegate(delegation: Delegation, delegator: Voter, delegate: Voter, *, now: datetime) -> Verdict:
    """Whether this delegation may be made now."""
    why = _fault(delegation, delegator, delegate, now)
    return Refused(Reason.NOT_AN_APPROVER, why) if why else Granted()


def _fault(delegation: Delegation, delegator: Voter, delegate: Voter, now: datetime) -> str:
    if delegator.id == delegate.id:
        return "nobody stands in for themselves"
    if delegator.role not in ("approver", "admin"):
        return f"the role {delegator.role} does not approve"
    if delegate.role != "approver":
        return f"a stand-in has the role approver, this operator is {delegate.role}"
    if beyond := [group for group in delegation.groups if group not in delegator.groups]:
        return f"only groups of one's own can be lent, not {', '.join(beyond)}"
    if EXECUTIVE in delegation.groups and not delegation.named:
        return f"the group {EXECUTIVE} is lent only by a delegation that says named"
    if not delegation.starts < delegation.ends or delegation.ends <= now:
        return "a delegation ends after it begins, and not in the past"
    if delegation.ends - max(delegation.starts, now) > LONGEST:
        return f"a delegation lasts {LONGEST.days} days at most"
    return ""


def stand_in(delegation: Delegation, delegator: Voter, delegate: Voter, *, now: datetime) -> Voter | None:
    """The delegate as who they are in the delegator's place; None where the delegation does not hold now.

    Both are as they are at this moment, without anything lent: a delegator who lost a group lends it no more.
    """
    same = (delegator.id, delegate.id) == (delegation.delegator, delegation.delegate)
    if not same or not delegation.holds(now) or delegator.id == delegate.id:
        return None
    if delegator.role not in ("approver", "admin") or delegate.role != "approver":
        return None
    lent = tuple(
        group
        for group in delegator.groups
        if (not delegation.groups or group in delegation.groups) and (delegation.named or group != EXECUTIVE)
    )
    covers = (delegator.id, delegator.email) if delegation.named else ()
    return replace(
        delegate, stands_for=delegator.id, lent=lent, covers=tuple(name for name in covers if name)
    )
