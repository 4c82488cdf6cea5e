"""Declared parameters that do not fit together are found at load."""

from __future__ import annotations

import pytest

from mapping_kit import action, compiled, mapped, post, refused, request
from vienna_kernel.document import DocumentError


@pytest.mark.parametrize(
    ("params", "why"),
    [
        ('a: {from: json, prefix: "m["}', "prefix is for form and query"),
        ("a: {from: form, type: map}", "prefix and type map go together"),
        ('a: {from: form, prefix: "m[", type: string}', "prefix and type map go together"),
        ('a: {from: form, prefix: "m[", name: m}', "either name or prefix"),
        ("a: {from: const}", "value and from: const go together"),
        ("a: {from: json, value: x}", "value and from: const go together"),
        ("a: {from: const, value: x, type: int}", "an integer"),
        ("a: {from: json, type: minor_units}", "minor units need currency_from"),
        ("a: {from: json, type: int, currency_from: 'const:EUR'}", "currency_from is for amounts"),
        ("a: {from: json, type: decimal, currency_from: EUR}", "none of const:…"),
        ("a: {from: json, type: decimal, currency_from: 'const:Euro'}", "three letters"),
        ("a: {from: json, type: decimal, currency_from: params.z}", "no parameter"),
        (
            "a: {from: json, type: decimal, currency_from: 'preflight:/c'}",
            "preflight that this action does not have",
        ),
        ("a: {from: json, when_missing: 'preflight:/c'}", "preflight that this action does not have"),
        ("a: {from: json, when_missing: 'preflight:c'}", "none of const:…"),
        ("a: {from: json, when_missing: 'preflight:/c~'}", "not a JSON pointer"),
        ("a: {from: query, type: any}", "is for JSON"),
        ("a: {from: form, type: count}", "is for JSON"),
        ("a: {from: json, redact: values}", "redact: values is for type map"),
        ("a: {from: json, type: int, enum: [x]}", "an integer"),
        ("a: {from: json, type: int, case: lower}", "case is for names"),
        ("a: {from: untold, required: true}", "what is untold stands nowhere"),
        ("a: {from: untold, name: b}", "what is untold stands nowhere"),
        ("a: {from: json, name: /a~b}", "not a JSON pointer"),
        ("a: {from: path}", "the path has no variable 'a'"),
        ("a: {from: json}, b: {from: form}", "JSON and from a form body"),
        (
            "a: {from: json, type: decimal, currency_from: 'const:EUR'}, "
            "b: {from: json, type: decimal, currency_from: 'const:USD'}",
            "share one currency",
        ),
    ],
)
def test_a_parameter_that_cannot_be(params: str, why: str) -> None:
    with pytest.raises(DocumentError) as caught:
        compiled(action(params))
    assert why in str(caught.value)
    assert "0.yaml:13:" in str(caught.value)


def test_a_parameter_has_its_name_on_the_wire() -> None:
    mappings = compiled(
        action(
            "a: {from: json}, b: {from: json, name: bb}, c: {from: json, name: /deep/c}, d: {from: query, name: dd}, "
            "e: {from: header, name: X-E}, f: {from: const, value: 5, type: int}"
        )
    )
    found = mapped(
        mappings.map(post({"a": "1", "bb": "2", "deep": {"c": "3"}}, query="?dd=4", headers="x-e: 5\n"))
    )
    assert found.intents[0].parameters == {"a": "1", "b": "2", "c": "3", "d": "4", "e": "5", "f": 5}


def test_names_in_any_case_are_one_and_what_is_untold_stays_so() -> None:
    params = "a: {from: path, case: lower}, b: {from: untold}, c: {from: untold, when_missing: params.a}"
    mappings = compiled(action(params, path="/pay/{a}"))
    intents = [
        mapped(mappings.map(request(f"POST https://shop.example/pay/{name}\n\n"))).intents[0]
        for name in ("ACME", "acme")
    ]
    assert [intent.parameters for intent in intents] == [{"a": "acme", "c": "acme"}] * 2
    assert all(intent.undetermined == {"b"} for intent in intents)


def test_a_currency_beside_one_that_is_declared_has_a_name_of_its_own() -> None:
    mappings = compiled(
        action(
            "a: {from: json, type: decimal, currency_from: 'const:EUR'}, currency: {from: json, type: int}"
        )
    )
    intent = mapped(mappings.map(post({"a": 1, "currency": 2}))).intents[0]
    assert intent.parameters == {"a": 1, "currency": 2, "a_currency": "EUR"}
    assert intent.money == {"a": "a_currency"}


def test_a_parameter_that_is_a_currency_is_read_as_one() -> None:
    mappings = compiled(
        action("a: {from: json, type: decimal, currency_from: params.cur}, cur: {from: json, name: iso}")
    )
    assert mapped(mappings.map(post({"a": 1, "iso": "eur"}))).intents[0].parameters == {"a": 1, "cur": "EUR"}
    assert "three letters" in refused(mappings.map(post({"a": 1, "iso": "euro"}))).detail


@pytest.mark.parametrize(
    ("params", "more"),
    [
        ("a: {from: json, name: /a, type: any}, b: {from: json, name: /a/b, redact: true}", ""),
        ("a: {from: json, name: /a, type: any}, b: {from: body, name: /a/b, redact: true}", ""),
        ('a: {from: json, name: /a/0, type: any}, b: {from: json, name: "/a/*/b", redact: true}', ""),
        ('a: {from: json, name: "/a/*", type: any}, b: {from: json, name: /a/0/b, redact: true}', ""),
        ("a: {from: json, name: /a, type: any}, b: {from: item, name: /b, redact: true}", "each: /a"),
    ],
)
def test_a_secret_does_not_stand_within_what_is_shown(params: str, more: str) -> None:
    with pytest.raises(DocumentError, match="'a' would show it"):
        compiled(action(params, more=more))
    compiled(action(params.replace("type: any", "type: digest"), more=more))
