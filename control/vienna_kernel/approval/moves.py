"""Consent by people: what it takes, who may give it, when it is enough.

1. The requester never approves; one person counts once; any denial ends it; a decided approval never changes.
2. Legal moves are rows of ``MOVES``; everything else is a fault of ours (``IllegalMoveError``).
3. Only what carries the second factor and the reasons that are asked counts as consent.
4. Who stands in for another is one person still, and nobody has two says: what was lent counts until its owner, or
   another stand-in, has consented.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from vienna_kernel.approval.requirements import EXECUTIVE, OnTimeout, Requirements, describe, who
from vienna_kernel.approval.voter import Vote, Voter
from vienna_kernel.errors import IllegalMoveError
from vienna_kernel.verdict import Granted, Reason, Refused, Verdict

__all__ = [
    "EXECUTIVE",
    "MOVES",
    "Event",
    "OnTimeout",
    "Requirements",
    "Status",
    "Tally",
    "Vote",
    "Voter",
    "advance",
    "describe",
    "may_count",
    "may_vote",
    "tally",
]

_VOTING_ROLES = frozenset({"admin", "approver"})


class Status(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Event(StrEnum):
    VOTE = "vote"  # one more consent, not yet enough
    QUORUM = "quorum"
    VETO = "veto"
    ESCALATE = "escalate"  # the next group is asked, or everyone once more
    LAPSE = "lapse"
    CANCEL = "cancel"


MOVES: dict[tuple[Status, Event], Status] = {
    (Status.PENDING, Event.VOTE): Status.PENDING,
    (Status.PENDING, Event.ESCALATE): Status.PENDING,
    (Status.PENDING, Event.QUORUM): Status.APPROVED,
    (Status.PENDING, Event.VETO): Status.DENIED,
    (Status.PENDING, Event.LAPSE): Status.EXPIRED,
    (Status.PENDING, Event.CANCEL): Status.CANCELLED,
}


def advance(status: Status, event: Event) -> Status:
    """The status after an event. Raises ``IllegalMoveError`` for a move that the table does not have."""
    try:
        return MOVES[status, event]
    except KeyError:
        raise IllegalMoveError("approval", status, event) from None


def _asked(part: Requirements, voter: Voter) -> bool:
    """Whether this person is one of those who are asked."""
    if voter.named(part.people) or any(voter.has(role) for role in part.roles):
        return True
    if part.executive and EXECUTIVE in voter.of:
        return True
    return any(group in voter.of for group in part.groups) if part.groups else True


def may_vote(
    requirements: Requirements,
    voter: Voter,
    votes: Sequence[Vote],
    *,
    requester_id: str,
    status: Status | str,
) -> Verdict:
    """Whether this person may approve or deny now. Every refusal has its own reason."""
    if status != Status.PENDING:
        return Refused(Reason.APPROVAL_DECIDED, f"the approval is already {status}")
    if requester_id in (voter.id, voter.stands_for or voter.id):
        return Refused(Reason.OWN_REQUEST, "nobody decides a request of their own")
    if voter.role not in _VOTING_ROLES:
        return Refused(Reason.NOT_AN_APPROVER, f"the role {voter.role} does not approve")
    if not any(_asked(part, voter) for part in requirements.parts()):
        return Refused(Reason.NOT_AN_APPROVER, f"asked are {describe(requirements)}")
    if any(vote.operator_id == voter.id for vote in votes):
        return Refused(Reason.ALREADY_VOTED, "one person counts once")
    if voter.stands_for and any(voter.stands_for in (vote.operator_id, vote.stands_for) for vote in votes):
        return Refused(Reason.ALREADY_VOTED, "the person stood in for has had their say")
    return Granted()


def may_count(requirements: Requirements, vote: Vote) -> Verdict:
    """Whether the vote carries what this approval asks of each consent. A denial always counts."""
    if vote.verdict == "deny":
        return Granted()
    parts = list(requirements.parts())
    if any(part.mfa for part in parts) and vote.mfa not in ("totp", "passkey"):
        return Refused(Reason.MFA_REQUIRED, "this consent needs a code or a passkey")
    if any(part.justification for part in parts) and not vote.justification.strip():
        return Refused(Reason.JUSTIFICATION_REQUIRED, "this consent needs a justification")
    return Granted()


@dataclass(frozen=True, slots=True)
class Tally:
    """Where an approval stands.

    Attributes:
        current: People whose consent counts.
        required: People needed at least.
        missing: What is still wanting, each in words; empty once approved.
    """

    status: Literal["pending", "approved", "denied"]
    current: int
    required: int
    missing: list[str]

    @property
    def event(self) -> Event:
        """The event that this standing is, for ``advance``."""
        return {"pending": Event.VOTE, "approved": Event.QUORUM, "denied": Event.VETO}[self.status]


def tally(requirements: Requirements, votes: Sequence[Vote], *, rollback_plan: str = "") -> Tally:
    """Count the votes; ``rollback_plan`` is the one the request itself came with, if any."""
    consents: dict[str, Vote] = {}
    for vote in votes:
        if vote.verdict == "approve" and isinstance(may_count(requirements, vote), Granted):
            consents.setdefault(vote.operator_id, vote)
    given = _one_say_each(list(consents.values()))
    current, required = len(given), requirements.people_needed
    if any(vote.verdict != "approve" for vote in votes):
        return Tally("denied", current, required, ["nobody's denial"])
    planned = bool(rollback_plan.strip()) or any(vote.rollback_plan.strip() for vote in given)
    missing: list[str] = []
    for part in requirements.parts():
        missing += [wanting for wanting in _wanting(part, given, planned) if wanting not in missing]
    return Tally("pending" if missing else "approved", current, required, missing)


def _one_say_each(consents: Sequence[Vote]) -> list[Vote]:
    """The consents, each with what was lent to it only where that has not had its say."""
    spoken = {vote.operator_id for vote in consents}
    lent: set[str] = set()
    for vote in sorted(consents, key=lambda vote: vote.operator_id):  # the order of voting says nothing
        if vote.stands_for and vote.stands_for not in spoken:
            spoken.add(vote.stands_for)
            lent.add(vote.operator_id)
    return [vote if vote.operator_id in lent else vote.own for vote in consents]


def _wanting(part: Requirements, given: Sequence[Vote], planned: bool) -> Iterator[str]:
    voters = [vote.voter for vote in given if _asked(part, vote.voter)]
    short = part.count - len(voters)
    if short > 0:
        yield f"{short} more of {who(part)}"
    for person in part.people:
        if not any(voter.named((person,)) for voter in voters):
            yield person
    if not _told_apart(part.people, voters):
        yield "one person each for " + ", ".join(part.people)
    if not _covered(part.roles, voters):
        yield "one person each of " + ", ".join(part.roles)
    if part.executive and not any(EXECUTIVE in voter.of for voter in voters):
        yield f"one of group {EXECUTIVE}"
    if part.rollback_plan and not planned:
        yield "a rollback plan"


def _covered(roles: Sequence[str], voters: Sequence[Voter]) -> bool:
    """Whether each role can be given to a different voter (a matching; there are five at most)."""
    if not roles:
        return True
    return any(
        _covered(roles[1:], [*voters[:i], *voters[i + 1 :]])
        for i, voter in enumerate(voters)
        if voter.has(roles[0])
    )


def _told_apart(people: Sequence[str], voters: Sequence[Voter]) -> bool:
    """Whether nobody is needed for two of the people who are named; true where one of them is not there at all."""
    there = [person for person in people if any(voter.named((person,)) for voter in voters)]
    needed = [voter for voter in voters if voter.named(there)]
    return len(there) < len(people) or _apart(there, needed)


def _apart(people: Sequence[str], voters: Sequence[Voter]) -> bool:
    return not people or any(
        _apart(people[1:], [other for other in voters if other is not voter])
        for voter in voters
        if voter.named(people[:1])
    )
