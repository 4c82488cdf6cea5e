"""Strict forms: one reading, or none."""

from __future__ import annotations

import contextlib
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode import form
from vienna_kernel.errors import MalformedError


@pytest.mark.parametrize(
    ("data", "pairs"),
    [
        (b"", []),
        (b"a=1", [("a", "1")]),
        (b"a=1&b=2", [("a", "1"), ("b", "2")]),
        (b"a=b+c%20d%2Be", [("a", "b c d+e")]),
        (b"a=b=c", [("a", "b=c")]),
        (b"a", [("a", "")]),
        (b"a=", [("a", "")]),
        (b"%61=%c3%BC", [("a", "ü")]),
        ("a=ü".encode(), [("a", "ü")]),
        (b"a=x y", [("a", "x y")]),
        (b"a[]=1&a[]=2", [("a[]", "1"), ("a[]", "2")]),
        (b"a%5Bb%5D=1", [("a[b]", "1")]),
        (b"a=%3B%0A", [("a", ";\n")]),
        (b"a.b=1&b.a=2", [("a.b", "1"), ("b.a", "2")]),
        (b"m[a.b]=1&m[a_b]=2", [("m[a.b]", "1"), ("m[a_b]", "2")]),
    ],
)
def test_pairs_are_read(data: bytes, pairs: list[tuple[str, str]]) -> None:
    assert form.loads(data) == pairs


@pytest.mark.parametrize(
    "data",
    [
        b"a=1;b=2",
        b"a=1&a=2",
        b"a=1&%61=2",
        b"a[b]=1&a[b]=2",
        b"=1",
        b"&",
        b"a=1&",
        b"&a=1",
        b"a=1&&b=2",
        b"a=%",
        b"a=%4",
        b"a=%zz",
        b"a=%00",
        b"a=\x00",
        b"a=\n",
        b"a=1\r\nb=2",
        b"a=\x7f",
        b"a=%ff",
        b"a=\xff",
        b"a=%C3",
        b"%ff=1",
        b"a=\xc3%BC",
        b"a=%C3\xbc",
        b"a[=1",
        b"a]=1",
        b"[a]=1",
        b"a[b=1",
        b"a[b]c=1",
        b"a[[b]]=1",
        b"a.b=1&a_b=2",
        b"a+b=1&a_b=2",
        b"a=1&+a=2",
        b"a.[]=1&a_[]=2",
        b"&".join([b"a[]=1"] * 10001),
    ],
)
def test_what_has_no_one_reading_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        form.loads(data)


def test_a_query_may_repeat_a_key() -> None:
    assert form.pairs(b"a=1&a=2&[b=3") == [("a", "1"), ("a", "2"), ("[b", "3")]


def test_keys_are_nested() -> None:
    pairs = form.loads(b"a[b][c]=1&a[b][d]=2&e=3&f[]=4&f[]=5&g[0][h]=6&i[j][]=7")
    assert form.nest(pairs) == {
        "a": {"b": {"c": "1", "d": "2"}},
        "e": "3",
        "f": ["4", "5"],
        "g": {"0": {"h": "6"}},
        "i": {"j": ["7"]},
    }


def test_keys_as_clients_nest_them() -> None:
    """Stripe's numbered rows, Rails' and PHP's lists within objects."""
    pairs = form.loads(
        b"items[0][price]=p1&items[0][quantity]=2&items[1][price]=p2&expand[]=a.b&a[b][]=1&a[b][]=2&a[c]=3"
    )
    assert form.nest(pairs) == {
        "items": {"0": {"price": "p1", "quantity": "2"}, "1": {"price": "p2"}},
        "expand": ["a.b"],
        "a": {"b": ["1", "2"], "c": "3"},
    }


@pytest.mark.parametrize(
    "data",
    [
        b"a=1&a[b]=2",
        b"a[b]=1&a=2",
        b"a[]=1&a[b]=2",
        b"a[b]=1&a[]=2",
        b"a=1&a[]=2",
        b"a[b]=1&a[b][c]=2",
        b"a[][b]=1",
        b"a[][b]=1&a[][c]=2",
        b"a[b][][c]=1",
        b"a[0]=1&a[]=2",
        b"a" + b"[b]" * 8 + b"=1",
    ],
)
def test_keys_that_contradict_each_other_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedError):
        form.nest(form.loads(data))


@given(st.binary(max_size=40) | st.text("ab[]=&%+0;", max_size=30).map(str.encode))
def test_any_bytes_give_pairs_or_malformed(data: bytes) -> None:
    for read in (form.loads, form.pairs, lambda raw: form.nest(form.pairs(raw))):
        with contextlib.suppress(MalformedError):
            read(data)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
keys = st.text("abc", min_size=1, max_size=4)


@given(st.dictionaries(keys, texts, max_size=5))
def test_what_python_writes_is_read_back(fields: dict[str, str]) -> None:
    assert form.loads(urlencode(fields).encode()) == list(fields.items())
    assert form.nest(fields.items()) == fields
