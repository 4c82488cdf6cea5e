"""Examples are read by the kernel as it is said that they are."""

from __future__ import annotations

import pytest

from vienna_kernel.parameter import ParamType, read
from vienna_kernel.propose.field import Field
from vienna_kernel.propose.sample import Sample, placed, sample_of

READ = [
    kind
    for kind in ParamType
    if kind not in (ParamType.DIGEST, ParamType.COUNT, ParamType.ARN, ParamType.RESOURCE)
]


@pytest.mark.parametrize("kind", READ)
def test_what_is_sent_is_what_is_seen(kind: ParamType) -> None:
    found = sample_of(Field(name="a_b", source="json", key="/a_b", kind=kind))
    value = read(kind, found.sent, text=False)
    if kind is ParamType.MINOR_UNITS:
        assert (value, found.seen) == (500, 5)
    elif kind is not ParamType.CURRENCY:
        assert value == found.seen
    if kind not in (ParamType.MAP, ParamType.ANY, ParamType.CURRENCY, ParamType.MINOR_UNITS):
        assert read(kind, found.text, text=True) == found.seen


def test_values_listed_and_others() -> None:
    field = Field(name="a", source="path", key="a", enum=("x", "y"))
    assert [sample_of(field, variant=i).sent for i in (1, 2, 3)] == ["x", "y", "x"]
    assert sample_of(Field(name="a_b", source="path", key="a_b"), variant=3).text == "a-b-3"
    assert sample_of(Field(name="n", source="path", key="n", kind=ParamType.INT), variant=4).text == "4"
    assert sample_of(field, currency=True) == Sample("EUR", "EUR")


def test_values_at_their_places() -> None:
    assert placed([(("a", "b"), 1), (("a", "c"), 2), (("d",), 3)]) == {"a": {"b": 1, "c": 2}, "d": 3}
    assert placed([]) == {}
    assert placed([((), [1])]) == [1]
    assert placed([(("a",), 1), (("a", "b"), 2)]) == {"a": 1}
