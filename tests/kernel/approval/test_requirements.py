"""Requirements: their JSON form, how many people they take, how they read."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from vienna_kernel.approval.requirements import Requirements, describe

FINANCE = Requirements(
    count=2, groups=("finance",), mfa=True, timeout_seconds=60, page="now", notify=("admin",)
)
LEGAL = Requirements(
    count=1, roles=("counsel", "partner"), executive=True, justification=True, rollback_plan=True
)


def test_json_round_trip() -> None:
    both = Requirements(count=1, people=("bob@example.com",), also=(FINANCE, LEGAL))
    assert Requirements.from_json(json.loads(json.dumps(both.to_json()))) == both


def test_the_json_form_is_plain_and_may_leave_out_what_has_a_default() -> None:
    data = Requirements(count=1, people=("bob@example.com",), also=(FINANCE,)).to_json()
    assert (data["people"], data["groups"]) == (["bob@example.com"], [])
    assert data["also"][0]["groups"] == ["finance"]
    assert Requirements.from_json({"count": 1}) == Requirements(count=1)


def test_parts_are_every_one_without_the_others() -> None:
    both = Requirements(count=1, also=(replace(FINANCE, also=(LEGAL,)),))
    assert list(both.parts()) == [Requirements(count=1), FINANCE, LEGAL]


def test_unknown_keys_have_no_reading() -> None:
    with pytest.raises(TypeError):
        Requirements.from_json({**FINANCE.to_json(), "anybody": True})


@pytest.mark.parametrize(
    ("requirements", "people"),
    [
        (Requirements(count=0), 0),
        (Requirements(count=1), 1),
        (FINANCE, 2),
        (LEGAL, 2),
        (Requirements(count=1, also=(FINANCE,)), 2),
        (Requirements(count=1, people=("a", "b", "c")), 3),
    ],
)
def test_people_needed(requirements: Requirements, people: int) -> None:
    assert requirements.people_needed == people


def test_it_reads_as_one_line() -> None:
    assert describe(FINANCE) == "2 of group finance, each with a second factor"
    assert describe(Requirements(count=1, also=(FINANCE,))).startswith(
        "1 of the approvers; and 2 of group finance"
    )
    assert describe(replace(LEGAL, people=("bob@example.com", "op-1"))) == (
        "1 of the approvers, among them bob@example.com, op-1, one each of counsel, partner, "
        "one of group executive, each with a justification, with a rollback plan"
    )
