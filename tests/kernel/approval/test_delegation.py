"""Standing in: what may be lent, what it is worth, and that nobody gets two says by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from types import ModuleType
from typing import Any

import pytest

from mutant import must_die
from vienna_kernel.approval import delegation, moves
from vienna_kernel.approval.delegation import Delegation, may_delegate, stand_in
from vienna_kernel.approval.moves import EXECUTIVE, Requirements, Status, Vote, Voter, may_vote, tally
from vienna_kernel.verdict import Granted, Reason, Refused

NOW = datetime(2026, 3, 2, 10, tzinfo=UTC)
DAY = timedelta(days=1)
ALICE = Voter(id="alice", role="approver", groups=("finance", EXECUTIVE), email="alice@example.com")
DAVE = Voter(id="dave", role="approver", groups=("devops",), email="dave@example.com")
ERIN = Voter(id="erin", role="approver", email="erin@example.com")
LENT = Delegation(delegator="alice", delegate="dave", starts=NOW, ends=NOW + DAY)


@pytest.mark.parametrize(
    ("change", "delegate", "may"),
    [
        ({}, DAVE, True),
        ({"ends": NOW + 30 * DAY}, DAVE, True),
        ({"ends": NOW + 30 * DAY + timedelta(seconds=1)}, DAVE, False),
        ({"starts": NOW - 90 * DAY, "ends": NOW + DAY}, DAVE, True),
        ({"starts": NOW + 90 * DAY, "ends": NOW + 100 * DAY}, DAVE, True),
        ({"ends": NOW}, DAVE, False),
        ({"starts": NOW - 2 * DAY, "ends": NOW - DAY}, DAVE, False),
        ({"groups": ("finance",)}, DAVE, True),
        ({"groups": ("legal",)}, DAVE, False),
        ({"groups": (EXECUTIVE,)}, DAVE, False),
        ({"groups": (EXECUTIVE,), "named": True}, DAVE, True),
        ({}, replace(DAVE, role="operator"), False),
        ({}, replace(DAVE, role="admin"), False),
        ({"delegate": "alice"}, ALICE, False),
    ],
)
def test_what_may_be_lent(change: dict[str, Any], delegate: Voter, may: bool) -> None:
    told = may_delegate(replace(LENT, **change), ALICE, delegate, now=NOW)
    assert isinstance(told, Granted) is may, told


def test_only_who_approves_has_something_to_lend() -> None:
    assert isinstance(may_delegate(LENT, replace(ALICE, role="operator"), DAVE, now=NOW), Refused)


def law_lent(m: ModuleType) -> int:
    """Never more than the delegator has of their own now; nothing outside the time; executives and names on request."""
    found = 0
    roles = ("approver", "operator")
    for groups, named, has, given, hours, own, role in product(
        ((), ("finance",), (EXECUTIVE,)),
        (False, True),
        ((), ("finance",), ("finance", EXECUTIVE)),
        ((), ("board",)),
        (-1, 0, 12, 24),
        roles,
        roles,
    ):
        one = m.Delegation(
            delegator="alice", delegate="dave", starts=NOW, ends=NOW + DAY, groups=groups, named=named
        )
        # what was lent to the delegator is not theirs to lend
        alice = replace(ALICE, role=own, groups=has, stands_for="zoe", lent=given, covers=("zoe",))
        seat = m.stand_in(one, alice, replace(DAVE, role=role), now=NOW + timedelta(hours=hours))
        if not 0 <= hours < 24 or "operator" in (own, role):
            assert seat is None
            continue
        expected = [g for g in has if (not groups or g in groups) and (named or g != EXECUTIVE)]
        assert list(seat.lent) == expected
        assert seat.covers == (("alice", "alice@example.com") if named else ())
        assert (seat.id, seat.groups, seat.stands_for) == ("dave", ("devops",), "alice")
        found += bool(expected)
    return found


def test_lent_is_what_the_delegator_has_and_while_it_holds() -> None:
    assert law_lent(delegation) > 20


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("return self.starts <= now < self.ends", "return self.starts <= now <= self.ends"),
        ("return self.starts <= now < self.ends", "return now < self.ends"),
        ("        for group in delegator.groups\n", "        for group in delegator.of\n"),
        ("and (delegation.named or group != EXECUTIVE)", ""),
        ("(not delegation.groups or group in delegation.groups) and", ""),
        (" if delegation.named else ()", ""),
        ('or delegate.role != "approver":\n        return None', ":\n        return None"),
    ],
)
def test_a_mutant_of_what_is_lent_dies(old: str, new: str) -> None:
    must_die(law_lent, delegation, old, new)


def test_it_is_for_these_two_and_nobody_else() -> None:
    assert stand_in(LENT, ALICE, ERIN, now=NOW) is None
    assert stand_in(LENT, ERIN, DAVE, now=NOW) is None


def seat(delegate: Voter = DAVE, *, named: bool = False, delegator: Voter = ALICE) -> Voter:
    made = Delegation(delegator=delegator.id, delegate=delegate.id, starts=NOW, ends=NOW + DAY, named=named)
    found = stand_in(made, delegator, delegate, now=NOW)
    assert found is not None
    return found


def yes(voter: Voter) -> Vote:
    return Vote(
        operator_id=voter.id,
        verdict="approve",
        role=voter.role,
        groups=voter.groups,
        email=voter.email,
        stands_for=voter.stands_for,
        lent=voter.lent,
        covers=voter.covers,
    )


FINANCE = Requirements(count=1, groups=("finance",))
TWO = Requirements(count=2, groups=("finance",))


@pytest.mark.parametrize(
    ("requirements", "cast", "status"),
    [
        (FINANCE, [DAVE], "pending"),
        (FINANCE, [seat()], "approved"),
        (TWO, [seat(), seat()], "pending"),
        (TWO, [seat(), ALICE], "pending"),  # one say, whoever speaks it
        (TWO, [seat(), seat(ERIN)], "pending"),
        (
            replace(TWO, groups=("finance", "devops")),
            [seat(), ALICE],
            "approved",
        ),  # dave as himself, and alice
        (Requirements(count=2, roles=("finance", "devops")), [seat()], "pending"),  # one person, one role
        (Requirements(count=1, executive=True), [seat()], "pending"),
        (Requirements(count=1, executive=True), [seat(named=True)], "approved"),
        (Requirements(count=1, people=("alice",)), [seat()], "pending"),
        (Requirements(count=1, people=("alice",)), [seat(named=True)], "approved"),
        (Requirements(count=1, people=("alice", "dave")), [seat(named=True)], "pending"),
        (Requirements(count=1, people=("alice", "dave")), [seat(named=True), ALICE], "approved"),
    ],
)
def test_a_stand_in_counts_as_one_person(requirements: Requirements, cast: list[Voter], status: str) -> None:
    for order in (cast, cast[::-1]):
        standing = tally(requirements, [yes(voter) for voter in order])
        assert (standing.status, bool(standing.missing)) == (status, status == "pending")


@pytest.mark.parametrize(
    ("voter", "votes", "requester", "reason"),
    [
        (seat(), [], "", None),
        (seat(), [], "alice", Reason.OWN_REQUEST),
        (seat(), [], "dave", Reason.OWN_REQUEST),
        (seat(), [yes(ALICE)], "", Reason.ALREADY_VOTED),
        (seat(ERIN), [yes(seat())], "", Reason.ALREADY_VOTED),
        (seat(ERIN, delegator=DAVE), [yes(seat())], "", Reason.NOT_AN_APPROVER),  # no chains
        (ALICE, [yes(seat())], "", None),  # she has her say, and may deny
    ],
)
def test_who_may_stand_in(voter: Voter, votes: list[Vote], requester: str, reason: Reason | None) -> None:
    told = may_vote(FINANCE, voter, votes, requester_id=requester, status=Status.PENDING)
    assert (told.reason if isinstance(told, Refused) else None) == reason


def law_one_say(m: ModuleType) -> None:
    """Nobody has two says, and nobody stands in for who may not decide or has decided."""
    both = Requirements(count=1, people=("alice", "dave"))
    for wanted, cast in ((TWO, [seat(), ALICE]), (TWO, [seat(), seat(ERIN)]), (both, [seat(named=True)])):
        assert m.tally(wanted, [yes(voter) for voter in cast]).status == "pending"
    for votes, requester in (([], "alice"), ([yes(ALICE)], "")):
        told = m.may_vote(FINANCE, seat(), votes, requester_id=requester, status=Status.PENDING)
        assert isinstance(told, Refused)


def test_nobody_has_two_says() -> None:
    law_one_say(moves)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("given = _one_say_each(list(consents.values()))", "given = list(consents.values())"),
        ("if vote.stands_for and vote.stands_for not in spoken:", "if vote.stands_for:"),
        ("if not _told_apart(part.people, voters):", "if False:"),
        ("if requester_id in (voter.id, voter.stands_for or voter.id):", "if requester_id == voter.id:"),
        ("if voter.stands_for and any(", "if False and any("),
    ],
)
def test_a_mutant_of_one_say_dies(old: str, new: str) -> None:
    must_die(law_one_say, moves, old, new)
