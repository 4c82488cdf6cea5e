"""Where a row looks."""

from __future__ import annotations

import pytest

from vienna_kernel.decode.pointer import MISSING, Found
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.verification.answer import Answer
from vienna_kernel.verification.place import name_of, one, showable, stands

ANSWER = Answer(
    MISSING, {"a": 1, "l": [{"x": 1}, {}], "e": [], "n": None}, textual=False, headers=(("h", "v"),)
)


@pytest.mark.parametrize(
    ("pointers", "header", "found"),
    [
        (("/a",), None, [1]),
        (("/gone", "/a"), None, [1]),
        (("/a", "/l"), None, [1]),
        (("/n", "/a"), None, [None]),
        (("/l/*/x", "/a"), None, [1, MISSING]),
        (("/e/*", "/a"), None, []),
        (("/gone/*", "/a"), None, [1]),
        (("/gone",), None, [MISSING]),
        ((), None, [MISSING]),
        ((), "H", ["v"]),
        (("/a",), "gone", [MISSING]),
    ],
)
def test_the_first_place_that_leads_anywhere(
    pointers: tuple[str, ...], header: str | None, found: list[Found]
) -> None:
    assert stands(pointers, header, ANSWER) == found


def test_a_place_has_a_name() -> None:
    assert name_of(("/a", "/b"), None) == "/a"
    assert name_of((), "X-H") == "header x-h"
    assert name_of(("",), None) == "body"
    assert name_of((), None) == ""


def test_a_redacted_value_is_not_shown_and_nothing_is_nothing() -> None:
    hidden = Intent(
        action="x",
        target="t",
        parameters={"a": 1},
        effect=Effect.WRITE,
        reversibility=Reversibility.UNKNOWN,
        default_tier=Tier.T1,
        redacted=frozenset({"a"}),
    )
    assert showable("a", (hidden,), 5) == "[redacted]"
    assert showable("a", (hidden,), None) is None
    assert showable("b", (hidden,), 5) == 5


def test_one_value_is_shown_as_itself() -> None:
    assert one([5]) == 5
    assert one([MISSING]) is None
    assert one([5, MISSING]) == [5, None]
    assert one([]) == []
