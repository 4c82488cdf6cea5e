"""An answer of any bytes: a judgement; a match only where every lenient reader of JSON reads what was approved."""

from __future__ import annotations

import json as stdlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from fuzz import law
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.parameter import ParamType
from vienna_kernel.verification import (
    Among,
    AtMost,
    Compensate,
    Equal,
    Promise,
    Readback,
    ResponseView,
    Result,
    VerifySpec,
    Within,
    settled,
    verify_readback,
)
from vienna_kernel.verification.judge import verify
from vienna_kernel.verification.path import parse

_GOOD = b'{"id":"re_1","amount":500,"currency":"eur","status":"ok","n":3,"to":[{"e":"a@x.example"}]}'
SEEDS = (
    b"200 application/json\n" + _GOOD,
    b'200 application/json\n{"amount":50000,' + _GOOD[1:],
    b'202 application/json\n{"errors":[{"path":["a"]}],"data":{"a":null}}',
    b"200 application/xml\n<r><amount>500</amount><to><e>a@x.example</e></to></r>",
    b'200 application/x-ndjson\n{"id":1}\n{"id":2}\n',
    b'200 text/event-stream\nevent: message\ndata: {"id":1,"result":{"amount":500}}\n\n',
    b"204 -\n",
    b"503 text/html\n<html>",
)
_INTENT = Intent(
    action="create_refund",
    target="stripe:charge/ch_1",
    parameters={"amount": Decimal("5"), "currency": "EUR", "limit": 3, "to": ["a@x.example"]},
    effect=Effect.SPEND,
    reversibility=Reversibility.IRREVERSIBLE,
    default_tier=Tier.T2,
    money={"amount": "currency"},
)
_CHECKS = VerifySpec(
    equal=(
        Equal(("/amount",), "amount", ParamType.MINOR_UNITS),
        Equal(("/currency",), "currency", ParamType.CURRENCY),
    ),
    among=(Among("/status", ("ok",)),),
    failed=(Among("/failed", (True,)),),
    absent=("/errors",),
    at_most=(AtMost(("/n",), "limit"),),
    within=(Within("/to/*/e", "to", ParamType.EMAIL_LIST),),
)
_PATH = parse("/v1/refunds/{response:/id}", (), where="fuzz")
_SPEC = VerifySpec(
    status=(200,),
    equal=_CHECKS.equal,
    among=_CHECKS.among,
    failed=_CHECKS.failed,
    absent=_CHECKS.absent,
    at_most=_CHECKS.at_most,
    within=_CHECKS.within,
    keep=("/id",),
    max_body=4096,
    readback=Readback("GET", _PATH, _CHECKS),
    compensate=Compensate("cancel_refund", "POST", _PATH),
)
_WHOLE = (Promise((_INTENT,), _SPEC),)
_PARTS = (
    Promise((_INTENT,), _SPEC, ("data", "a"), (("errors",),)),
    Promise((_INTENT,), _SPEC, ("result",), (("error",), ("result", "isError")), 1),
    Promise((_INTENT,), None, ("1", "data", "b"), (("1", "errors"),)),
)


def _view(data: bytes) -> ResponseView:
    head, _, body = data.partition(b"\n")
    status, _, kind = head.decode("latin-1").partition(" ")
    return ResponseView(
        status=int(status) if len(status) == 3 and status.isascii() and status.isdigit() else 200,
        content_type=kind or None,
        body=body,
        digest="",
        size=len(body),
    )


def _readings(body: bytes) -> Iterator[Any]:
    for hook in (dict, lambda pairs: dict(reversed(pairs))):
        try:
            yield stdlib.loads(body.decode("utf-8-sig"), object_pairs_hook=hook)
        except (ValueError, RecursionError):
            continue


def _agrees(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and type(found.get("amount")) is int
        and found["amount"] == 500
        and str(found.get("currency")).upper() == "EUR"
        and found.get("status") == "ok"
        and not found.get("errors")
        and all(str(row["e"]).lower() == "a@x.example" for row in found["to"])
    )


def one_input(data: bytes) -> None:
    seen = _view(data)
    whole = verify(_WHOLE, seen, limits={"max_body_bytes": 2048, "max_items": 5})
    verify(_PARTS, seen)
    unlimited = verify(_WHOLE, seen)
    judged_as_json = not any(word in (seen.content_type or "") for word in ("xml", "json", "stream"))
    for found in (whole, unlimited):
        law(found.result in Result, "any bytes give a judgement")
        law(
            (found.result is Result.MATCH) <= all(check.held for check in found.checks),
            "a match holds all over",
        )
        law(
            len(stdlib.dumps([check.to_json() for check in found.checks])) < 10_000, "what is told is bounded"
        )
        for row in (*found.lookups, *found.undo):
            law(row.path.count("/") - row.path.endswith("/cancel") == 3, "an id is one segment of a path")
            law(row.path.isascii() and not set(row.path) & set("?#%\\ "), "and a plain one")
    if unlimited.result is Result.MATCH and (judged_as_json or seen.content_type == "application/json"):
        law(
            all(_agrees(found) for found in _readings(seen.body or b"")),
            "every other reader reads a match too",
        )
    reread = verify_readback(_WHOLE[0], seen)
    for look in unlimited.lookups:
        after = settled(unlimited, look, reread)
        law(after.result is not Result.MATCH or reread.result is not Result.DRIFT, "drift is not undone")
