"""Texts with holes."""

from __future__ import annotations

from decimal import Decimal

import pytest

from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.template import Hole, compile_template, for_people, path, summary, target
from vienna_kernel.value import Value

NAMES = ("a", "b", "n", "currency")


def of(text: str) -> object:
    return compile_template(text, NAMES, where="here")


def test_holes_are_read() -> None:
    template = compile_template("x:{params.a|b}/{n|money}!", NAMES, where="here")
    assert template.parts == ("x:", Hole(("a", "b")), "/", Hole(("n",), as_money=True), "!")
    assert compile_template("plain", NAMES, where="here").parts == ("plain",)


@pytest.mark.parametrize(
    "text", ["{", "}", "{a", "a}", "{}", "{z}", "{a|z}", "{money}", "{|a}", "{params.}", "{a.b}", "{{a}}"]
)
def test_a_hole_that_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="here"):
        of(text)


def render(text: str, **values: Value) -> str | None:
    return target(compile_template(text, NAMES, where="here"), values, whole=frozenset({"b"}))


def test_a_target_is_filled() -> None:
    assert render("x:{a}", a="y") == "x:y"
    assert render("x:{a|b}", b="y") == "x:y"
    assert render("x:{a|b}", a=None, b="y") == "x:y"
    assert render("x:{a}", b="y") is None
    assert render("x:{a}", a="p/q?r s%") == "x:p%2Fq%3Fr%20s%25"
    assert render("x:{b}", b="p/q?") == "x:p/q%3F"
    assert render("x:{a}{n}", a=True, n=Decimal("5.50")) == "x:true5.5"


def test_a_path_takes_plain_segments_only() -> None:
    template = compile_template("/v/{a}", NAMES, where="here")
    assert path(template, {"a": "ch_1"}) == "/v/ch_1"
    assert path(template, {"a": 5}) == "/v/5"
    for bad in ("", ".", "..", "a/b", "a?b", "a b", "a%", "x" * 201, "a\n", None, ["a"]):
        assert path(template, {"a": bad}) is None  # type: ignore[dict-item]
    assert path(template, {}) is None


def told(text: str, *, hidden: frozenset[str] = frozenset(), **values: Value) -> str:
    template = compile_template(text, NAMES, where="here")
    return summary(template, values, currencies={"n": "currency"}, hidden=hidden)


def test_a_summary_is_for_people() -> None:
    assert (
        told("Pay {n|money} to {a}", n=Decimal("5000"), currency="EUR", a="eve") == "Pay 5,000.00 EUR to eve"
    )
    assert told("Pay {n|money}", n=5) == "Pay 5"
    assert told("Pay {n|money} to {a}") == "Pay an amount not given to not given"
    assert told("To {a}", a="secret", hidden=frozenset({"a"})) == "To [redacted]"
    assert told("To {a|b}", b="secret", hidden=frozenset({"b"})) == "To [redacted]"
    assert told("To {a|b}", a="eve", b="secret", hidden=frozenset({"b"})) == "To eve"
    assert told("{a}", a=["x", {"y": Decimal("1.50")}]) == '["x",{"y":"1.5"}]'
    assert told("{n}", n=Decimal("1.50")) == "1.5"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain ünï 😀 €", "plain ünï 😀 €"),
        ("a\u202eb", "a\\u202eb"),
        ("a\nb\tc\x00\x1b[31m", "a\\u000ab\\u0009c\\u0000\\u001b[31m"),
        ("\u2066\u2069\u200f\u200b\ufeff\u2028", "\\u2066\\u2069\\u200f\\u200b\\ufeff\\u2028"),
    ],
)
def test_what_hides_itself_is_shown(text: str, shown: str) -> None:
    assert for_people(text) == shown


def test_what_is_shown_is_bounded() -> None:
    assert for_people("x" * 160) == "x" * 160
    assert for_people("x" * 161) == "x" * 160 + "…"
    assert for_people("abcdef", limit=3) == "abc…"
    assert for_people("ab\n", limit=3) == "ab\\u000a"
