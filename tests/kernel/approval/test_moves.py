"""Consent: who may give it, when it is enough, what a passed deadline leads to, and what must not be possible."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations, permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.approval.moves import (
    MOVES,
    Event,
    Requirements,
    Status,
    Vote,
    Voter,
    advance,
    may_count,
    may_vote,
    tally,
)
from vienna_kernel.errors import IllegalMoveError
from vienna_kernel.verdict import Granted, Reason, Refused

FINANCE = Requirements(count=2, groups=("finance",), mfa=True)
CRITICAL = Requirements(count=3, mfa=True, justification=True, rollback_plan=True, executive=True)
BOB = Voter(id="op-bob", role="approver", groups=("finance",), email="bob@example.com")
ALICE = Voter(id="op-alice", role="approver", groups=("finance", "executive"), email="alice@example.com")
DAN = Voter(id="op-dan", role="approver", groups=("devops",))


def vote(voter: Voter, verdict: str = "approve", **more: str) -> Vote:
    return Vote(
        operator_id=voter.id,
        verdict=verdict,  # type: ignore[arg-type]  # the two words
        role=voter.role,
        groups=voter.groups,
        email=voter.email,
        **{"mfa": "totp", **more},
    )


def asked(
    requirements: Requirements, voter: Voter, *votes: Vote, requester: str = "agt-1", status: str = "pending"
) -> Reason | None:
    verdict = may_vote(requirements, voter, votes, requester_id=requester, status=status)
    return verdict.reason if isinstance(verdict, Refused) else None


class TestMoves:
    @pytest.mark.parametrize(("status", "event"), list(product(Status, Event)), ids=str)
    def test_every_move_not_in_the_table_is_a_fault(self, status: Status, event: Event) -> None:
        if (status, event) in MOVES:
            assert advance(status, event) is MOVES[status, event]
        else:
            with pytest.raises(IllegalMoveError) as fault:
                advance(status, event)
            told = (fault.value.machine, fault.value.state, fault.value.event)
            assert told == ("approval", status, event)

    def test_a_decided_approval_never_changes(self) -> None:
        assert {source for source, _ in MOVES} == {Status.PENDING}

    def test_only_a_quorum_approves(self) -> None:
        assert [event for (_, event), to in MOVES.items() if to is Status.APPROVED] == [Event.QUORUM]


class TestWhoMayVote:
    def test_one_of_the_group(self) -> None:
        assert asked(FINANCE, BOB) is None
        assert asked(FINANCE, DAN) is Reason.NOT_AN_APPROVER

    def test_without_a_group_any_approver(self) -> None:
        assert asked(Requirements(count=1), DAN) is None

    @pytest.mark.parametrize("role", ["operator", "auditor", "viewer", "agent", ""])
    def test_nobody_of_another_role(self, role: str) -> None:
        assert asked(FINANCE, replace(BOB, role=role)) is Reason.NOT_AN_APPROVER

    def test_an_admin_is_asked_only_as_one_of_the_group(self) -> None:
        assert asked(FINANCE, replace(DAN, role="admin")) is Reason.NOT_AN_APPROVER
        assert asked(FINANCE, replace(BOB, role="admin")) is None

    def test_nobody_decides_a_request_of_their_own(self) -> None:
        assert asked(FINANCE, BOB, requester=BOB.id) is Reason.OWN_REQUEST

    def test_one_person_counts_once(self) -> None:
        assert asked(FINANCE, BOB, vote(BOB)) is Reason.ALREADY_VOTED
        assert asked(FINANCE, ALICE, vote(BOB)) is None

    @pytest.mark.parametrize("status", [status for status in Status if status is not Status.PENDING])
    def test_nobody_after_it_was_decided(self, status: Status) -> None:
        assert asked(FINANCE, BOB, status=status) is Reason.APPROVAL_DECIDED

    def test_named_people_by_id_or_address_and_an_executive(self) -> None:
        assert asked(replace(FINANCE, people=("op-dan",)), DAN) is None
        assert (
            asked(replace(FINANCE, people=("dan@example.com",)), replace(DAN, email="dan@example.com"))
            is None
        )
        assert asked(replace(FINANCE, people=("",)), DAN) is Reason.NOT_AN_APPROVER
        executive = replace(DAN, groups=("executive",))
        assert asked(replace(FINANCE, executive=True), executive) is None
        assert asked(FINANCE, executive) is Reason.NOT_AN_APPROVER

    def test_a_part_that_asks_another_group(self) -> None:
        assert asked(replace(FINANCE, also=(Requirements(count=1, groups=("devops",)),)), DAN) is None

    @pytest.mark.parametrize(
        ("voter", "cast", "status", "why"),
        [
            (BOB, (), "denied", "the approval is already denied"),
            (replace(BOB, id="agt-1"), (), "pending", "nobody decides a request of their own"),
            (replace(BOB, role="viewer"), (), "pending", "the role viewer does not approve"),
            (DAN, (), "pending", "asked are 2 of group finance, each with a second factor"),
            (BOB, (BOB,), "pending", "one person counts once"),
        ],
    )
    def test_who_may_not_is_told_why(
        self, voter: Voter, cast: tuple[Voter, ...], status: str, why: str
    ) -> None:
        verdict = may_vote(FINANCE, voter, [vote(one) for one in cast], requester_id="agt-1", status=status)
        assert isinstance(verdict, Refused)
        assert verdict.detail == why


class TestWhatCounts:
    @pytest.mark.parametrize("factor", ["totp", "passkey"])
    def test_either_second_factor_does(self, factor: str) -> None:
        assert may_count(FINANCE, vote(BOB, mfa=factor)) == Granted()

    @pytest.mark.parametrize("factor", ["", "sms", "TOTP", "totp "])
    def test_nothing_else_is_a_second_factor(self, factor: str) -> None:
        refused = may_count(FINANCE, vote(BOB, mfa=factor))
        assert refused == Refused(Reason.MFA_REQUIRED, "this consent needs a code or a passkey")

    def test_what_is_missing_is_told(self) -> None:
        refused = may_count(CRITICAL, vote(BOB))
        assert refused == Refused(Reason.JUSTIFICATION_REQUIRED, "this consent needs a justification")

    def test_a_consent_without_a_code_does_not(self) -> None:
        refused = may_count(FINANCE, vote(BOB, mfa=""))
        assert isinstance(refused, Refused)
        assert refused.reason is Reason.MFA_REQUIRED
        assert tally(FINANCE, [vote(BOB, mfa=""), vote(ALICE)]).status == "pending"

    def test_a_consent_without_a_justification_does_not(self) -> None:
        refused = may_count(CRITICAL, vote(BOB, justification="  "))
        assert isinstance(refused, Refused)
        assert refused.reason is Reason.JUSTIFICATION_REQUIRED

    def test_what_a_part_asks_is_asked_of_all(self) -> None:
        assert isinstance(may_count(Requirements(count=1, also=(FINANCE,)), vote(DAN, mfa="")), Refused)

    def test_a_denial_needs_nothing(self) -> None:
        assert may_count(CRITICAL, vote(BOB, "deny", mfa="")) == Granted()


class TestTally:
    def test_a_quorum(self) -> None:
        assert tally(FINANCE, []).missing == ["2 more of group finance"]
        first = tally(FINANCE, [vote(BOB)])
        assert (first.status, first.current, first.required, first.event) == ("pending", 1, 2, Event.VOTE)
        both = tally(FINANCE, [vote(BOB), vote(ALICE)])
        assert (both.status, both.missing, both.event) == ("approved", [], Event.QUORUM)

    def test_the_same_person_twice_is_no_quorum(self) -> None:
        assert tally(FINANCE, [vote(BOB), vote(BOB)]).status == "pending"

    def test_people_outside_the_group_do_not_fill_it(self) -> None:
        assert tally(FINANCE, [vote(BOB), vote(DAN)]).status == "pending"

    def test_any_denial_ends_it_whenever_it_comes(self) -> None:
        for votes in permutations([vote(BOB), vote(ALICE), vote(DAN, "deny", mfa="")]):
            assert tally(FINANCE, votes).status == "denied"

    def test_a_denial_is_told_with_who_had_consented(self) -> None:
        found = tally(FINANCE, [vote(BOB), vote(DAN, "deny")])
        assert (found.current, found.required, found.missing) == (1, 2, ["nobody's denial"])
        assert found.event is Event.VETO

    def test_a_verdict_that_is_neither_is_no_consent(self) -> None:
        assert tally(FINANCE, [vote(BOB), vote(ALICE), vote(DAN, "maybe")]).status == "denied"

    def test_roles_are_covered_by_different_people(self) -> None:
        two = Requirements(count=2, roles=("counsel", "partner"))
        both = Voter(id="op-x", role="approver", groups=("counsel", "partner"))
        counsel = Voter(id="op-y", role="approver", groups=("counsel",))
        assert tally(two, [vote(both)]).status == "pending"
        assert tally(two, [vote(counsel), vote(replace(counsel, id="op-z"))]).missing == [
            "one person each of counsel, partner"
        ]
        for votes in permutations([vote(both), vote(counsel)]):
            assert tally(two, votes).status == "approved"
        for votes in permutations([vote(both), vote(DAN), vote(BOB)]):
            assert tally(two, votes).missing == ["one person each of counsel, partner"]

    def test_each_named_person(self) -> None:
        named = Requirements(count=1, people=("op-dan", "bob@example.com"))
        assert tally(named, [vote(DAN)]).missing == ["bob@example.com"]
        assert tally(named, [vote(DAN), vote(BOB)]).status == "approved"

    def test_a_critical_request(self) -> None:
        said = {"justification": "the customer left"}
        votes = [vote(BOB, **said), vote(DAN, **said), vote(replace(DAN, id="op-eve"), **said)]
        assert tally(CRITICAL, votes).missing == ["one of group executive", "a rollback plan"]
        votes[2] = vote(ALICE, **said)
        assert tally(CRITICAL, votes).missing == ["a rollback plan"]
        assert tally(CRITICAL, votes, rollback_plan="restore the dump").status == "approved"
        votes[0] = vote(BOB, **said, rollback_plan="restore the dump")
        assert tally(CRITICAL, votes).status == "approved"

    def test_every_part_has_to_be_met(self) -> None:
        both = replace(FINANCE, also=(Requirements(count=1, groups=("devops",)),))
        assert tally(both, [vote(BOB), vote(ALICE)]).missing == ["1 more of group devops"]
        assert tally(both, [vote(BOB), vote(ALICE), vote(DAN)]).status == "approved"
        assert tally(both, [vote(DAN)]).missing == ["2 more of group finance"]
        assert tally(both, []).missing == ["2 more of group finance", "1 more of group devops"]
        twice = replace(FINANCE, also=(FINANCE,))
        assert tally(twice, []).missing == ["2 more of group finance"]

    def test_no_set_of_votes_below_the_count_approves(self) -> None:
        people = [replace(BOB, id=f"op-{i}") for i in range(4)]
        for count in range(1, 5):
            wanted = replace(FINANCE, count=count)
            for size in range(5):
                for some in combinations(people, size):
                    approved = tally(wanted, [vote(person) for person in some]).status == "approved"
                    assert approved is (size >= count)

    @given(
        st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.booleans()), max_size=8), st.integers(1, 3)
    )
    def test_approved_means_enough_different_people_with_codes_and_no_denial(
        self, cast: list[tuple[int, bool, bool]], count: int
    ) -> None:
        votes = [
            vote(replace(BOB, id=f"op-{who}"), "deny" if denies else "approve", mfa="totp" if code else "")
            for who, denies, code in cast
        ]
        people = {who for who, denies, code in cast if code and not denies}
        enough = len(people) >= count and not any(denies for _, denies, _ in cast)
        assert (tally(replace(FINANCE, count=count), votes).status == "approved") is enough
