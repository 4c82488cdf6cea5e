"""YAML of others."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.errors import MalformedError
from vienna_kernel.propose.yamltext import load


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("a: 1\nb: -2\nc: 1.5\nd: 1e3\n", {"a": 1, "b": -2, "c": 1.5, "d": "1e3"}),
        ("200: {a: yes}\nnull: x\n", {"200": {"a": "yes"}, "null": "x"}),
        (
            "a: 2024-01-01\nb: on\nc: ~\nd: ''\ne:\n",
            {"a": "2024-01-01", "b": "on", "c": None, "d": "", "e": None},
        ),
        ("a: '5'\nb: true\n", {"a": "5", "b": True}),
        ("- [1, {a: b}]\n- |\n  text\n", [[1, {"a": "b"}], "text\n"]),
        ("a: &x {b: 1}\nc: *x\n", {"a": {"b": 1}, "c": {"b": 1}}),
        (f"a: {'9' * 60}\n", {"a": "9" * 60}),
        ("", None),
    ],
)
def test_data(text: str, data: Any) -> None:
    assert load(text, name="a") == data


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\na: 2\n", "a:2:1: the key 'a' stands here twice"),
        ("a: !!python/object:os.system x\n", "a:1:4: tags are not accepted"),
        ("a: &x [*x]\n", "the alias *x stands within what it names"),
        ("a: *y\n", "the alias *y"),
        ("base: &b {x: 1}\na:\n  <<: *b\n", "a:3:3: a merge key"),
        ("? [1, 2]\n: x\n", "a key that is no text"),
        ("a: 1\n---\nb: 2\n", "a:2:1: a second document"),
        ("a: [1\n", "not YAML"),
        ("a: b: c\n", "a:1:"),
        ("[" * 300, "nested deeper than 200"),
        ("a: \x01\n", "not YAML"),
    ],
)
def test_what_is_refused_with_its_place(text: str, says: str) -> None:
    with pytest.raises(MalformedError) as caught:
        load(text, name="a")
    assert says in str(caught.value)


def test_a_page_of_aliases_holds_no_more_than_was_written() -> None:
    text = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, 60))
    data = load(text, name="a")
    assert data["a59"][0] is data["a59"][1]


@given(st.text(alphabet="ab:-[]{}&*!|>'\"\n #,?~", max_size=40))
def test_any_text_is_data_or_refused(text: str) -> None:
    where = "a"
    try:
        load(text, name="a")
    except MalformedError as error:
        where = error.where
    assert where.startswith("a")


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(10**9), 10**9)
        | st.text(max_size=5).filter(str.isprintable),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_what_pyyaml_writes_is_read_as_it_was(data: Any) -> None:
    assert load(yaml.safe_dump(data), name="a") == data
