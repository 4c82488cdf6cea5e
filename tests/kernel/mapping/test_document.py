"""The mapping file as it is written: every mistake is told with its place."""

from __future__ import annotations

import pytest

from mapping_kit import HEAD, action, compiled
from vienna_kernel.document import DocumentError
from vienna_kernel.mapping.document import json_schema
from vienna_kernel.mapping.words import body_size, host_pattern

GOOD = action("a: {from: json}")


def complaints(text: str) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        compiled(text)
    return [str(error) for error in caught.value.errors]


def test_the_good_one_is_good() -> None:
    assert compiled(GOOD).hosts == {"shop.example"}


@pytest.mark.parametrize(
    ("line", "place", "why"),
    [
        ("compensate: {action: x, path: y}", "actions[0].compensate.path", "pattern"),
        ("writable: [b]", "0.yaml:14:16 actions[0].writable[0]", "no parameter 'b' in this action"),
        ("writable: [a]", "0.yaml:14:16 actions[0].writable[0]", "'a' cannot be narrowed"),
        ("replay_window: soon", "0.yaml:14:5 actions[0].replay_window", "expected a duration"),
        ("verify: {readback: {method: GET}}", "0.yaml:14:14 actions[0].verify.readback", "'path' is missing"),
        ("verify: {equal: [{param: a}]}", "actions[0].verify.equal[0]", "a pointer or a header"),
        ("verify: {at_most: [{header: X-N}]}", "actions[0].verify.at_most[0]", "a param or a value"),
        ("inner: {/a: mine}", "actions[0].inner", "no inner encoding"),
        ("blast_radius: 0", "actions[0].blast_radius", "at least 1"),
        ("blast_radius: params.b", "actions[0].blast_radius", "names no parameter"),
        ("body: [json, none]", "actions[0].body", "either none or kinds"),
        ("body: none", "actions[0].body", "read from a json body"),
        ("codings: [br]", "actions[0].codings[0]", "'gzip'"),
        ("cost: {currency: EUR}", "actions[0].cost", "expected an amount, or a unit_price"),
        ("cost: {unit_price: '1', currency: EUR}", "actions[0].cost", "go together"),
        ("cost: {unit_price: x, times: 2, currency: EUR}", "actions[0].cost.unit_price", "expected a number"),
        ("sumary: x", "0.yaml:14:5 actions[0].sumary", "unknown key 'sumary'; did you mean 'summary'?"),
        ("max_body: 10MB", "0.yaml:14:5 actions[0].max_body", "10MiB"),
        ("max_body: 1000MiB", "0.yaml:14:5 actions[0].max_body", "256MiB"),
        ("unknown_params: maybe", "0.yaml:14:5 actions[0].unknown_params", "'reject', 'flag' or 'allow'"),
        ("verify: {status: [99]}", "actions[0].verify.status[0]", "greater than or equal to 200"),
        ("verify: {equal: [{pointer: amount, param: a}]}", "actions[0].verify.equal[0].pointer", "slash"),
        ("response_fields: [id]", "0.yaml:14:23 actions[0].response_fields[0]", "slash"),
        ("idempotency: {header: 'X Y'}", "actions[0].idempotency.header", "pattern"),
        ("preflight: {method: POST, path: /a}", "actions[0].preflight.method", "'GET'"),
        ("stream: 1", "actions[0].stream", "boolean"),
        ("tests: []\n    target: b", "0.yaml:15:5", "stands here twice"),
    ],
)
def test_a_mistake_in_an_action(line: str, place: str, why: str) -> None:
    text = GOOD + f"    {line}\n"
    if "twice" in why:
        with pytest.raises(ValueError, match=why):
            compiled(text)
        return
    (told,) = complaints(text)
    assert place in told
    assert why in told


