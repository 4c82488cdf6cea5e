"""Signs of life: the next, the same again, and everything that is neither."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vienna_kernel.heartbeat import Counts, Heartbeat, Irregular, Last, follow

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)


def beat(sequence: int, **counts: int) -> Heartbeat:
    return Heartbeat(sequence=sequence, at=AT, counts=Counts(**counts))


def after(one: Heartbeat) -> Last:
    return Last(sequence=one.sequence, digest=one.digest(), counts=one.counts)


@pytest.mark.parametrize(
    ("last", "now", "irregular", "new"),
    [
        (Last(), beat(1), None, True),
        (Last(), beat(3), Irregular.GAP, True),
        (after(beat(4, seen=7)), beat(5, seen=7), None, True),
        (after(beat(4, seen=7)), beat(4, seen=7), None, False),
        (after(beat(4, seen=7)), beat(4, seen=8), Irregular.FORK, False),
        (after(beat(4, seen=7)), beat(3, seen=7), Irregular.FORK, False),
        (after(beat(4, seen=7)), beat(5, seen=6), Irregular.BACKWARD, True),
        (after(beat(4, seen=7)), beat(9, seen=6), Irregular.BACKWARD, True),
        (after(beat(4, seen=7, held=2)), beat(5, seen=8, held=1), Irregular.BACKWARD, True),
        (after(beat(4, seen=7)), beat(6, seen=8), Irregular.GAP, True),
    ],
)
def test_what_a_heartbeat_is(last: Last, now: Heartbeat, irregular: Irregular | None, new: bool) -> None:
    found = follow(last, now)
    assert (found.irregular, found.new) == (irregular, new)
    assert bool(found.detail) == (irregular is not None)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20), st.integers(0, 19))
def test_of_an_honest_chain_no_link_can_be_left_out_or_said_twice(steps: list[int], at: int) -> None:
    total, chain = 0, []
    for number, step in enumerate(steps, start=1):
        total += step
        chain.append(beat(number, seen=total))
    last = Last()
    for one in chain:
        assert follow(last, one).irregular is None
        last = after(one)
    at %= len(chain)
    before = after(chain[at - 1]) if at else Last()
    for later in chain[at + 1 :]:
        assert follow(before, later).irregular is Irregular.GAP
    assert follow(last, beat(at + 1, seen=total + 1)).irregular is Irregular.FORK


def test_its_clock_and_its_bundle_may_change_when_it_is_said_again() -> None:
    one = beat(2, seen=5)
    again = one.model_copy(update={"at": AT.replace(hour=11), "bundle": "sha256:other"})
    assert follow(after(one), again).irregular is None


@pytest.mark.parametrize(
    "wrong", [{"sequence": 0}, {"sequence": "1"}, {"counts": {"seen": -1}}, {"at": "noon"}]
)
def test_what_has_no_reading(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Heartbeat.model_validate({"sequence": 1, "at": AT, **wrong})
