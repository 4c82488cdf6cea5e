"""The request that undoes it."""

from __future__ import annotations

from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.verification import Compensate, Undo, VerifySpec, compensation
from vienna_kernel.verification.path import parse

INTENT = Intent(
    action="x",
    target="t",
    parameters={"id": "a"},
    effect=Effect.WRITE,
    reversibility=Reversibility.COMPENSATABLE,
    default_tier=Tier.T1,
)


def spec(path: str) -> VerifySpec:
    return VerifySpec(compensate=Compensate("cancel", "DELETE", parse(path, ("id",), where="x")))


def test_the_request() -> None:
    undo = compensation(spec("/x/{response:/id}"), (INTENT,), {"id": 5})
    assert undo == Undo("cancel", "DELETE", "/x/5")
    assert undo is not None
    assert undo.to_json() == {"action": "cancel", "method": "DELETE", "path": "/x/5"}
    assert compensation(spec("/x/{id}"), (INTENT,), MISSING) == Undo("cancel", "DELETE", "/x/a")


def test_there_is_none() -> None:
    assert compensation(None, (INTENT,), {}) is None
    assert compensation(VerifySpec(), (INTENT,), {}) is None
    assert compensation(spec("/x/{response:/id}"), (INTENT,), {}) is None
    assert compensation(spec("/x/{response:/id}"), (INTENT,), {"id": "a/b"}) is None
