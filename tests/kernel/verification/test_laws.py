"""Laws over small spaces, whole: a match is told by no answer that says anything else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.parameter import ParamType
from vienna_kernel.verification import (
    Among,
    AtMost,
    Equal,
    Promise,
    ResponseView,
    Result,
    VerifySpec,
    Within,
)
from vienna_kernel.verification.judge import verify

TO = ["a@x.example", "b@x.example"]
INTENT = Intent(
    action="create_refund",
    target="stripe:charge/ch_1",
    parameters={
        "amount": Decimal("5"),
        "currency": "EUR",
        "charge": "ch_1",
        "limit": 10,
        "to": TO,
        "live": True,
    },
    effect=Effect.SPEND,
    reversibility=Reversibility.IRREVERSIBLE,
    default_tier=Tier.T2,
    money={"amount": "currency"},
)
SPEC = VerifySpec(
    status=(200,),
    equal=(
        Equal(("/amount",), "amount", ParamType.MINOR_UNITS),
        Equal(("/currency",), "currency", ParamType.CURRENCY),
        Equal(("/charge/id", "/charge"), "charge"),
        Equal(("/live",), "live", ParamType.BOOL),
    ),
    among=(Among("/status", ("succeeded", "pending")),),
    failed=(Among("/ok", (False,)),),
    absent=("/errors",),
    at_most=(AtMost(("/affected",), "limit"),),
    within=(Within("/to/*/email", "to", ParamType.EMAIL_LIST),),
)
GOOD: dict[str, Any] = {
    "amount": 500,
    "currency": "eur",
    "charge": "ch_1",
    "live": True,
    "status": "pending",
    "ok": True,
    "errors": [],
    "affected": 3,
    "to": [{"email": "a@x.example"}, {"email": "b@X.example"}],
    "other": 1,
}
GONE = object()
ALTERNATIVES = [
    GONE, None, True, False, 0, 1, -1, 10, 11, 500, 501, 50000, 0.5, 5e2, "", "x", "500", "５００", "ch_1", "ch_2",
    "CH_1", "eur", "EUR", "usd", "pending", "succeeded", [], [1] * 10, [1] * 11, {}, {"id": "ch_1"}, {"id": "ch_2"},
    {"a": 1}, [{"email": "a@x.example"}], [{"email": "A@x.example"}], [{"email": "eve@evil.example"}],
    [{"email": "a@x.example"}, {"email": "eve@evil.example"}], [{}], [["a@x.example"]], {"email": "a@x.example"},
]  # fmt: skip


def answer(body: bytes, status: int = 200) -> ResponseView:
    return ResponseView(status=status, content_type="application/json", body=body, digest="", size=len(body))


def result(body: bytes, intent: Intent = INTENT) -> Result:
    return verify((Promise((intent,), SPEC),), answer(body)).result


def _whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and least <= value <= most


def _mails(value: Any) -> Iterator[Any]:
    for item in value:
        found = item.get("email") if isinstance(item, dict) else None
        yield from found if isinstance(found, list) else [found]


def _addressed(mail: Any) -> str:
    local, _, domain = str(mail).partition("@")
    return f"{local}@{domain.lower()}"


def agrees(body: dict[str, Any]) -> bool:
    """What a match is, said once more and without any of the kernel."""
    charge, to, affected = body.get("charge"), body.get("to"), body.get("affected")
    named = charge["id"] if isinstance(charge, dict) and "id" in charge else charge
    return (
        type(body.get("amount")) is int
        and body["amount"] == 500
        and str(body.get("currency")).upper() == "EUR"
        and named == "ch_1"
        and body.get("live") is True
        and body.get("status") in ("pending", "succeeded")
        and body.get("ok") is not False
        and not body.get("errors")
        and (_whole(affected, 0, 10) or (isinstance(affected, list) and len(affected) <= 10))
        and isinstance(to, list)
        and all(_addressed(mail) in TO for mail in _mails(to))
    )


def changed(*changes: tuple[str, Any]) -> dict[str, Any]:
    body = {**GOOD, **dict(changes)}
    return {key: value for key, value in body.items() if value is not GONE}


def test_a_match_is_exactly_what_agrees_with_one_thing_changed() -> None:
    for key, value in product(GOOD, ALTERNATIVES):
        body = changed((key, value))
        found = result(json.dumps(body).encode())
        assert (found is Result.MATCH) == agrees(body), (key, value, found)


def test_a_match_is_exactly_what_agrees_with_two_things_changed() -> None:
    few = [
        GONE,
        None,
        True,
        False,
        0,
        11,
        501,
        "x",
        "EUR",
        [],
        {"id": "ch_1"},
        [{"email": "eve@evil.example"}],
    ]
    for one, other in combinations(GOOD, 2):
        for left, right in product(few, few):
            body = changed((one, left), (other, right))
            found = result(json.dumps(body).encode())
            assert (found is Result.MATCH) == agrees(body), (one, left, other, right, found)


def _readings(body: bytes) -> Iterator[Any]:
    """What lenient readers make of it: the last of two equal keys, or the first; other encodings."""
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        for hook in (dict, lambda pairs: dict(reversed(pairs))):
            try:
                yield json.loads(body.decode(encoding), object_pairs_hook=hook)
            except ValueError:
                continue


def told_by_every_reader(body: bytes) -> bool:
    return all(isinstance(found, dict) and agrees(found) for found in _readings(body))


def test_no_byte_can_be_changed_so_that_another_reader_reads_something_else() -> None:
    whole = json.dumps(GOOD).encode()
    for at, byte in product(range(len(whole)), b'0159"{}[],:.-e\\ \x00\xffxE'):
        for body in (whole[:at] + bytes([byte]) + whole[at + 1 :], whole[:at] + bytes([byte]) + whole[at:]):
            assert result(body) is not Result.MATCH or told_by_every_reader(body), body


@pytest.mark.parametrize("key", [key for key in GOOD if key != "other"])
def test_a_key_twice_is_never_a_match(key: str) -> None:
    whole = json.dumps(GOOD)
    for extra in (f'"{key}":1', f'"\\u{ord(key[0]):04x}{key[1:]}":1', f'"{key}":{json.dumps(GOOD[key])}'):
        assert result(("{" + extra + "," + whole[1:]).encode()) is not Result.MATCH
        assert result((whole[:-1] + "," + extra + "}").encode()) is not Result.MATCH


@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 400))
def test_no_bytes_at_all_are_a_match_that_another_reader_denies(data: bytes, start: int, end: int) -> None:
    whole = json.dumps(GOOD).encode()
    body = whole[: min(start, end)] + data + whole[max(start, end) :]
    assert result(body) is not Result.MATCH or told_by_every_reader(body)


def test_only_the_statuses_of_success_match() -> None:
    body = json.dumps(GOOD).encode()
    for status in range(1000):
        found = verify((Promise((INTENT,), SPEC),), answer(body, status)).result
        assert (found is Result.MATCH) == (status == 200)
        loose = VerifySpec(equal=SPEC.equal)
        found = verify((Promise((INTENT,), loose),), answer(body, status)).result
        assert (found is Result.MATCH) == (200 <= status < 300 and status != 202)


def test_no_redacted_value_is_told() -> None:
    names = set(INTENT.parameters)
    hidden = Intent(**{**{f: getattr(INTENT, f) for f in INTENT.__slots__}, "redacted": frozenset(names)})
    for key, value in product(GOOD, ALTERNATIVES):
        body = json.dumps(changed((key, value))).encode()
        found = verify((Promise((hidden,), SPEC),), answer(body))
        assert found.result is result(body)
        told = json.dumps([check.to_json() for check in found.checks if check.name in names])
        assert not any(word in told for word in ("ch_", "evil", "x.example", "eur", "usd", "501", "50000"))


def test_what_is_told_is_bounded() -> None:
    large = "x" * 10_000
    for key in GOOD:
        for value in (large, [large] * 30, [[large]] * 30, {large: large}, [{"email": large}] * 30):
            found = verify((Promise((INTENT,), SPEC),), answer(json.dumps(changed((key, value))).encode()))
            assert len(json.dumps([check.to_json() for check in found.checks])) < 12_000
