"""Only a quorum lets it be approved: every way in which a few people can vote, held against a count of our own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations, product
from types import ModuleType
from typing import Any

import pytest

from mutant import must_die
from vienna_kernel.approval import moves
from vienna_kernel.approval.requirements import EXECUTIVE, Requirements
from vienna_kernel.verdict import Granted, Reason, Refused

# Four people, no two alike: one of the group that is asked, an executive of it, an outsider, an executive outside.
PEOPLE = {
    "ann": ("approver", ("finance",)),
    "bea": ("approver", ("finance", EXECUTIVE)),
    "cyd": ("approver", ("devops",)),
    "dan": ("admin", ("counsel", EXECUTIVE)),
}
# What one of them may do: nothing, a bare yes, one with a code, one with a code and a reason, a no.
CASTS = (None, ("approve", "", ""), ("approve", "totp", ""), ("approve", "passkey", "why"), ("deny", "", ""))

SIMPLE = [
    Requirements(count=count, groups=groups, mfa=mfa, justification=justification, executive=executive)
    for count, groups, mfa, justification, executive in product(
        range(4), ((), ("finance",), ("finance", "devops")), (False, True), (False, True), (False, True)
    )
]
SPECIAL = [
    Requirements(count=1, roles=("counsel",)),
    Requirements(count=2, roles=("counsel", "finance")),
    Requirements(count=2, roles=("finance", "finance")),
    Requirements(count=1, roles=("admin",), groups=("finance",)),
    Requirements(count=1, people=("cyd",), groups=("finance",)),
    Requirements(count=2, people=("ann@example.com", "dan")),
    Requirements(count=1, rollback_plan=True, groups=("finance",)),
    Requirements(count=1, groups=("finance",), also=(Requirements(count=1, groups=("devops",)),)),
    Requirements(count=1, also=(Requirements(count=2, groups=("finance",), mfa=True),)),
    Requirements(count=0, also=(Requirements(count=1, executive=True),)),
    Requirements(count=1, also=(Requirements(count=1, justification=True),)),
]


def votes(m: ModuleType) -> Iterator[list[Any]]:
    """Every way in which the four can vote."""
    for casts in product(CASTS, repeat=len(PEOPLE)):
        yield [
            m.Vote(
                operator_id=name,
                verdict=cast[0],
                mfa=cast[1],
                justification=cast[2],
                role=role,
                groups=groups,
                email=f"{name}@example.com",
            )
            for (name, (role, groups)), cast in zip(PEOPLE.items(), casts, strict=True)
            if cast is not None
        ]


def expected(wanted: Requirements, cast: list[Any], planned: bool = False) -> str:
    """The standing by a reading of its own: sets of names, and every way of giving out the roles."""
    if any(vote.verdict == "deny" for vote in cast):
        return "denied"
    held = all(_part(part, valid(wanted, cast), planned) for part in [wanted, *wanted.also])
    return "approved" if held else "pending"


def valid(wanted: Requirements, cast: list[Any]) -> list[Any]:
    """The yeses that carry what any part asks of each."""
    parts = [wanted, *wanted.also]
    return [
        vote
        for vote in cast
        if vote.verdict == "approve"
        and (vote.mfa or not any(part.mfa for part in parts))
        and (vote.justification or not any(part.justification for part in parts))
    ]


def _part(part: Requirements, yeses: list[Any], planned: bool) -> bool:
    named = {vote.operator_id for vote in yeses if {vote.operator_id, vote.email} & set(part.people)}
    having = {role: {v.operator_id for v in yeses if role in (v.role, *v.groups)} for role in part.roles}
    chiefs = {vote.operator_id for vote in yeses if EXECUTIVE in vote.groups}
    asked = {vote.operator_id for vote in yeses if not part.groups or set(vote.groups) & set(part.groups)}
    asked |= named.union(*having.values()) if having else named
    asked |= chiefs if part.executive else set()
    everyone = all(any(person in (vote.operator_id, vote.email) for vote in yeses) for person in part.people)
    roles = any(
        all(name in having[role] for role, name in zip(part.roles, given, strict=True))
        for given in permutations(asked, len(part.roles))
    )
    return (
        len(asked) >= part.count
        and everyone
        and roles
        and (bool(chiefs) or not part.executive)
        and (planned or not part.rollback_plan)
    )


def law_tally(m: ModuleType, wanted: list[Requirements] | None = None) -> dict[str, int]:
    """Approved, denied or pending: as counted by hand, for each requirement and each way of voting."""
    found = {"approved": 0, "denied": 0, "pending": 0}
    ways = list(votes(m))
    for requirements in wanted or [*SPECIAL, *SIMPLE[::5]]:
        for cast in ways:
            standing = m.tally(requirements, cast)
            assert standing.status == expected(requirements, cast), (requirements, cast)
            assert (standing.missing == []) == (standing.status == "approved")
            assert standing.required == requirements.people_needed
            assert standing.current == len(valid(requirements, cast))
            found[standing.status] += 1
    return found


def test_every_way_of_voting_on_every_requirement() -> None:
    found = law_tally(moves, [*SIMPLE, *SPECIAL])
    assert sum(found.values()) == 625 * (len(SIMPLE) + len(SPECIAL)) == 66_875
    assert found["approved"] > 5_000
    assert found["pending"] > 10_000


def law_people(m: ModuleType) -> int:
    """Whoever votes twice counts once; the order says nothing; fewer yeses never approve what more did not."""
    approved = 0
    for requirements in (SIMPLE[24], SIMPLE[48], SIMPLE[60], SIMPLE[72], SPECIAL[1], SPECIAL[2], SPECIAL[7]):
        for cast in list(votes(m))[::7]:
            status = m.tally(requirements, cast).status
            approved += status == "approved"
            assert m.tally(requirements, [*cast, *cast]).status == status
            assert m.tally(requirements, cast[::-1]).status == status
            for at in range(len(cast)):
                fewer = m.tally(requirements, cast[:at] + cast[at + 1 :]).status
                assert fewer != "approved" or status in ("approved", "denied"), (requirements, cast)
    return approved


def law_event(m: ModuleType) -> int:
    """Approved is reached by the event of a full tally and by no other, from pending and from nowhere else."""
    reached = 0
    for status, event in product(m.Status, m.Event):
        after = m.MOVES.get((status, event))
        if after is m.Status.APPROVED:
            reached += 1
            assert (status, event) == (m.Status.PENDING, m.Event.QUORUM)
    for requirements in SIMPLE[::9]:
        for cast in list(votes(m))[::11]:
            standing = m.tally(requirements, cast)
            assert (standing.event is m.Event.QUORUM) == (expected(requirements, cast) == "approved")
            assert m.advance(m.Status.PENDING, standing.event).value == standing.status
    return reached


def law_may_vote(m: ModuleType) -> dict[Any, int]:
    """Who may vote, and each reason why not, by a reading of its own."""
    found: dict[Any, int] = {}
    for requirements, status, name, requester, voted, role in product(
        [*SIMPLE[::12], *SPECIAL], m.Status, PEOPLE, ("agt-1", "ann"), (False, True), ("approver", "admin", "viewer")
    ):  # fmt: skip
        voter = m.Voter(id=name, role=role, groups=PEOPLE[name][1], email=f"{name}@example.com")
        mine = m.Vote(operator_id=name, verdict="approve")
        verdict = m.may_vote(
            requirements, voter, [mine] if voted else [], requester_id=requester, status=status
        )
        parts = [requirements, *requirements.also]
        asked = any(
            not part.groups
            or set(voter.groups) & set(part.groups)
            or {name, voter.email} & set(part.people)
            or {role, *voter.groups} & set(part.roles)
            or (part.executive and EXECUTIVE in voter.groups)
            for part in parts
        )
        reason = (
            Reason.APPROVAL_DECIDED if status is not m.Status.PENDING
            else Reason.OWN_REQUEST if name == requester
            else Reason.NOT_AN_APPROVER if role == "viewer" or not asked
            else Reason.ALREADY_VOTED if voted
            else None
        )  # fmt: skip
        told = verdict.reason if isinstance(verdict, Refused) else None
        assert told is reason, (requirements, voter, status)
        assert isinstance(verdict, Granted | Refused)
        found[told] = found.get(told, 0) + 1
    return found


def test_who_may_vote() -> None:
    found = law_may_vote(moves)
    assert set(found) == {
        None, Reason.APPROVAL_DECIDED, Reason.OWN_REQUEST, Reason.NOT_AN_APPROVER, Reason.ALREADY_VOTED,
    }  # fmt: skip
    assert found[None] > 100


@pytest.mark.parametrize(("law", "least"), [(law_people, 50), (law_event, 1)])
def test_law(law: Any, least: int) -> None:
    assert law(moves) >= least


@pytest.mark.parametrize(
    ("law", "old", "new"),
    [
        (law_tally, "short = part.count - len(voters)", "short = part.count - len(voters) - 1"),
        (law_tally, "short = part.count - len(voters)", "short = part.count - len(given)"),
        (law_tally, "if short > 0:", "if short > 1:"),
        (law_tally, "if short > 0:", "if False:"),
        (law_tally, 'if any(vote.verdict != "approve" for vote in votes)', "if False"),
        (law_tally, 'if any(vote.verdict != "approve" for vote', 'if all(vote.verdict != "approve" for vote'),
        (law_tally, 'if vote.verdict == "approve" and isinstance(may_count(requirements, vote), Granted):', "if True:"),
        (law_tally, 'and isinstance(may_count(requirements, vote), Granted):', ":"),
        (law_tally, 'if vote.verdict == "approve" and isinstance', "if isinstance"),
        (law_tally, 'and vote.mfa not in ("totp", "passkey")', 'and vote.mfa not in ("totp",)'),
        (law_tally, "if any(part.mfa for part in parts)", "if parts[0].mfa"),
        (law_tally, "if any(part.justification for part in parts)", "if False"),
        (law_tally, "if part.executive and not any(EXECUTIVE in voter.of for voter in voters):", "if False:"),
        (law_tally, "if part.executive and EXECUTIVE in voter.of:\n        return True", "pass"),
        (law_tally, "if part.rollback_plan and not planned:", "if False:"),
        (law_tally, "if not _covered(part.roles, voters):", "if False:"),
        (law_tally, "[*voters[:i], *voters[i + 1 :]]", "voters"),
        (law_tally, "if not any(voter.named((person,)) for voter in voters):", "if False:"),
        (law_tally, "in requirements.parts():\n        missing", "in [requirements]:\n        missing"),
        (law_tally, "any(group in voter.of for group in part.groups) if part.groups else True", "True"),
        (law_tally, "return any(group in voter.of for", "return all(group in voter.of for"),
        (law_tally, "if any(part.justification for part in parts)", "if all(part.justification for part in parts)"),
        (law_people, "*voters[i + 1 :]", "*voters[i - 1 :]"),
        (law_people, "setdefault(vote.operator_id, vote)", "setdefault(str(len(consents)), vote)"),
        (law_event, '"pending": Event.VOTE', '"pending": Event.QUORUM'),
        (law_event, "(Status.PENDING, Event.LAPSE): Status.EXPIRED", "(Status.PENDING, Event.LAPSE): Status.APPROVED"),
        (law_event, "(Status.PENDING, Event.VETO): Status.DENIED", "(Status.DENIED, Event.VETO): Status.APPROVED"),
        (law_may_vote, "if status != Status.PENDING:", "if False:"),
        (law_may_vote, "if requester_id in (voter.id, voter.stands_for or voter.id):", "if False:"),
        (law_may_vote, "if voter.role not in _VOTING_ROLES:", "if False:"),
        (law_may_vote, "if not any(_asked(part, voter) for part in requirements.parts()):", "if False:"),
        (law_may_vote, "if not any(_asked(part, voter) for", "if not all(_asked(part, voter) for"),
        (law_may_vote, "if any(vote.operator_id == voter.id for vote in votes):", "if False:"),
    ],
)  # fmt: skip
def test_a_mutant_dies(law: Any, old: str, new: str) -> None:
    must_die(law, moves, old, new)


def test_a_rollback_plan_comes_with_the_request_or_with_any_consent() -> None:
    wanted = Requirements(count=1, groups=("finance",), rollback_plan=True)
    for cast in votes(moves):
        assert moves.tally(wanted, cast).status == expected(wanted, cast)
        assert moves.tally(wanted, cast, rollback_plan="restore").status == expected(
            wanted, cast, planned=True
        )
        written = [replace(vote, rollback_plan="restore") for vote in cast]
        yes = any(vote.verdict == "approve" for vote in cast)
        assert moves.tally(wanted, written).status == expected(wanted, cast, planned=yes)
