"""What is written is read as it was."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.document import parse
from vienna_kernel.propose.yamlwriter import block, comment, flow, quoted, scalar

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    [
        "true",
        "No",
        "null",
        "~",
        "1",
        "1e5",
        "0x1",
        "a: b",
        "a #b",
        "- a",
        "[a",
        "{",
        "*a",
        "&a",
        "!a",
        "",
        " a",
        "a ",
        "?",
        "a,b",
    ]
)
VALUES = st.recursive(
    TEXTS | st.booleans() | st.none() | st.integers(-(2**53), 2**53) | st.decimals(-1000, 1000, places=2),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)


@given(VALUES)
def test_a_value_on_a_line(value: Any) -> None:
    assert parse(f"a: {flow(value)}  # guessed: x\n", name="a").data == {"a": value}


@given(TEXTS, TEXTS)
def test_keys_and_texts(key: str, text: str) -> None:
    assert parse(f"{scalar(key)}: {quoted(text)}\n", name="a").data == {key: text}


@given(
    st.text(
        st.characters(exclude_categories=["Cs"]) | st.sampled_from(list("\n\r\t :#-|\x85\u2028")), max_size=40
    )
)
def test_text_of_several_lines(text: str) -> None:
    assert parse(f"a:\n  b: {block(text, '    ')}\n  c: 1\n", name="a").data == {"a": {"b": text, "c": 1}}


@given(st.text(max_size=300))
def test_a_comment_is_one_line_of_what_can_be_read(text: str) -> None:
    line = comment(text)
    assert parse(f"a: 1  {line}\nb: 2\n", name="a").data == {"a": 1, "b": 2}
    assert len(line) <= 163
    assert line.isprintable()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("params.amount", "params.amount"),
        ("/a/b", "/a/b"),
        ("api.github.com", "api.github.com"),
        ("yes", '"yes"'),
        ("{id}", '"{id}"'),
        ("a b", '"a b"'),
        ("\ud800", '"\\uFFFD"'),
        (Decimal("5.50"), "5.5"),
        (True, "true"),
        (None, "null"),
    ],
)
def test_spellings(value: Any, text: str) -> None:
    assert scalar(value) == text
