"""One rule: its order among others, its validity, what it takes to be read."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from vienna_kernel.document import Document, DocumentError
from vienna_kernel.policy.clock_time import zone
from vienna_kernel.policy.page import read_stored
from vienna_kernel.policy.rule import STRICTNESS, Rule


def rule(**keys: Any) -> Rule:
    data = {"id": "r", "when": "rate > 1", "then": {"action": "deny"}, **keys}
    return read_stored(Document("rule", data, {}), tz=zone("UTC"))


def test_defaults() -> None:
    one = rule()
    assert (one.name, one.priority, one.window_seconds, one.actions) == ("r", 0, 60, None)
    assert one.where == "rule:1:1 id"


def test_priority_then_strictness_then_id() -> None:
    some = [rule(id="b", then={"action": word}) for word in STRICTNESS if word != "rate_limit"]
    some += [rule(id="a"), rule(id="z", priority=1, then={"action": "allow"})]
    ordered = sorted(some, key=lambda one: one.order)
    assert [(one.id, one.action) for one in ordered] == [
        ("z", "allow"), ("a", "deny"), ("b", "deny"), ("b", "escalate"), ("b", "require_approval"), ("b", "flag"),
        ("b", "allow"),
    ]  # fmt: skip


def test_every_action_has_its_place() -> None:
    assert list(STRICTNESS.values()) == sorted(set(STRICTNESS.values()))
    for word in STRICTNESS:
        assert rule(then={"action": word}).action == word


def test_validity() -> None:
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    timed = rule(valid_from=start.isoformat(), valid_until=end.isoformat())
    assert [timed.valid_at(at) for at in (start, end)] == [True, False]
    assert rule().valid_at(start)


@pytest.mark.parametrize(
    "keys",
    [
        {"id": ""},
        {"id": "x" * 101},
        {"id": "../etc"},
        {"priority": 10**7},
        {"priority": 1.5},
        {"enabled": "yes"},
        {"when": None},
        {"then": {}},
        {"then": {"action": "approve"}},
        {"tags": "x"},
        {"unknown": 1},
    ],
)
def test_what_has_no_reading(keys: dict[str, Any]) -> None:
    with pytest.raises(DocumentError):
        rule(**keys)


def test_a_time_zone_of_its_own_counts_before_that_of_its_page() -> None:
    assert str(rule().tz) == "UTC"
    assert str(rule(timezone="Europe/Vienna").tz) == "Europe/Vienna"
    with pytest.raises(DocumentError):
        rule(timezone="Mars/Olympus")
