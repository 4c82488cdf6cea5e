"""Strict JSON: one reading, or none; never another exception."""

from __future__ import annotations

import contextlib
import json as stdlib
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode import json
from vienna_kernel.errors import MalformedError

VECTORS = Path(__file__).parents[3].parent / "shared" / "vectors" / "json-parsing"

# Valid JSON that is refused here on purpose, and why.
STRICTER = {
    "y_object_duplicated_key.json": "a key twice",
    "y_object_duplicated_key_and_value.json": "a key twice",
}


def load(text: str | bytes) -> object:
    return json.loads(text.encode() if isinstance(text, str) else text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("null", None),
        (" [ true , false ] ", [True, False]),
        ('{"a":{"b":[1,-2,0]}}', {"a": {"b": [1, -2, 0]}}),
        ("9007199254740992", 2**53),
        ("-9007199254740992", -(2**53)),
        ("1.10", Decimal("1.10")),
        ("1e2", Decimal("1E+2")),
        ("-0", 0),
        ('"\\u00fc\\ud83d\\ude00/\\/"', "ü😀//"),
        ('"\\u0000"', "\x00"),
        ('{"":1}', {"": 1}),
    ],
)
def test_values_are_read(text: str, value: object) -> None:
    found = load(text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "nul",
        "[1,]",
        "[1 2]",
        "{'a':1}",
        '{"a":1,}',
        '{"a" 1}',
        "[1]x",
        "01",
        "+1",
        ".5",
        "5.",
        "1e",
        "0x1",
        "NaN",
        "Infinity",
        "-Infinity",
        "[NaN]",
        '"a\nb"',
        '"\t"',
        '"\x00"',
        '"\\x41"',
        '"\\u12"',
        '"',
        "//a\n1",
        "\ufeff1",
        '{"a":1,"a":1}',
        '{"a":1,"\\u0061":2}',
        '[{"a":{"b":1,"b":2}}]',
        "9007199254740993",
        "-9007199254740993",
        "1" * 5000,
        "1e401",
        "1e-401",
        "1e99999999999999999999",
        "0." + "1" * 130,
        '"\\ud800"',
        '"\\udc00\\ud800"',
        '{"\\ud800":1}',
        '[{"a":["\\uDFFF"]}]',
    ],
)
def test_what_has_no_one_reading_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        load(text)


@pytest.mark.parametrize(
    "data", [b"\xff", b'"\xc3"', b'"\xed\xa0\x80"', b'"\xc0\xaf"', b"\xef\xbb\xbf1", '"a"'.encode("utf-16")]
)
def test_only_utf8_is_json(data: bytes) -> None:
    with pytest.raises(MalformedError):
        load(data)


def test_depth_is_bounded_before_anything_is_parsed() -> None:
    assert load("[" * 32 + "]" * 32)
    assert load('{"a":' * 32 + "1" + "}" * 32)
    assert load("[[]," + "[" * 31 + "]" * 31 + ",{}]")
    for deep in ("[" * 33 + "]" * 33, '{"a":' * 33 + "1" + "}" * 33, "[" * 1_000_000, '[{"a":' * 200_000):
        with pytest.raises(MalformedError, match="nested"):
            load(deep)


def test_numbers_are_bounded() -> None:
    assert load("0." + "1" * 126)
    assert load("1e400")
    assert load("-1e-400")
    for text in ("0." + "1" * 127, "1e401", "1e-401"):
        with pytest.raises(MalformedError, match="digits"):
            load(text)


def test_brackets_in_strings_and_side_by_side_are_no_depth() -> None:
    assert load('["' + "[" * 500 + '","\\"' + "{" * 500 + '"]')
    assert load("[" + ",".join(["[]"] * 500) + "]") == [[]] * 500


def test_a_large_string_is_quick() -> None:
    text = "[" * 20 + '"' + "\\\\x" * 1_000_000 + '"' + "]" * 20 + " " * 20
    assert load(text + " ")
    assert load('{"a":["' + "[" * 3_000_000 + '"]}')


@pytest.mark.skipif(not VECTORS.is_dir(), reason="the public vectors are not beside this checkout")
def test_the_public_suite() -> None:
    """JSONTestSuite: what must be read is, what must not be is not, and what readers may do as they like is refused."""
    accepted = set()
    seen = {"y": 0, "n": 0, "i": 0}
    for path in sorted(VECTORS.glob("*.json")):
        seen[path.name[0]] += 1
        with contextlib.suppress(MalformedError):
            value = json.loads(path.read_bytes())
            accepted.add(path.name)
            assert stdlib.loads(path.read_bytes(), parse_float=Decimal) == value
    assert seen == {"y": 95, "n": 188, "i": 35}
    assert accepted == {path.name for path in VECTORS.glob("y_*.json")} - set(STRICTER)


@given(
    st.binary(max_size=60)
    | st.text('[]{}":,\\u0123456789abcdefnulltrue.-+eE \n', max_size=40).map(str.encode)
)
def test_any_bytes_give_a_value_or_malformed(data: bytes) -> None:
    with contextlib.suppress(MalformedError):
        json.loads(data)


leaves = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=6)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


@given(values)
def test_what_is_written_is_read_back(value: object) -> None:
    assert load(stdlib.dumps(value)) == value
    assert load(stdlib.dumps(value, ensure_ascii=False)) == value


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b'{"a": 1,\n "b" 2}', "not JSON: Expecting ':' delimiter at line 2 column 6"),
        (b'{"order":"ORD-1","amount":5', "not JSON: Expecting ',' delimiter at line 1 column 28"),
        (b'"\xff"', "not UTF-8 at byte 1"),
        (b'"\\ud800"', "a string holds half a surrogate pair"),
    ],
)
def test_a_refusal_says_what_was_expected_and_where(data: bytes, why: str) -> None:
    with pytest.raises(MalformedError) as caught:
        json.loads(data)
    assert caught.value.why == why
