"""A vector as the verifier takes it."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.parameter import ParamType
from vienna_kernel.value import Value, unpack
from vienna_kernel.verification import (
    Among,
    AtMost,
    Compensate,
    Equal,
    Promise,
    Readback,
    ResponseView,
    VerifySpec,
    Within,
)
from vienna_kernel.verification import path as paths


def intent(row: dict[str, Any]) -> Intent:
    parameters = unpack(row["parameters"])
    assert isinstance(parameters, dict)
    return Intent(
        action=row["action"],
        target=row["target"],
        parameters=parameters,
        effect=Effect(row["effect"]),
        reversibility=Reversibility.UNKNOWN,
        default_tier=Tier.T1,
        money=row.get("money", {}),
        redacted=frozenset(row.get("redacted", ())),
    )


def _pointers(row: dict[str, Any]) -> tuple[str, ...]:
    found = row.get("pointer", [])
    return (found,) if isinstance(found, str) else tuple(found)


def _kind(row: dict[str, Any], default: ParamType) -> ParamType:
    return ParamType(row["type"]) if "type" in row else default


def _among(row: dict[str, Any]) -> Among:
    values: list[Value] = [Decimal(str(v)) if isinstance(v, float) else v for v in row["values"]]
    return Among(_pointers(row), tuple(values), row.get("header"))


def spec(row: dict[str, Any] | None, names: set[str]) -> VerifySpec | None:
    if row is None:
        return None
    back, undo = row.get("readback"), row.get("compensate")
    return VerifySpec(
        status=tuple(row.get("status", ())),
        equal=tuple(
            Equal(_pointers(r), r["param"], _kind(r, ParamType.STRING), r.get("header"))
            for r in row.get("equal", ())
        ),
        among=tuple(map(_among, row.get("in", ()))),
        keep=tuple(row.get("keep", ())),
        body=row.get("body"),
        failed=tuple(map(_among, row.get("failed", ()))),
        absent=tuple(row.get("absent", ())),
        at_most=tuple(
            AtMost(_pointers(r), r.get("param"), r.get("value"), r.get("header"))
            for r in row.get("at_most", ())
        ),
        within=tuple(
            Within(r["pointer"], r["param"], _kind(r, ParamType.ANY)) for r in row.get("within", ())
        ),
        max_body=row.get("max_body"),
        readback=back and _readback(back, names),
        compensate=undo
        and Compensate(undo["action"], undo["method"], paths.parse(undo["path"], names, where="vector")),
    )


def _readback(row: dict[str, Any], names: set[str]) -> Readback:
    checks = spec(row, names)
    assert checks is not None
    path = paths.parse(row["path"], names, where="vector")
    return Readback("GET", path, checks, row.get("delay_s", 0), row.get("before_answer", False))


def promise(row: dict[str, Any]) -> Promise:
    intents = tuple(map(intent, row["intents"]))
    names = {name for one in intents for name in one.parameters}
    return Promise(
        intents,
        spec(row["verify"], names),
        answer=tuple(row.get("answer", ())),
        failed=tuple(map(tuple, row.get("failed", ()))),
        answer_id=row.get("answer_id", MISSING),
    )


def response(row: dict[str, Any]) -> ResponseView:
    text = row.get("body")
    body = base64.b64decode(row["body_base64"]) if "body_base64" in row else text and text.encode()
    return ResponseView(
        status=row["status"],
        content_type=row["content_type"],
        body=b"" if text == "" else body,
        digest="",
        size=row.get("size", len(body or b"")),
        headers=tuple(map(tuple, row.get("headers", ()))),
    )
