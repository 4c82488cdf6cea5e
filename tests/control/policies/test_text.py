"""A rule as YAML: what is written reads back as the same rule, and a complaint names its line."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vienna_control.policies.templates import every
from vienna_control.policies.text import read, written
from vienna_kernel.errors import MalformedError
from vienna_kernel.value import pack

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
WORDS = st.one_of(
    st.text(max_size=12, alphabet=st.characters(exclude_categories=["Cs"])),
    st.sampled_from(["yes", "null", "~", "1e3", "0o17", "0x1f", "1_000", ".5", "12:30", "- a", "#", "a: b", "=", "[x"]),
)  # fmt: skip
VALUES = st.one_of(WORDS, st.integers(-(2**53), 2**53), st.decimals(-(10**6), 10**6, places=2), st.booleans())


def rule(*tests: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "id": "r",
        "priority": 1,
        "enabled": True,
        "when": list(tests),
        "then": {"action": "deny"},
        **more,
    }


@QUICK
@given(value=VALUES, reason=WORDS)
def test_what_is_written_reads_back_as_the_same_rule(value: Any, reason: str) -> None:
    test = {"field": "parameters.x", "operator": "equals", "value": value}
    stored = pack(rule({"any": [test, {"not": test}]}, then={"action": "deny", "reason": reason}))
    assert read(written(stored)) == stored


def test_every_shipped_template_is_written_and_read_as_it_was() -> None:
    for template in every().values():
        for one in template.rules:
            stored = pack({"priority": 0, "enabled": True, **one})
            assert read(written(stored)) == stored


def test_what_goes_without_saying_is_not_written() -> None:
    told = written(pack(rule({"field": "parameters.x", "operator": "gt", "value": Decimal("1.50")}, name="")))
    assert told == (
        "id: r\npriority: 1\nwhen:\n- {field: parameters.x, operator: gt, value: 1.5}\nthen:\n  action: deny\n"
    )


@pytest.mark.parametrize(
    ("text", "where", "why"),
    [
        ("id: r\nwhen: []\nthen:\n  action: deny\n  resaon: x\n", "rule:5:3 then.resaon", "'reason'?"),
        ("id: r\nwhen: [\nthen: {action: deny}\n", "rule:4:1", "not YAML"),
        (
            "id: r\nwhen:\n- {field: action, operator: equal, value: x}\nthen: {action: deny}\n",
            "rule:3:19 when[0].operator",
            "did you mean 'equals'?",
        ),
        ("- a\n", "rule:1:1", "expected an object"),
        ("", "rule:1:1", "expected an object"),
    ],
)
def test_a_complaint_names_line_and_column_and_what_was_expected(text: str, where: str, why: str) -> None:
    with pytest.raises(MalformedError) as caught:
        read(text)
    assert caught.value.where == where
    assert why in str(caught.value)


def test_a_text_has_its_bound() -> None:
    with pytest.raises(MalformedError, match="longer than"):
        read("#" * 100_001)
