"""The runner of cases: each way a case can fail is told."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mapping_kit import action, compiled
from vienna_kernel.document import DocumentError, parse
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.case import CaseResult
from vienna_kernel.mapping.cases import parse_request, run_cases
from vienna_kernel.mapping.narrow import dumps

MAPPINGS = compiled(
    action(
        "a: {from: json, type: decimal, currency_from: 'const:EUR'}, b: {from: json}",
        more="verify: {equal: [{pointer: /a, param: a}]}\nunknown_params: flag",
    )
)
ASKING = compiled(
    action("a: {from: json, type: decimal, currency_from: 'preflight:/c'}", more="preflight: {path: /things}")
)


def run(*lines: str, body: str = '{"a": 5}', mappings: object = MAPPINGS) -> tuple[str, ...]:
    text = "cases:\n  - name: one\n    request: |\n      POST https://shop.example/pay\n"
    text += f"      content-type: application/json\n\n      {body}\n" + "".join(
        f"    {line}\n" for line in lines
    )
    (result,) = run_cases(parse(text, name="cases.yaml"), mappings)  # type: ignore[arg-type]
    assert result.name == "one"
    assert result.where == "cases.yaml:2:5 cases[0]"
    assert result.passed == (not result.problems)
    return result.problems


@pytest.mark.parametrize(
    "lines",
    [
        ("expect: [{action: pay}]",),
        ("expect: [{action: pay, target: shop, effect: spend, tier: T2, undetermined: [b]}]",),
        ('expect: [{action: pay, parameters: {a: "5.00", currency: EUR}}]',),
        ("expect: [{action: pay, parameters: {a: 5, currency: EUR}, summary: pay shop}]",),
        ("expect: [{action: pay}]", "response: {json: {a: 5.0}}", "verification: match"),
        ("expect: [{action: pay}]", 'response: {body: "oops"}', "verification: ambiguous"),
        ("expect: [{action: pay}]", "response: {status: 400, json: {}}", "verification: failed"),
        ("expect: [{action: pay}]", "unknown: []", "shown: {url: 'https://shop.example/pay', body: {a: 5}}"),
    ],
)
def test_a_case_that_holds(lines: tuple[str, ...]) -> None:
    assert run(*lines) == ()


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ((), "a case needs expect or refused"),
        (("expect: []",), "expected 0 intents, got 1"),
        (("expect: [{action: other}]",), "action: expected 'other', got 'pay'"),
        (("expect: [{action: pay, target: x}]",), "target: expected 'x', got 'shop'"),
        (("expect: [{action: pay, tier: T0}]",), "tier:"),
        (("expect: [{action: pay, effect: read}]",), "effect:"),
        (("expect: [{action: pay, summary: x}]",), "summary:"),
        (("expect: [{action: pay, undetermined: []}]",), "undetermined: expected [], got ['b']"),
        (("expect: [{action: pay, parameters: {a: 5}}]",), "parameter currency: not expected"),
        (("expect: [{action: pay, parameters: {a: 6, currency: EUR}}]",), "parameter a: expected 6, got '5'"),
        (
            ("expect: [{action: pay, parameters: {a: x, currency: EUR}}]",),
            "parameter a: expected 'x', got '5'",
        ),
        (("expect: [{action: pay, parameters: {a: true, currency: EUR}}]",), "parameter a:"),
        (
            ("expect: [{action: pay, parameters: {a: 5, currency: EUR, b: x}}]",),
            "parameter b: expected 'x', got nothing",
        ),
        (("expect: [{action: pay}]", "unknown: [/x]"), "unknown: expected ['/x'], got []"),
        (("expect: [{action: pay}]", "shown: {url: x}"), "shown.url:"),
        (("expect: [{action: pay}]", "shown: {body: {a: 6}}"), "shown.body:"),
        (
            ("expect: [{action: pay}]", "response: {json: {a: 6}}", "verification: match"),
            "verification: expected",
        ),
        (("expect: [{action: pay}]", "verification: match"), "a verification is expected of no response"),
        (("refused: unknown_parameter",), "expected refused unknown_parameter, got pay"),
    ],
)
def test_a_case_that_does_not_hold(lines: tuple[str, ...], problem: str) -> None:
    (told,) = run(*lines)
    assert problem in told


def test_refusals() -> None:
    assert run("refused: invalid_parameter", body='{"a": "x"}') == ()
    assert "refused: expected 'body_too_large'" in run("refused: body_too_large", body='{"a": "x"}')[0]
    assert "refused invalid_parameter" in run("expect: [{action: pay}]", body='{"a": "x"}')[0]
    assert run("refused: undecodable_body", body="{") == ()


def test_the_read_before() -> None:
    expect = "expect: [{action: pay, parameters: {a: 5, currency: EUR}}]"
    good = "preflight: {path: /things, json: {c: eur}}"
    assert run(expect, good, mappings=ASKING) == ()
    assert "the case has none" in run(expect, mappings=ASKING)[0]
    assert "expected the preflight /x" in run(expect, "preflight: {path: /x, json: {}}", mappings=ASKING)[0]
    assert run("refused: preflight_failed", "preflight: {status: 404}", mappings=ASKING) == ()
    assert "asked for twice" in run(expect, "preflight: {}", mappings=ASKING)[0]


def test_the_tests_inside_a_mapping() -> None:
    request = '"POST https://shop.example/pay\\ncontent-type: application/json\\n\\n{}"'
    text = action(
        "a: {from: json}",
        more=f"tests:\n  - {{request: {request}, expect: {{action: pay}}}}\n"
        f"  - {{request: {request}, expect: {{action: pay, params: {{a: x}}}}}}\n",
    )
    results = run_cases(parse(text, name="shop.yaml"), compiled(text))
    assert results[0] == CaseResult("pay 1", "shop.yaml:15:9 actions[0].tests[0]", ())
    assert results[1].problems == ("parameter a: expected 'x', got nothing",)
    assert run_cases(parse(action(), name="shop.yaml"), MAPPINGS) == []


@pytest.mark.parametrize(
    "text", ["", "cases: []", "case: []", "cases: [{name: a}]", "cases: [{name: a, request: b, x: 1}]"]
)
def test_what_is_no_file_of_cases_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        run_cases(parse(text, name="cases.yaml"), MAPPINGS)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "GET",
        "GET /x",
        "GET shop.example/x",
        "GET ftp://x/",
        "GET https://",
        "GET https://a b/",
        "GET https://u@x/",
        "GET https://x:99999/",
        "GET https://x/\nno header",
    ],
)
def test_a_request_that_cannot_be_read(text: str) -> None:
    with pytest.raises(MalformedError):
        parse_request(text)


def test_a_request_is_read_as_it_is_written() -> None:
    found = parse_request("PUT http://Shop.example:8080/a/../b?c#d\nX-A:  b \n\nbody\n\n")
    assert (found.scheme, found.connect, found.sni) == ("http", ("shop.example", 8080), None)
    assert (found.method, found.target) == (b"PUT", b"/a/../b?c#d")
    assert found.headers == ((b"Host", b"Shop.example:8080"), (b"X-A", b"b"), (b"Content-Length", b"5"))
    assert found.body == b"body\n"
    assert parse_request("GET https://x.example").target == b"/"


def test_numbers_of_an_answer_are_numbers() -> None:
    assert dumps({"a": [Decimal("5.50"), 5, "x", None, True]}) == '{"a":[5.5,5,"x",null,true]}'