@pytest.mark.parametrize(
    ("old", "new", "place", "why"),
    [
        ("vienna/v1", "vienna/v2", "0.yaml:1:1 apiVersion", "'vienna/v1'"),
        ("kind: Mapping", "kind: Rules", "0.yaml:2:1 kind", "'Mapping'"),
        ("id: shop", "id: Shop", "0.yaml:3:1 id", "pattern"),
        ("version: v1\n", "", "0.yaml:1:1", "the key 'version' is missing"),
        ("version: v1", "version: 1", "0.yaml:4:1 version", "valid string"),
        ("[shop.example]", "[]", "0.yaml:5:1 hosts", "at least 1 item"),
        ("[shop.example]", "[Shop.example]", "0.yaml:5:9 hosts[0]", "lower-case host"),
        ("[shop.example]", '["*.example"]', "0.yaml:5:9 hosts[0]", "at least two labels"),
        ("[shop.example]", '["shop.example:80"]', "0.yaml:5:9 hosts[0]", "lower-case host"),
        ("rest", "soap", "0.yaml:6:1 protocol", "no protocol 'soap'"),
        ("[POST]", "[post]", "actions[0].match.methods[0]", "pattern"),
        ("[POST]", "[]", "actions[0].match.methods", "at least 1 item"),
        ('"/pay"', "pay", "actions[0].match.path", "pattern"),
        ("action: pay", "action: Pay", "0.yaml:8:5 actions[0].action", "pattern"),
        ("effect: spend", "effect: waste", "0.yaml:11:5 actions[0].effect", "'spend'"),
        ("default_tier: T2", "default_tier: T9", "0.yaml:12:5 actions[0].default_tier", "'T2'"),
        ("from: json", "from: cookie", "actions[0].params.a.from", "'json'"),
        ("{from: json}", "{from: json, type: money}", "actions[0].params.a.type", "'minor_units'"),
        (
            "{from: json}",
            "{from: json, requird: true}",
            "actions[0].params.a.requird",
            "did you mean 'required'?",
        ),
        ("{from: json}", "{from: json, required: 1}", "actions[0].params.a.required", "boolean"),
        ("{from: json}", '{from: form, prefix: "m"}', "actions[0].params.a.prefix", "pattern"),
        ("a: {", "A: {", "actions[0].params", "pattern"),
        ("rest", "rest\ndefaults: {on_undecodable: allow}", "defaults.on_undecodable", "'deny'"),
    ],
)
def test_a_mistake_anywhere(old: str, new: str, place: str, why: str) -> None:
    told = " ".join(complaints(GOOD.replace(old, new, 1)))
    assert place in told
    assert why in told


def test_all_mistakes_are_told_at_once() -> None:
    text = GOOD.replace("spend", "waste").replace("[POST]", "[post]") + "    writable: [A]\n"
    assert len(complaints(text)) == 3


def test_nothing_and_a_list_are_no_mapping() -> None:
    assert "expected an object" in complaints("")[0]
    assert "expected an object" in complaints("- a")[0]
    assert "actions" in complaints(HEAD)[0]


@pytest.mark.parametrize(
    ("text", "size"), [("1", 1), ("512B", 512), ("64KiB", 65536), ("256MiB", 2**28), (1024, 1024)]
)
def test_a_size_is_read(text: str | int, size: int) -> None:
    assert body_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "1.5MiB", "1 MiB", "1GiB", "257MiB", "-1", "MiB", "1MiB\n"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="size"):
        body_size(text)


@pytest.mark.parametrize("host", ["a", "a.example", "*.a.example", "my_bucket.s3.example", "10.0.0.1"])
def test_a_host_is_exact_or_one_wildcard(host: str) -> None:
    assert host_pattern(host) == host


@pytest.mark.parametrize(
    "host", ["", "*", "*.", "*.example", "a.*.example", "*a.example", "a..b", "a.", "A", "a/b", "a\n"]
)
def test_what_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(ValueError, match="host"):
        host_pattern(host)


def test_editors_get_a_schema() -> None:
    schema = json_schema()
    assert schema["additionalProperties"] is False
    assert {"apiVersion", "kind", "id", "hosts", "actions"} <= set(schema["properties"])
    assert "from" in schema["$defs"]["ParamModel"]["properties"]
