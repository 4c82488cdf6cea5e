"""What people may see of a call."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mapping_kit import action, compiled, mapped, post, post_form, request
from vienna_kernel.mapping.shown import Tree, shape, shown_json
from vienna_kernel.value import Value

SECRET = "sk-canary-7f3a"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (SECRET, "string"),
        (5, "number"),
        (Decimal("5.5"), "number"),
        (True, "boolean"),
        (None, None),
        ([], "list"),
        ([SECRET], ["string"]),
        ([SECRET, 5, True], ["string", "… 2 more"]),
        ({"a": {"b": [SECRET]}}, {"a": {"b": ["string"]}}),
        ({"a\u202eb": 1}, {"a\\u202eb": "number"}),
        ({}, {}),
    ],
)
def test_a_shape_has_keys_and_types_only(value: Value, shown: Value) -> None:
    assert shape(value) == shown


def test_a_shape_is_bounded() -> None:
    wide = shape({f"k{n}": n for n in range(60)})
    assert isinstance(wide, dict)
    assert len(wide) == 51
    assert wide["…"] == "10 more"
    just = shape({f"k{n}": n for n in range(50)})
    assert isinstance(just, dict)
    assert len(just) == 50
    assert "…" not in just
    deep: Value = SECRET
    for _ in range(30):
        deep = {"a": [deep]}
    assert str(shape(deep)).count("a") < 10


def test_what_is_cut_says_so_and_what_looks_alike_is_told_apart() -> None:
    listed = shown("a: {from: json, type: string_list}", {"a": [f"r{n}" for n in range(60)]})
    assert isinstance(listed, dict)
    assert listed["a"] == [*[f"r{n}" for n in range(50)], "… 10 more"]
    wide = shown("a: {from: json, type: map}", {"a": {f"k{n}": n for n in range(60)}})
    assert isinstance(wide, dict)
    assert isinstance(wide["a"], dict)
    assert wide["a"]["…"] == "10 more"
    alike = shown("a: {from: json, type: map}", {"a": {"x\u0001": 1, "x\\u0001": 2}})
    assert alike == {"a": {"x\\u0001": 1, "x\\u0001 (2)": 2}}


def test_no_crowd_pushes_a_declared_field_of_a_form_out_of_sight() -> None:
    mappings = compiled(action("a: {from: form}", more="unknown_params: allow"))
    crowd = "&".join([*[f"k{n}=1" for n in range(60)], "a=5000"])
    told = mapped(mappings.map(post_form(crowd))).shown_body
    assert isinstance(told, dict)
    assert (told["a"], told["…"]) == ("5000", "11 more")


def shown(params: str, body: object) -> Value:
    mappings = compiled(action(params, more="unknown_params: allow"))
    return mapped(mappings.map(post(body))).shown_body


def test_declared_values_are_shown_and_nothing_else() -> None:
    assert shown(
        "a: {from: json}, n: {from: json, name: /b/n, type: int}, l: {from: json, type: count}, "
        "x: {from: json, type: any}",
        {
            "a": "hello",
            "b": {"n": 5, "m": SECRET},
            "l": [SECRET, SECRET],
            "x": {"y": [1]},
            "z": {SECRET: 1, "w": SECRET},
        },
    ) == {
        "a": "hello",
        "b": {"n": 5, "m": "string"},
        "l": "2 items",
        "x": {"y": [1]},
        "z": {SECRET: "number", "w": "string"},
    }


def test_redacted_values_are_hidden() -> None:
    found = shown(
        "a: {from: json, redact: true}, b: {from: json, name: /deep/b, redact: true}, "
        "m: {from: json, type: map, redact: values}",
        {"a": SECRET, "deep": {"b": SECRET}, "m": {"k": SECRET}},
    )
    assert found == {"a": "[redacted]", "deep": {"b": "[redacted]"}, "m": {"k": "[redacted]"}}


def test_forms_and_queries() -> None:
    mappings = compiled(
        action(
            'a: {from: form}, s: {from: form, redact: true}, m: {from: form, prefix: "m[", redact: values}, '
            "q: {from: query}, k: {from: query, redact: true}",
            more="unknown_params: allow",
        ).replace("rest", "form")
    )
    found = mapped(
        mappings.map(
            post_form(f"a=x%26y&s={SECRET}&m[k]={SECRET}&z={SECRET}", query=f"?q=a%20b&k={SECRET}&z={SECRET}")
        )
    )
    assert found.shown_body == {"a": "x&y", "s": "[redacted]", "m[k]": "[redacted]", "z": "…"}
    assert found.shown_url == "https://shop.example/pay?q=a%20b&k=[redacted]&z=…"


@pytest.mark.parametrize(
    "kind", ["application/json", "application/x-www-form-urlencoded", "text/plain", "multipart/x"]
)
def test_nothing_of_an_unmapped_body_is_shown(kind: str) -> None:
    body = {"application/json": f'{{"a": ["{SECRET}"]}}', "application/x-www-form-urlencoded": f"a={SECRET}"}
    call = request(
        f"POST https://other.example/x?t={SECRET}\ncontent-type: {kind}\n\n{body.get(kind, SECRET)}\n"
    )
    found = mapped(compiled().map(call))
    assert SECRET not in repr(found)
    assert (found.shown_body is None) == (kind in ("text/plain", "multipart/x"))


def test_long_and_wide_values_are_cut() -> None:
    params = "a: {from: json}, x: {from: json, type: any}"
    found = shown(params, {"a": "x" * 5000, "x": list(range(500)), **{f"k{n}": n for n in range(100)}})
    assert isinstance(found, dict)
    assert len(str(found["a"])) == 2001
    assert found["x"] == [*range(50), "… 450 more"]
    assert len(found) == 51
    assert found["…"] == "52 more"
    wide = mapped(compiled().map(post_form("&".join(f"k{n}=1" for n in range(60))))).shown_body
    assert isinstance(wide, dict)
    assert wide["…"] == "10 more"


def test_unknown_places_are_told_by_pointer() -> None:
    mappings = compiled(
        action(
            "a: {from: json}, d: {from: json, name: /x/y/d}", more="unknown_params: flag\nvolatile: [/x/at]"
        )
    )

    def unknown(body: object) -> tuple[str, ...]:
        return mapped(mappings.map(post(body))).unknown

    assert unknown({"a": "1", "x": {"y": {"d": "2"}, "at": 3}}) == ()
    assert unknown({"x": {"y": {"e": 1}}, "b": {"c": 1}}) == ("/x/y/e", "/b")
    assert unknown({"x": "5"}) == ("/x",)
    assert unknown({"x": {"y": [1]}}) == ("/x/y",)
    assert unknown({"x": None}) == ()
    for other in ([1], 5, "x", None):  # no object at all: every declared field would seem to be left out
        assert unknown(other) == ("/",)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.just(SECRET),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=4),
)


@given(values)
def test_no_value_ever_passes_through_a_shape(value: Value) -> None:
    assert SECRET not in repr(shape(value))
    assert SECRET not in repr(shown_json(value, Tree()))


def test_every_item_of_a_form_is_shown() -> None:
    mappings = compiled(action("to: {from: form, name: 'to[]', type: string_list}"))
    shown = mapped(mappings.map(post_form("to[]=a&to[]=b"))).shown_body
    assert shown == {"to[]": ["a", "b"]}


@pytest.mark.parametrize(
    ("pattern", "params", "path", "shown"),
    [
        ("/x/{team}/{key}", "key: {from: path, redact: true}", "/x/T1/s3cret", "/x/T1/[redacted]"),
        ("/x/{team}/{key}", "key: {from: path, type: digest}", "/x/T1/s3cret", "/x/T1/[redacted]"),
        (
            "/x/{team}/{token}/send",
            "key: {from: path, name: token, redact: true}",
            "/x/T1/s3/send",
            "/x/T1/[redacted]/send",
        ),
        ("/x/{team}/{key+}", "key: {from: path, redact: true}", "/x/T1/s3/c/ret", "/x/T1/[redacted]"),
        ("/x{team}/bot{key}", "key: {from: path, redact: true}", "/xT1/bots3cret", "/xT1/[redacted]"),
    ],
)
def test_a_step_of_the_path_can_be_a_secret(pattern: str, params: str, path: str, shown: str) -> None:
    mappings = compiled(
        action(
            f"team: {{from: path}}, {params}",
            path=pattern,
            more='unknown_params: allow\nsummary: "to {team} by {key}"',
        )
    )
    for query in ("", "?a=1"):
        found = mapped(mappings.map(request(f"POST https://shop.example{path}{query}")))
        assert found.shown_url == f"https://shop.example{shown}" + ("?a=…" if query else "")
        assert "s3" not in repr(found.intents[0].summary) + found.shown_url
        assert found.mapped
