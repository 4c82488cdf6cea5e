"""Bounds of the answer: what exceeds them, and which bounds lie within others, over the whole small space."""

from __future__ import annotations

from itertools import product
from types import ModuleType
from typing import Any

import pytest

from mutant import must_die
from vienna_kernel.warrant import response
from vienna_kernel.warrant.claims import _ResponseLimits
from vienna_kernel.warrant.response import MAX_BODY_BYTES, MAX_ITEMS, NAMES, Excess, exceeded

COUNTS = (None, 0, 1, 2)
BOUNDS = [
    {name: most for name, most in zip(NAMES, row, strict=True) if most is not None}
    for row in product((None, 0, 1, 2), repeat=len(NAMES))
]


def law_exceeded(m: ModuleType) -> int:
    """Named are exactly the bounds that the count is above, or has none."""
    broken = 0
    for limits, size, items in product(BOUNDS, COUNTS, COUNTS):
        found = {MAX_BODY_BYTES: size, MAX_ITEMS: items}
        rows = m.exceeded(limits, body_bytes=size, items=items)
        said = {row.name: (row.most, row.found) for row in rows}
        wanted = {}
        for name, most in limits.items():
            count = found[name]
            if count is None or count > most:
                wanted[name] = (most, count)
        assert said == wanted, (limits, size, items)
        broken += bool(wanted)
    return broken


def law_within(m: ModuleType) -> int:
    """``within`` is said exactly where every answer that keeps the one keeps the other."""
    answers = list(product((None, 0, 1, 2, 3), repeat=2))
    kept = [
        {at for at, (size, items) in enumerate(answers) if not exceeded(row, body_bytes=size, items=items)}
        for row in BOUNDS
    ]
    for (at, inner), (there, outer) in product(enumerate(BOUNDS), enumerate(BOUNDS)):
        assert m.within(inner, outer) == (kept[at] <= kept[there]), (inner, outer)
    return len(BOUNDS) ** 2


@pytest.mark.parametrize(("law", "least"), [(law_exceeded, 100), (law_within, 256)])
def test_law(law: Any, least: int) -> None:
    assert law(response) >= least


@pytest.mark.parametrize(
    ("law", "old", "new"),
    [
        (law_exceeded, "row.found is None or row.found > row.most", "row.found is not None and row.found > row.most"),
        (law_exceeded, "row.found > row.most)", "row.found >= row.most)"),
        (law_exceeded, "MAX_ITEMS: items}", "MAX_ITEMS: body_bytes}"),
        (law_within, "name in limits and limits", "name not in limits or limits"),
        (law_within, "limits[name] <= most", "limits[name] < most"),
        (law_within, "return all(", "return any("),
    ],
)  # fmt: skip
def test_a_mutant_dies(law: Any, old: str, new: str) -> None:
    must_die(law, response, old, new)


def test_what_cannot_be_counted_exceeds() -> None:
    assert exceeded({"max_items": 5}, body_bytes=10, items=None) == (Excess("max_items", 5, None),)
    assert exceeded({}, body_bytes=None, items=None) == ()


def test_bounds_that_are_not_kept_come_in_one_order() -> None:
    rows = (Excess("max_body_bytes", 0, 7), Excess("max_items", 0, 3))
    for limits in ({"max_items": 0, "max_body_bytes": 0}, {"max_body_bytes": 0, "max_items": 0}):
        assert exceeded(limits, body_bytes=7, items=3) == rows


def test_the_claim_knows_the_same_names() -> None:
    assert tuple(_ResponseLimits.model_fields) == NAMES
