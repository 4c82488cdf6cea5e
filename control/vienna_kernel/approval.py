"""Consent by people: what it takes, who may give it, when it is enough.

1. The requester never approves; one person counts once; any denial ends it; a decided approval never changes.
2. Legal moves are rows of ``MOVES``; everything else is a fault of ours (``IllegalMoveError``).
3. No deadline ever ends in consent: what lapses is asked elsewhere, announced once more, or denied.
4. ``count`` people of ``groups``; each of ``roles`` covered by somebody else; each of ``people`` among them; with
   ``executive`` one of the group ``executive``. A call with several meanings adds theirs as ``also``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Literal

from vienna_kernel.errors import IllegalMoveError
from vienna_kernel.verdict import Granted, Reason, Refused, Verdict

EXECUTIVE = "executive"
MOST_ESCALATIONS = 3

_VOTING_ROLES = frozenset({"admin", "approver"})

type OnTimeout = Literal["escalate", "notify", "deny"]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What it takes for one request to be approved.

    Attributes:
        count: How many distinct people; 0 needs none.
        groups: Voters come from one of these; empty: any approver.
        roles: Each is covered by a different person, who has it as role or as group.
        people: Operator ids or e-mail addresses; each of them has to consent.
        mfa: Every consent carries a second factor.
        justification: Every consent says why.
        rollback_plan: Somebody says how it would be undone.
        executive: One of the consenting people is of the group ``executive``.
        timeout_seconds: How long each level is asked before ``on_timeout``.
        redeem_seconds: How long consent can be used, once, after it was given.
        page: ``now`` wakes people, ``morning`` does not, None leaves it to the channel.
        notify: Roles or groups that are told when it lapses or is escalated.
        also: Further requirements that the same votes must meet.
    """

    count: int
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    mfa: bool = False
    justification: bool = False
    rollback_plan: bool = False
    executive: bool = False
    timeout_seconds: int = 3600
    on_timeout: OnTimeout = "deny"
    redeem_seconds: int = 3600
    page: Literal["now", "morning"] | None = None
    notify: tuple[str, ...] = ()
    also: tuple[Requirements, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data that ``from_json`` reads back as equal requirements."""
        data: dict[str, Any] = {row.name: getattr(self, row.name) for row in fields(self)}
        data = {name: list(value) if isinstance(value, tuple) else value for name, value in data.items()}
        data["also"] = [part.to_json() for part in self.also]
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Requirements:
        """Inverse of ``to_json``. Raises ``TypeError`` on an unknown or missing key."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in data.items()
        }
        values["also"] = tuple(cls.from_json(part) for part in data.get("also", ()))
        return cls(**values)

    def parts(self) -> Iterator[Requirements]:
        """These requirements without ``also``, then each of ``also``."""
        yield replace(self, also=())
        for part in self.also:
            yield from part.parts()

    @property
    def people_needed(self) -> int:
        """The least number of different people who can meet all of it."""
        return max(
            max(part.count, len(part.people), len(part.roles), int(part.executive)) for part in self.parts()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Voter:
    """An operator who wants to vote; ``role`` is the operator's own: admin, approver, …"""

    id: str
    role: str
    groups: tuple[str, ...] = ()
    email: str = ""

    def has(self, role: str) -> bool:
        return role == self.role or role in self.groups

    def named(self, people: Sequence[str]) -> bool:
        return self.id in people or (self.email != "" and self.email in people)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """One vote as it was cast, with the voter's role and groups of that moment."""

    operator_id: str
    verdict: Literal["approve", "deny"]
    mfa: str = ""  # totp | passkey | ""
    justification: str = ""
    rollback_plan: str = ""
    groups: tuple[str, ...] = ()
    role: str = "approver"
    email: str = ""

    @property
    def voter(self) -> Voter:
        return Voter(id=self.operator_id, role=self.role, groups=self.groups, email=self.email)


def _asked(part: Requirements, voter: Voter) -> bool:
    """Whether this person is one of those who are asked."""
    if voter.named(part.people) or any(voter.has(role) for role in part.roles):
        return True
    if part.executive and EXECUTIVE in voter.groups:
        return True
    return any(group in voter.groups for group in part.groups) if part.groups else True


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
    if voter.id == requester_id:
        return Refused(Reason.OWN_REQUEST, "nobody decides a request of their own")
    if voter.role not in _VOTING_ROLES:
        return Refused(Reason.NOT_AN_APPROVER, f"the role {voter.role} does not approve")
    if not any(_asked(part, voter) for part in requirements.parts()):
        return Refused(Reason.NOT_AN_APPROVER, f"asked are {describe(requirements)}")
    if any(vote.operator_id == voter.id for vote in votes):
        return Refused(Reason.ALREADY_VOTED, "one person counts once")
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
    current, required = len(consents), requirements.people_needed
    if any(vote.verdict != "approve" for vote in votes):
        return Tally("denied", current, required, ["nobody's denial"])
    given = list(consents.values())
    planned = bool(rollback_plan.strip()) or any(vote.rollback_plan.strip() for vote in given)
    missing: list[str] = []
    for part in requirements.parts():
        missing += [wanting for wanting in _wanting(part, given, planned) if wanting not in missing]
    return Tally("pending" if missing else "approved", current, required, missing)


def _wanting(part: Requirements, given: Sequence[Vote], planned: bool) -> Iterator[str]:
    voters = [vote.voter for vote in given if _asked(part, vote.voter)]
    short = part.count - len(voters)
    if short > 0:
        yield f"{short} more of {_who(part)}"
    for person in part.people:
        if not any(voter.named((person,)) for voter in voters):
            yield person
    if not _covered(part.roles, voters):
        yield "one person each of " + ", ".join(part.roles)
    if part.executive and not any(EXECUTIVE in voter.groups for voter in voters):
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


def _who(part: Requirements) -> str:
    return "group " + " or ".join(part.groups) if part.groups else "the approvers"


def describe(requirements: Requirements) -> str:
    """One line for people: ``2 of group finance, each with a second factor``."""
    lines = []
    for part in requirements.parts():
        words = [f"{part.count} of {_who(part)}"]
        words += [f"among them {', '.join(part.people)}"] if part.people else []
        words += [f"one each of {', '.join(part.roles)}"] if part.roles else []
        words += [f"one of group {EXECUTIVE}"] if part.executive else []
        words += ["each with a second factor"] if part.mfa else []
        words += ["each with a justification"] if part.justification else []
        words += ["with a rollback plan"] if part.rollback_plan else []
        lines.append(", ".join(words))
    return "; and ".join(lines)


@dataclass(frozen=True, slots=True)
class Lapse:
    """What a passed deadline leads to: never to consent.

    Attributes:
        event: ``ESCALATE`` (asked again with ``requirements``) or ``LAPSE`` (it ends).
        asked: Groups that are asked now and were not before.
        notify: Roles or groups that are told.
    """

    event: Event
    requirements: Requirements
    asked: tuple[str, ...] = ()
    notify: tuple[str, ...] = ()


def escalate(requirements: Requirements, groups_order: Sequence[str], level: int) -> Requirements | None:
    """The requirements with the next group asked as well; None when there is nobody further.

    ``groups_order`` is the installation's, nearest first; ``level`` is how often it was escalated already. Votes
    that were cast stay valid; the count does not change.
    """
    if level >= MOST_ESCALATIONS:
        return None
    if not requirements.groups:
        return requirements if level == 0 and groups_order else None
    following = next((group for group in groups_order if group not in requirements.groups), None)
    if following is None:
        return None
    return replace(requirements, groups=(*requirements.groups, following))


def lapse(requirements: Requirements, groups_order: Sequence[str], level: int) -> Lapse:
    """What happens when a level's time is over, as ``on_timeout`` says; every chain of them ends."""
    if requirements.on_timeout == "escalate":
        wider = escalate(requirements, groups_order, level)
        if wider is not None:
            asked = tuple(group for group in wider.groups if group not in requirements.groups)
            return Lapse(Event.ESCALATE, wider, asked, requirements.notify)
    if requirements.on_timeout == "notify" and level == 0:
        return Lapse(Event.ESCALATE, requirements, (), requirements.notify or ("admin",))
    return Lapse(Event.LAPSE, requirements, (), requirements.notify)
