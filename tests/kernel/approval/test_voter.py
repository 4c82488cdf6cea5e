"""A vote knows what is its own and what was lent."""

from __future__ import annotations

from vienna_kernel.approval.voter import Vote, Voter


def test_what_is_lent_counts_as_a_group_and_as_a_name_but_is_not_ones_own() -> None:
    dave = Vote(
        operator_id="dave",
        verdict="approve",
        groups=("devops",),
        stands_for="alice",
        lent=("finance",),
        covers=("alice", "alice@example.com"),
    )
    assert dave.voter.of == ("devops", "finance")
    assert dave.voter.has("finance")
    assert dave.voter.named(["alice@example.com"])
    assert dave.own.voter == Voter(id="dave", role="approver", groups=("devops",))
    assert not dave.own.voter.named(["alice"])


def test_a_vote_without_anything_lent_is_its_own() -> None:
    vote = Vote(operator_id="dave", verdict="approve")
    assert vote.own is vote
    assert not vote.voter.named([""])
