"""What is wrong with an action is found at load, at its place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mapping_kit import action, compiled, mapped, post, post_form, refused
from vienna_kernel.document import DocumentError
from vienna_kernel.intent import Tier
from vienna_kernel.mapping.reading import Mapped
from vienna_kernel.parameter import ParamType
from vienna_kernel.verdict import Reason

MONEY = (
    "a: {from: json, type: decimal, currency_from: 'const:EUR'}, n: {from: json, type: int}, s: {from: json}"
)


def complaint(text: str) -> str:
    with pytest.raises(DocumentError) as caught:
        compiled(text)
    assert len(caught.value.errors) == 1
    return str(caught.value)


@pytest.mark.parametrize(
    ("more", "place", "why"),
    [
        ("summary: '{nobody}'", "actions[0].summary", "no parameter"),
        ("summary: '{s'", "actions[0].summary", "brace"),
        ("cost: {amount: a, currency: EUR}", "actions[0].cost.amount", "params.…"),
        ("cost: {amount: params.z, currency: EUR}", "actions[0].cost.amount", "no parameter"),
        ("cost: {amount: 'const:5', currency: EUR}", "actions[0].cost.amount", "number or params.…"),
        ("cost: {amount: params.a, currency: Euro}", "actions[0].cost.currency", "currency code"),
        ("cost: {amount: params.a, currency: params.z}", "actions[0].cost.currency", "no parameter"),
        ("volatile: [at]", "actions[0].volatile", "none of"),
        ("preflight: {path: 'things'}", "actions[0].preflight.path", "slash"),
        ("preflight: {path: []}", "actions[0].preflight.path", "slash"),
        ("preflight: {path: '/x/{z}'}", "actions[0].preflight.path", "no parameter"),
        (
            "verify: {equal: [{pointer: /a, param: z}]}",
            "actions[0].verify.equal[0].param",
            "no parameter 'z'",
        ),
        (
            "verify: {equal: [{pointer: /a, param: s, type: decimal}]}",
            "actions[0].verify.equal[0].type",
            "no amount",
        ),
        ("stream: true\nverify: {absent: [/errors]}", "actions[0].stream", "not streamed"),
        ("body: form", "actions[0].body", "read from a json body"),
    ],
)
def test_a_mistake_is_told_at_its_place(more: str, place: str, why: str) -> None:
    told = complaint(action(MONEY, more=more))
    assert place in told
    assert why in told


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/a/{x}", "reads the path variable 'x'"),
        ("/a/{x", "not a path segment"),
        ("/{x+}/b", "must stand last"),
    ],
)
def test_a_mistake_in_a_path(path: str, why: str) -> None:
    told = complaint(action(path=path))
    assert "actions[0].match.path" in told
    assert why in told


def test_a_target_names_no_secret() -> None:
    text = action("s: {from: json, redact: true}").replace("target: shop", 'target: "x:{s}"')
    assert "redacted" in complaint(text)


def test_a_wrong_type_for_minor_units() -> None:
    text = action(
        "a: {from: json, type: decimal}", more="verify: {equal: [{pointer: /a, param: a, type: minor_units}]}"
    )
    assert "has no currency" in complaint(text)


def test_the_type_of_a_check_is_the_parameters() -> None:
    checks = "[{pointer: /a, param: a}, {pointer: [/n, /m], param: n}, {pointer: /c, param: currency}]"
    found = (
        mapped(compiled(action(MONEY, more=f"verify: {{equal: {checks}}}")).map(post({}))).promises[0].spec
    )
    assert found is not None
    assert [(row.pointers, row.kind) for row in found.equal] == [
        (("/a",), ParamType.DECIMAL),
        (("/n", "/m"), ParamType.INT),
        (("/c",), ParamType.CURRENCY),
    ]


@pytest.mark.parametrize(
    ("protocol", "methods", "more", "body"),
    [
        ("rest", "POST", "", "json"),
        ("json", "POST", "", "json"),
        ("form", "POST", "", "form"),
        ("form", "POST", "body: json", "json"),
        ("rest", "POST", "body: none", "none"),
        ("form", "DELETE", "", "none"),
        ("rest", "GET, HEAD", "", "none"),
        ("rest", "GET, POST", "", "json"),
        ("rest", "GET", "body: form", "form"),
    ],
)
def test_how_a_body_is_read(protocol: str, methods: str, more: str, body: str) -> None:
    mappings = compiled(action(methods=methods, more=more).replace("rest", protocol))
    sent = {
        "json": replace(post({}), method=methods.split(",")[0]),
        "form": replace(post_form("a=1"), method=methods.split(",")[0]),
    }
    for kind, call in sent.items():
        found = mappings.map(call)
        if kind == body:
            assert isinstance(found, Mapped) or refused(found).reason is Reason.UNKNOWN_PARAMETER
        else:
            wrong = (Reason.UNDECODABLE_BODY, Reason.UNKNOWN_PARAMETER, Reason.AMBIGUOUS_REQUEST)
            assert refused(found).reason in (wrong if body == "none" else wrong[:1])


def test_a_fixed_cost() -> None:
    mappings = compiled(action("n: {from: json}", more="cost: {amount: 0.25, currency: usd}"))
    cost = mapped(mappings.map(post({}))).intents[0].cost
    assert cost is not None
    assert (str(cost.amount), cost.currency) == ("0.25", "USD")


def test_the_action_type_says_what_the_mapping_declares() -> None:
    params = MONEY + ", e: {from: json, enum: [x, y], required: true, description: One of two}"
    kind = compiled(action(params, more="description: Pay money")).action_types["pay"]
    assert (kind.description, kind.default_tier) == ("Pay money", Tier.T2)
    assert set(kind.parameters) == {"a", "n", "s", "e", "currency"}
    assert kind.parameters["e"].required
    assert kind.parameters["e"].schema == {"type": "string", "enum": ["x", "y"], "description": "One of two"}
    assert {error.field for error in kind.validate({"a": "x", "z": 1})} == {"a", "e", "z"}


def test_what_is_mapped_fits_its_own_action_type() -> None:
    mappings = compiled(action(MONEY))
    intent = mapped(mappings.map(post({"a": "5.5", "n": 1, "s": "x"}))).intents[0]
    assert mappings.action_types["pay"].validate(intent.parameters) == []
