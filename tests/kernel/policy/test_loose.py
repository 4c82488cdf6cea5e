"""Loose rules: which patterns an allow may be narrowed by, and what it may let go."""

from __future__ import annotations

from typing import Any

import pytest

import policy_kit
from vienna_kernel.policy.loose import loose
from vienna_kernel.policy.reach import Reach
from vienna_kernel.policy.ruleset import RuleSet


def codes(when: Any, **then: Any) -> list[str]:
    made = [{"id": "r", "when": when, "then": {"action": "allow", **then}}]
    rules = RuleSet.compile([policy_kit.page(made)]).rules
    return [one.code for one in loose(rules[0], Reach(rules, {}))]


@pytest.mark.parametrize(
    ("pattern", "whole"),
    [
        ("^/x$", True),
        ("^/x/[a-z]+$", True),
        ("\\A/x\\z", True),
        ("^(/x|/y)$", True),
        ("^[|^$]$", True),
        ("^a\\|b$", True),  # a bar that is a character
        ("^a\\(|b$", False),  # a bracket that is one
        ("/x", False),
        ("^/x", False),
        ("/x$", False),
        ("^/x|/y$", False),
        ("^(a|b)|c$", False),
        ("^5\\$", False),  # a dollar sign
    ],
)
def test_a_pattern_has_to_match_from_end_to_end(pattern: str, whole: bool) -> None:
    when = [policy_kit.leaf("action", "equals", "a"), policy_kit.leaf("request.path", "matches", pattern)]
    assert codes(when) == ([] if whole else ["loose_allow"])
    assert codes(when, action="deny") == []


@pytest.mark.parametrize("action", ["http.post", "http.put", "http.patch", "http.delete", "http.trace"])
def test_what_nobody_can_read_is_not_allowed_to_change_anything(action: str) -> None:
    assert codes(f"action == '{action}'") == ["allows_unmapped"]
    assert codes(f"action == '{action}'", action="require_approval") == []


@pytest.mark.parametrize(
    ("when", "refuses"),
    [
        ("rate > 0", True),
        ("rate >= 1", True),
        ("rate < 5", True),
        ("NOT rate > 5", True),
        ("rate != 5", True),
        ("rate > 1", False),
        ("rate between [2, 9]", False),
        ("rate > 100 OR rate < 1", False),
        ("rate < 5 AND rate > 3", False),
    ],
)
def test_a_rate_that_refuses_the_first_call(when: str, refuses: bool) -> None:
    assert codes(when, action="rate_limit") == (["refuses_all"] if refuses else [])
