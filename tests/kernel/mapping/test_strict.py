"""No mapping without cases."""

from __future__ import annotations

import pytest

from mapping_kit import HEAD, action
from vienna_kernel.document import Document, DocumentError, parse
from vienna_kernel.mapping.strict import cased, uncovered

LOOK = """\
  - action: look
    match: {methods: [GET], path: /look}
    target: shop
    effect: read
    default_tier: T0
"""
TWO = action() + LOOK
CASE = 'cases:\n  - {name: it is paid, request: "POST https://shop.example/pay", expect: [{action: pay}]}\n'


def doc(text: str, name: str = "shop.yaml") -> Document:
    return parse(text, name=name)


def told(mapping: str, cases: str | None) -> list[str]:
    return [
        str(one) for one in uncovered(doc(mapping), None if cases is None else doc(cases, "shop_cases.yaml"))
    ]


def test_every_action_needs_a_case() -> None:
    assert told(action(), CASE) == []
    assert told(TWO, CASE) == ["shop.yaml:13:5 actions[1].action: the action 'look' has no case"]
    assert told(TWO, None) == ["shop.yaml:7:1 actions: none of its 2 actions has a case"]
    assert told(action(), None) == ["shop.yaml:8:5 actions[0].action: the action 'pay' has no case"]


def test_a_case_that_expects_a_refusal_only_tries_no_action() -> None:
    refusal = 'cases:\n  - {name: no, request: "POST https://shop.example/pay", refused: unknown_parameter}\n'
    assert len(told(action(), refusal)) == 1


def test_a_test_inside_the_mapping_is_a_case() -> None:
    inside = action(more='tests: [{request: "POST https://shop.example/pay", expect: {action: pay}}]')
    assert told(inside, None) == []
    assert cased(doc(inside + LOOK), doc(CASE)) == {"pay"}
    assert told(inside + LOOK, None) == ["shop.yaml:14:5 actions[1].action: the action 'look' has no case"]


@pytest.mark.parametrize(("mapping", "cases"), [(HEAD, CASE), (TWO, "cases: []\n"), (TWO, "case: []\n")])
def test_what_is_no_such_file_is_told_with_its_place(mapping: str, cases: str) -> None:
    with pytest.raises(DocumentError) as caught:
        uncovered(doc(mapping), doc(cases, "shop_cases.yaml"))
    assert ".yaml:" in str(caught.value)
