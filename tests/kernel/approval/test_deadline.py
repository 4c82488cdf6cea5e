"""Deadlines: the words of ``on_timeout``, and that every chain of them ends, never in consent."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations, product
from types import ModuleType
from typing import Any

import pytest

from mutant import must_die
from vienna_kernel.approval import deadline
from vienna_kernel.approval.deadline import escalate, lapse
from vienna_kernel.approval.moves import Event
from vienna_kernel.approval.requirements import Requirements

FINANCE = Requirements(count=2, groups=("finance",), mfa=True)
ORDER = ("finance", "controlling", "board")


def test_the_next_group_is_asked_as_well() -> None:
    first = escalate(FINANCE, ORDER, 0)
    assert first is not None
    assert first.groups == ("finance", "controlling")
    assert (first.count, first.mfa) == (2, True)
    second = escalate(first, ORDER, 1)
    assert second is not None
    assert second.groups == ORDER
    assert escalate(second, ORDER, 2) is None


def test_three_times_at_most() -> None:
    order = [f"group-{i}" for i in range(9)]
    assert [escalate(FINANCE, order, level) is not None for level in range(5)] == [True] * 3 + [False] * 2


def test_when_anybody_was_asked_they_are_asked_once_more() -> None:
    anyone = Requirements(count=1, on_timeout="escalate")
    assert lapse(anyone, ORDER, 0).event is Event.ESCALATE
    assert lapse(anyone, ORDER, 1).event is Event.LAPSE
    assert lapse(anyone, (), 0).event is Event.LAPSE


def test_notify_tells_once_and_then_ends() -> None:
    quiet = replace(FINANCE, on_timeout="notify")
    first = lapse(quiet, ORDER, 0)
    assert (first.event, first.notify) == (Event.ESCALATE, ("admin",))
    assert lapse(replace(quiet, notify=("cfo",)), ORDER, 0).notify == ("cfo",)
    assert lapse(quiet, ORDER, 1).event is Event.LAPSE


def test_deny_ends_at_once() -> None:
    assert lapse(replace(FINANCE, on_timeout="deny"), ORDER, 0).event is Event.LAPSE


def law_chains(m: ModuleType) -> dict[int, int]:
    """Over every order of up to five groups, every group that is asked first, every word: it ends within four steps, in
    no consent, and what is asked of people never gets less; each step asks somebody new or is the last of its kind.

    Returns how many chains had how many escalations.
    """
    lengths: dict[int, int] = {}
    orders = [order for size in range(6) for order in permutations("abcde", size)]
    for order, groups, word in product(
        orders, ((), ("a",), ("c", "a"), ("x",)), ("escalate", "notify", "deny")
    ):
        first = Requirements(count=2, groups=groups, mfa=True, on_timeout=word, notify=("admin",))  # type: ignore[arg-type]
        wanted, level = first, 0
        while (end := m.lapse(wanted, order, level)).event is Event.ESCALATE:
            assert level < 4
            assert replace(end.requirements, groups=groups) == first
            assert end.requirements.groups == (*wanted.groups, *end.asked)
            assert set(end.asked) <= set(order) - set(wanted.groups)
            assert len(end.asked) == 1 or level == 0
            assert end.notify == ("admin",)
            wanted, level = end.requirements, level + 1
        assert end.event is Event.LAPSE
        assert end.requirements == wanted
        following = [group for group in order if group not in groups]
        expected = {
            "deny": 0,
            "notify": 1,
            "escalate": min(3, len(following)) if groups else min(1, len(order)),
        }
        assert level == expected[word], (order, groups, word)
        if word == "escalate" and groups:
            assert wanted.groups == (*groups, *following[:3])
        lengths[level] = lengths.get(level, 0) + 1
    return lengths


def test_every_chain_ends_and_never_in_consent() -> None:
    lengths = law_chains(deadline)
    assert set(lengths) == {0, 1, 2, 3}
    assert sum(lengths.values()) == 326 * 4 * 3


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("MOST_ESCALATIONS = 3", "MOST_ESCALATIONS = 4"),
        ("MOST_ESCALATIONS = 3", "MOST_ESCALATIONS = 2"),
        ("if level >= MOST_ESCALATIONS", "if level > MOST_ESCALATIONS"),
        ("requirements if level == 0 and groups_order else None", "requirements if groups_order else None"),
        ("requirements if level == 0 and groups_order else None", "requirements if level == 0 else None"),
        ("if group not in requirements.groups), None)", "), None)"),
        ("groups=(*requirements.groups, following)", "groups=(following,)"),
        ("groups=(*requirements.groups, following)", "groups=(*requirements.groups, following), count=1"),
        ('requirements.on_timeout == "notify" and level == 0', 'requirements.on_timeout == "notify"'),
        ("return Lapse(Event.LAPSE, requirements", "return Lapse(Event.QUORUM, requirements"),
        ('if requirements.on_timeout == "escalate":', 'if requirements.on_timeout != "deny":'),
        ("if group not in requirements.groups)\n            return", ")\n            return"),
    ],
)
def test_a_mutant_dies(old: str, new: str) -> None:
    def law(m: ModuleType) -> Any:
        return law_chains(m)

    must_die(law, deadline, old, new)


HIGHEST = Requirements(
    count=3, mfa=True, justification=True, executive=True, on_timeout="deny", timeout_seconds=86400
)
HIGHER = Requirements(
    count=2, mfa=True, on_timeout="escalate", redeem_seconds=600, next_tier=HIGHEST, notify=("cfo",)
)


def law_tiers(m: ModuleType) -> None:
    """Where an escalation leads to the next tier: nothing that was asked gets less, the last tier ends it, in no."""
    for groups, count in product(((), ("finance",)), (1, 2, 4)):
        wanted = Requirements(
            count=count,
            groups=groups,
            on_timeout="escalate",
            redeem_seconds=900,
            notify=("admin",),
            next_tier=HIGHER,
        )
        steps = []
        level = 0
        while (end := m.lapse(wanted, ORDER, level)).event is Event.ESCALATE:
            before, wanted, level = wanted, end.requirements, level + 1
            assert wanted.groups == groups
            assert wanted.count >= before.count
            assert wanted.redeem_seconds <= before.redeem_seconds
            for demand in ("mfa", "justification", "rollback_plan", "executive"):
                assert getattr(wanted, demand) >= getattr(before, demand)
            steps.append((wanted.count, wanted.mfa, wanted.executive, wanted.notify, wanted.redeem_seconds))
        assert end.event is Event.LAPSE
        assert steps == [
            (max(count, 2), True, False, ("admin", "cfo"), 600),
            (max(count, 3), True, True, ("admin", "cfo"), 600),
        ]


def test_an_escalation_may_lead_to_the_next_tier() -> None:
    law_tiers(deadline)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("if requirements.next_tier is not None:", "if False:"),
        ("count=max(asked.count, higher.count)", "count=higher.count"),
        ("mfa=asked.mfa or higher.mfa", "mfa=asked.mfa"),
        ("executive=asked.executive or higher.executive", "executive=asked.executive"),
        ("on_timeout=higher.on_timeout", "on_timeout=asked.on_timeout"),
        (
            "redeem_seconds=min(asked.redeem_seconds, higher.redeem_seconds)",
            "redeem_seconds=higher.redeem_seconds + 999",
        ),
        ("next_tier=higher.next_tier", "next_tier=asked.next_tier"),
    ],
)
def test_a_mutant_of_the_next_tier_dies(old: str, new: str) -> None:
    must_die(law_tiers, deadline, old, new)
