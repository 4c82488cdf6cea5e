"""Values of a GraphQL document."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol_kit import parts, request
from vienna_kernel.errors import MalformedError


def arguments(query: str, variables: object = None) -> object:
    (part,) = parts("graphql", request("POST", "/", {"query": query, "variables": variables}))
    assert isinstance(part.value, dict)
    return part.value["arguments"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-0", 0),
        ("1.50", Decimal("1.5")),
        ('"a\\u00e9"', "aé"),
        ('"""\n  a\n  b\n"""', "a\nb"),
        ("true", True),
        ("null", None),
        ("ENUM", "ENUM"),
        ("[1, [2], []]", [1, [2], []]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
        ("{}", {}),
    ],
)
def test_literals(text: str, value: object) -> None:
    assert arguments(f"{{ f(x: {text}) }}") == {"x": value}


@pytest.mark.parametrize(
    ("head", "text", "given", "value"),
    [
        ("$v: Int", "$v", {"v": 5}, {"x": 5}),
        ("$v: Int", "$v", {"v": None}, {"x": None}),
        ("$v: Int", "$v", {}, {}),  # left out: the argument is absent
        ("$v: Int", "$v", None, {}),
        ("$v: Int = 7", "$v", {}, {"x": 7}),
        ("$v: Int = 7", "$v", {"v": None}, {"x": None}),  # told, and null
        ("$v: Int", "[1, $v]", {}, {"x": [1, None]}),
        ("$v: Int", "{a: $v, b: 1}", {}, {"x": {"b": 1}}),
        ("$v: I", "$v", {"v": {"deep": [{"a": 1}]}}, {"x": {"deep": [{"a": 1}]}}),
        ("$v: I = {a: 1}", "{b: $v}", {}, {"x": {"b": {"a": 1}}}),
        ("$v: Int", "1", {"w": 5}, {"x": 1}),  # what is not declared is not used
    ],
)
def test_variables(head: str, text: str, given: object, value: object) -> None:
    assert arguments(f"query ({head}) {{ f(x: {text}) }}", given) == value


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=5),
        lambda x: st.lists(x, max_size=3),
    )
)
def test_a_variable_is_what_the_request_says(value: object) -> None:
    assert arguments("query ($v: X) { f(x: $v) }", {"v": value}) == {"x": value}


@given(st.text(alphabet='{}()[]:$@!"\\.abq \n#123', max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(MalformedError):
        parts("graphql", request("POST", "/", {"query": text}))
