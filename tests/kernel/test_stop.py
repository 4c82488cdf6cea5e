"""Orders to stop: what each rung holds back, of which scope."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.stop import Kind, Level, Stop, strictest
from vienna_kernel.verdict import Reason

WRITE = Intent(
    action="stripe.refund",
    target="stripe:charge/ch_1",
    parameters={},
    effect=Effect.SPEND,
    reversibility=Reversibility.IRREVERSIBLE,
    default_tier=Tier.T2,
)
READ = replace(WRITE, action="stripe.read", effect=Effect.READ)
HOST = "api.stripe.com"


def stop(level: Level = Level.FREEZE, **scope: str) -> Stop:
    return Stop(n=1, kind=Kind.FREEZE, level=level, **scope)


@pytest.mark.parametrize(
    ("level", "write", "read", "stream", "answer", "under_way"),
    [
        (Level.FREEZE, True, False, False, False, False),
        (Level.SUSPEND, True, True, True, False, False),
        (Level.QUARANTINE, True, True, True, True, False),
        (Level.KILL, True, True, True, True, True),
    ],
)
def test_each_rung_holds_back_more(
    level: Level, write: bool, read: bool, stream: bool, answer: bool, under_way: bool
) -> None:
    one = stop(level)
    assert (one.refuses([WRITE], HOST), one.refuses([READ], HOST)) == (write, read)
    rungs = [one.reaches(rung, [READ], HOST) for rung in (Level.SUSPEND, Level.QUARANTINE, Level.KILL)]
    assert rungs == [stream, answer, under_way]


@pytest.mark.parametrize("effect", [effect for effect in Effect if effect is not Effect.READ])
def test_whatever_is_not_a_read_is_a_write(effect: Effect) -> None:
    assert stop().refuses([replace(READ, effect=effect)], HOST)


@pytest.mark.parametrize(
    ("scope", "covered"),
    [
        ({}, True),
        ({"action": "stripe.refund"}, True),
        ({"action": "stripe.*"}, True),
        ({"action": "stripe.ref*"}, False),
        ({"action": "stripe"}, False),
        ({"action": "strip.*"}, False),
        ({"host": HOST}, True),
        ({"host": "*.stripe.com"}, True),
        ({"host": "stripe.com"}, False),
        ({"host": "*.pi.stripe.com"}, False),
        ({"action": "stripe.refund", "host": HOST}, True),
        ({"action": "stripe.refund", "host": "api.example"}, False),
        ({"action": "other", "host": HOST}, False),
    ],
)
def test_all_that_narrows_must_fit(scope: dict[str, str], covered: bool) -> None:
    assert stop(**scope).refuses([WRITE], HOST) is covered
    assert stop(**scope).is_whole is (scope == {})


def test_one_covered_part_stops_the_call() -> None:
    assert stop(action="stripe.refund").refuses([READ, WRITE], HOST)
    assert not stop(action="stripe.read").refuses([READ, WRITE], HOST), "a freeze leaves the read alone"


def test_without_a_host_the_target_says_where() -> None:
    there = replace(WRITE, target=f"https://{HOST}/v1")
    assert stop(host=HOST).refuses([there], "")
    assert not stop(host=HOST).refuses([WRITE], "")


def test_the_strictest_is_told_and_its_kind_gives_the_reason() -> None:
    low, high = stop(), Stop(n=2, kind=Kind.SUSPENSION, level=Level.QUARANTINE)
    assert strictest([low, high]) is high
    assert strictest([replace(high, n=3), high]) is high
    assert strictest([]) is None
    assert (low.reason, high.reason) == (Reason.FROZEN, Reason.AGENT_SUSPENDED)


def test_the_rungs_are_in_order() -> None:
    for at, level in enumerate(Level):
        assert [level.reaches(other) for other in Level] == [at >= place for place in range(len(Level))]
