"""Values: one canonical byte form, and a round trip over plain JSON."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode import json as strict
from vienna_kernel.value import canonical, digest, pack, plain_decimal, unpack

JCS = Path(__file__).parents[3] / "shared" / "vectors" / "jcs"

decimals = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12)
leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | decimals | st.text(max_size=20)
keys = st.text(max_size=8).filter(lambda key: key != "$decimal")
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("5", "5"),
        ("5.0", "5"),
        ("5.50", "5.5"),
        ("5E+3", "5000"),
        ("-0.0", "0"),
        ("0.001", "0.001"),
        ("100", "100"),
    ],
)
def test_a_decimal_has_one_spelling(number: str, text: str) -> None:
    assert plain_decimal(Decimal(number)) == text


def test_equal_amounts_have_equal_digests_whatever_their_scale() -> None:
    assert digest({"amount": Decimal("5.00")}) == digest({"amount": Decimal("5")})
    assert digest({"amount": Decimal("5.01")}) != digest({"amount": Decimal("5")})


def test_canonical_bytes_do_not_depend_on_key_order() -> None:
    assert canonical({"b": 1, "a": [True, None, "x"]}) == b'{"a":[true,null,"x"],"b":1}'


@pytest.mark.skipif(not JCS.is_dir(), reason="the public vectors are not beside this checkout")
def test_the_public_vectors_of_rfc_8785() -> None:
    """Byte for byte, but that a number with a fraction or an exponent is a string of ours: no float is ever signed."""
    names = sorted(path.name for path in (JCS / "input").glob("*.json"))
    assert len(names) == 6
    exact = 0
    for name in names:
        sent, expected = (JCS / "input" / name).read_bytes(), (JCS / "output" / name).read_bytes()
        assert rfc8785.dumps(json.loads(sent)) == expected.strip(), name
        if b"." not in sent and b"E" not in sent:
            assert canonical(strict.loads(sent)) == expected.strip(), name
            exact += 1
        as_text = json.loads(sent, parse_float=lambda text: plain_decimal(Decimal(text)))
        assert canonical(strict.loads(sent)) == rfc8785.dumps(as_text), name
    assert exact >= 2


names = st.text(max_size=4) | st.sampled_from(
    ["\ue000", "\uffff", "\U00010000", "\U0001f600", "a", "\x00", "\x7f"]
)
jcs_leaves = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=6) | names


@given(
    st.recursive(
        jcs_leaves | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=6),
    )
)
def test_the_quick_writer_writes_what_rfc_8785_says(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    "value",
    ["\ud800", {"\udfff": 1}, [float("nan")], {1: 2}, b"x", object(), UUID(int=1), datetime.now(UTC), Path()],
)
def test_what_is_no_value_has_no_canonical_form(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical(value)


@given(values)
def test_pack_and_unpack_are_inverse_over_plain_json(value: object) -> None:
    packed = json.loads(json.dumps(pack(value)))  # type: ignore[arg-type]
    back = unpack(packed)
    assert canonical(back) == canonical(value)  # type: ignore[arg-type]
    assert pack(back) == pack(value)  # type: ignore[arg-type]  # a decimal stays one, a string stays one
