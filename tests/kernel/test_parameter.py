"""Types of parameters: what a wire value must look like, and the value policy sees."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.errors import MalformedError
from vienna_kernel.parameter import ParamType, read, schema_of
from vienna_kernel.value import Value

T = ParamType

GOOD: list[tuple[ParamType, Value, bool, Value]] = [
    (T.STRING, "a", False, "a"),
    (T.STRING, "", True, ""),
    (T.INT, 5, False, 5),
    (T.INT, "-5", True, -5),
    (T.INT, 2**53, False, 2**53),
    (T.DECIMAL, 5, False, Decimal(5)),
    (T.DECIMAL, Decimal("5.5"), False, Decimal("5.5")),
    (T.DECIMAL, "5.50", False, Decimal("5.5")),
    (T.DECIMAL, "-0.5", True, Decimal("-0.5")),
    (
        T.ARN,
        "arn:aws:iam::aws:policy/AdministratorAccess",
        True,
        "arn:aws:iam::aws:policy/AdministratorAccess",
    ),
    (T.ARN, "arn:aws:s3:::bucket", False, "arn:aws:s3:::bucket"),
    (T.MINOR_UNITS, 500, False, 500),
    (T.MINOR_UNITS, "500", True, 500),
    (T.CURRENCY, "eur", True, "EUR"),
    (T.BOOL, True, False, True),
    (T.BOOL, "true", True, True),
    (T.BOOL, "false", True, False),
    (T.BOOL, "1", True, True),
    (T.BOOL, "0", True, False),
    (T.TIMESTAMP, "2026-03-25T10:00:00Z", False, "2026-03-25T10:00:00Z"),
    (T.TIMESTAMP, "2026-03-25t12:00:00+02:00", True, "2026-03-25T10:00:00Z"),
    (T.TIMESTAMP, 1774432800, False, "2026-03-25T10:00:00Z"),
    (T.TIMESTAMP, "1774432800", True, "2026-03-25T10:00:00Z"),
    (T.EMAIL, "Eve@Example.COM", True, "Eve@example.com"),
    (T.EMAIL_LIST, "a@b.c, d@e.f", True, ["a@b.c", "d@e.f"]),
    (T.EMAIL_LIST, ["A@b.C"], False, ["A@b.c"]),
    (T.EMAIL_LIST, [], False, []),
    (T.URL, "https://a.example/b?c#d", False, "https://a.example/b?c#d"),
    (T.MAP, {"a": [1]}, False, {"a": [1]}),
    (T.ANY, None, False, None),
    (T.ANY, [1, {"a": True}], False, [1, {"a": True}]),
    (T.COUNT, [1, 2, 3], False, 3),
    (T.COUNT, [], False, 0),
]


@pytest.mark.parametrize(("kind", "came", "text", "value"), GOOD)
def test_a_value_is_read(kind: ParamType, came: Value, text: bool, value: Value) -> None:
    found = read(kind, came, text=text)
    assert found == value
    assert type(found) is type(value)


BAD: list[tuple[ParamType, Value, bool]] = [
    (T.STRING, 5, False),
    (T.STRING, None, False),
    (T.INT, "5", False),
    (T.INT, True, False),
    (T.INT, Decimal("5.0"), False),
    (T.INT, 2**53 + 1, False),
    (T.INT, "9999999999999999999", True),
    (T.INT, "05", True),
    (T.INT, "+5", True),
    (T.INT, " 5", True),
    (T.INT, "5\n", True),
    (T.INT, "٥", True),
    (T.INT, "", True),
    (T.DECIMAL, "5,5", False),
    (T.DECIMAL, "1e3", False),
    (T.DECIMAL, "NaN", False),
    (T.DECIMAL, "05", False),
    (T.DECIMAL, ".5", False),
    (T.DECIMAL, "5.", False),
    (T.DECIMAL, True, False),
    (T.DECIMAL, "", False),
    (T.MINOR_UNITS, "500", False),
    (T.MINOR_UNITS, "5.00", True),
    (T.MINOR_UNITS, Decimal("5"), False),
    (T.CURRENCY, "euro", False),
    (T.CURRENCY, 5, False),
    (T.BOOL, "true", False),
    (T.BOOL, 1, False),
    (T.BOOL, "True", True),
    (T.TIMESTAMP, "2026-03-25T10:00:00", False),
    (T.TIMESTAMP, "2026-03-25", False),
    (T.TIMESTAMP, "2026-02-30T10:00:00Z", False),
    (T.TIMESTAMP, "0001-01-01T00:00:00+23:59", False),
    (T.TIMESTAMP, -1, False),
    (T.TIMESTAMP, 2**53, False),
    (T.TIMESTAMP, True, False),
    (T.EMAIL, "a@b", False),
    (T.EMAIL, "a@b.c, d@e.f", False),
    (T.EMAIL, "a b@c.d", False),
    (T.EMAIL, "<a@b.c>", False),
    (T.EMAIL, "a@b.c\n", False),
    (T.EMAIL_LIST, "", True),
    (T.EMAIL_LIST, [5], False),
    (T.EMAIL_LIST, {"a": 1}, False),
    (T.URL, "ftp://a.example", False),
    (T.URL, "https://u:p@a.example", False),
    (T.URL, "https://", False),
    (T.URL, "https://a.example\\b", False),
    (T.URL, "//a.example", False),
    (T.URL, "https://a.example/ b", False),
    (T.URL, "https://[", False),
    (T.MAP, [1], False),
    (T.MAP, "a", False),
    (T.COUNT, "abc", False),
    (T.COUNT, {"a": 1}, False),
    (T.COUNT, 3, False),
]


@pytest.mark.parametrize(("kind", "came", "text"), BAD)
def test_what_does_not_fit_is_refused_without_being_repeated(
    kind: ParamType, came: Value, text: bool
) -> None:
    with pytest.raises(MalformedError) as caught:
        read(kind, came, text=text)
    assert caught.value.why.startswith("expected ")


leaves = st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False) | st.text(max_size=12)


@given(st.sampled_from(ParamType), leaves | st.lists(leaves, max_size=3), st.booleans())
def test_reading_is_total(kind: ParamType, came: Value, text: bool) -> None:
    with contextlib.suppress(MalformedError):
        read(kind, came, text=text)


def test_every_type_has_a_schema() -> None:
    for kind in ParamType:
        schema = schema_of(kind)
        schema["changed"] = True
        assert "changed" not in schema_of(kind)
