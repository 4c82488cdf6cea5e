"""When two values are one."""

from __future__ import annotations

from decimal import Decimal
from itertools import product

from vienna_kernel.value import Value
from vienna_kernel.verification.same import Approved, same

# No two of one line are the same; all of one entry are.
KINDS: list[list[Value]] = [
    [None],
    [True],
    [False],
    [0, Decimal("0.00"), Decimal("-0")],
    [1, Decimal(1), Decimal("1.0")],
    [Decimal("1e400")],
    ["1"],
    ["true"],
    [""],
    ["$decimal"],
    [[], ()],
    [{}],
    [[1], (Decimal("1.0"),)],
    [[True]],
    [["1"]],
    [[1, 1]],
    [{"a": 1}, {"a": Decimal("1.0")}],
    [{"a": True}],
    [{"a": "1"}],
    [{"a": 1, "b": None}],
    [{"b": 1}],
    [{"a": [{"c": 5}]}, {"a": ({"c": Decimal("5.00")},)}],
    [{"a": [{"c": "5"}]}],
]


def test_every_pair() -> None:
    for (i, left), (j, right) in product(enumerate(KINDS), enumerate(KINDS)):
        for one, other in product(left, right):
            assert same(one, other) == (i == j), (one, other)
            assert (one in Approved([other])) == (i == j), (one, other)


def test_a_set_holds_what_was_put_in() -> None:
    values = [value for kind in KINDS for value in kind]
    assert all(value in Approved(values) for value in values)
    assert not any(value in Approved([]) for value in values)
