"""Derived parameters; the rest of settling is tried with ``param``."""

from __future__ import annotations

from decimal import Decimal

import pytest

from vienna_kernel.mapping.param import Param, Reading
from vienna_kernel.mapping.settle import settle
from vienna_kernel.parameter import ParamType
from vienna_kernel.value import Value, digest
from vienna_kernel.verdict import Reason, Refused

TO = Param(name="to", place="json", kind=ParamType.EMAIL_LIST)
CC = Param(name="cc", place="json", kind=ParamType.EMAIL_LIST)


def derived(how: str, values: dict[str, Value], **more: object) -> Reading | Refused:
    param = Param(
        name="d",
        place="derived",
        kind=ParamType.ANY,
        sources=("to", "cc"),
        derive=how,  # type: ignore[arg-type]
        **more,  # type: ignore[arg-type]
    )
    return settle((TO, CC, param), Reading(values), None)


@pytest.mark.parametrize(
    ("how", "values", "told"),
    [
        ("count", {"to": ["a@x.example", "b@y.example"], "cc": ["c@x.example"]}, 3),
        ("count", {"to": []}, 0),
        (
            "domains",
            {"to": ["a@y.example", "b@X.example"], "cc": ["c@x.example"]},
            ["x.example", "y.example"],
        ),
        ("concat", {"to": ["a"], "cc": "b"}, ["a", "b"]),
        ("first", {"cc": ["c", "d"]}, "c"),
        ("sum", {"to": 1, "cc": 2}, 3),
        ("sum", {"to": Decimal("1.5"), "cc": [2, 3]}, Decimal("6.5")),
        ("digest", {"to": ["a"]}, digest(["a"])),
    ],
)
def test_what_is_there_is_told(how: str, values: dict[str, Value], told: Value) -> None:
    found = derived(how, values)
    assert isinstance(found, Reading)
    assert found.values["d"] == told
    assert "d" not in found.undetermined


@pytest.mark.parametrize(
    ("how", "values"), [("count", {}), ("sum", {"to": "x"}), ("sum", {"to": [True]}), ("first", {"to": []})]
)
def test_what_cannot_be_told_is_undetermined(how: str, values: dict[str, Value]) -> None:
    found = derived(how, values)
    assert isinstance(found, Reading)
    assert "d" in found.undetermined


def test_a_required_one_that_cannot_be_told_refuses() -> None:
    found = derived("count", {}, required=True)
    assert isinstance(found, Refused)
    assert found.reason is Reason.INVALID_PARAMETER


def test_a_required_list_holds_something() -> None:
    found = derived("concat", {"to": [], "cc": []}, required=True)
    assert isinstance(found, Refused)
    assert isinstance(derived("concat", {"to": ["a"]}, required=True), Reading)
