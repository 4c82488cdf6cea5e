"""Answers of cases: verified, read back, undone."""

from __future__ import annotations

import pytest

from mapping_kit import action, compiled
from vienna_kernel.document import parse
from vienna_kernel.mapping.cases import run_cases

MAPPINGS = compiled(
    action(
        "a: {from: json, type: int}",
        more="""verify:
  equal: [{pointer: /a, param: a}]
  readback: {path: "/things/{response:/id}", equal: [{pointer: /a, param: a}]}
compensate: {action: pay_back, path: "/things/{response:/id}/cancel"}""",
    )
)
SAID = "response: {json: {id: t1, a: 5}"


def run(*lines: str) -> tuple[str, ...]:
    text = "cases:\n  - name: one\n    request: |\n      POST https://shop.example/pay\n"
    text += '      content-type: application/json\n\n      {"a": 5}\n    expect: [{action: pay}]\n'
    text += "".join(f"    {line}\n" for line in lines)
    (result,) = run_cases(parse(text, name="cases.yaml"), MAPPINGS)
    return result.problems


@pytest.mark.parametrize(
    "lines",
    [
        (SAID + "}", "verification: match"),
        (SAID + ", readback: {json: {a: 5}}}", "verification: match"),
        (SAID + ", readback: {json: {a: 6}}}", "verification: drift"),
        (SAID + ", readback: [{path: /things/t1, status: 404}]}", "verification: ambiguous"),
        (SAID + "}", "undo: [POST /things/t1/cancel]"),
        ("response: {status: 402, json: {}}", "verification: failed", "undo: []"),
    ],
)
def test_what_holds(lines: tuple[str, ...]) -> None:
    assert run(*lines) == ()


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ((SAID + ", readback: {json: {a: 6}}}", "verification: match"), "verification: expected"),
        (
            (SAID + ", readback: {path: /other, json: {a: 5}}}",),
            "expected the read-back /other, got /things/t1",
        ),
        (("response: {json: {a: 5}, readback: {json: {a: 5}}}",), "expected 1 read-backs, 0 are asked for"),
        ((SAID + "}", "undo: []"), "undo: expected [], got ['POST /things/t1/cancel']"),
        (("verification: match",), "a verification is expected of no response"),
    ],
)
def test_what_differs_is_told(lines: tuple[str, ...], problem: str) -> None:
    (told,) = run(*lines)
    assert told.startswith(problem)
