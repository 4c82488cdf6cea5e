"""What a promise needs to see."""

from __future__ import annotations

import pytest

from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.verification import (
    Among,
    AtMost,
    Compensate,
    Equal,
    Promise,
    Readback,
    VerifySpec,
    Within,
)
from vienna_kernel.verification.path import parse

BY_ID = parse("/x/{response:/id}", (), where="x")
FIXED = parse("/x", (), where="x")


def readback(path: object) -> Readback:
    return Readback("GET", path, VerifySpec())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("spec", "demands", "compares", "needs", "reads"),
    [
        (VerifySpec(), 0, 0, 0, 0),
        (VerifySpec(status=(200,)), 1, 0, 0, 0),
        (VerifySpec(max_body=0), 1, 0, 0, 1),
        (VerifySpec(keep=("/id",)), 0, 0, 0, 1),
        (VerifySpec(equal=(Equal(("/a",), "a"),)), 1, 1, 1, 1),
        (VerifySpec(equal=(Equal((), "a", header="x"),)), 1, 0, 0, 0),
        (VerifySpec(among=(Among("/a", (1,)),)), 1, 1, 1, 1),
        (VerifySpec(among=(Among((), (1,), "x"),)), 1, 0, 0, 0),
        (VerifySpec(failed=(Among("/a", (1,)),)), 1, 1, 1, 1),
        (VerifySpec(absent=("/a",)), 1, 1, 1, 1),
        (VerifySpec(at_most=(AtMost(("/a",), "a"),)), 1, 1, 1, 1),
        (VerifySpec(at_most=(AtMost((), value=1, header="x"),)), 1, 0, 0, 0),
        (VerifySpec(within=(Within("/a", "a"),)), 1, 1, 1, 1),
        (VerifySpec(body="json"), 0, 0, 0, 0),
        (VerifySpec(readback=readback(BY_ID)), 0, 0, 1, 1),
        (VerifySpec(readback=readback(FIXED)), 0, 0, 0, 0),
        (VerifySpec(compensate=Compensate("a", "POST", BY_ID)), 0, 0, 0, 1),
        (VerifySpec(compensate=Compensate("a", "POST", FIXED)), 0, 0, 0, 0),
    ],
)
def test_what_a_spec_needs(spec: VerifySpec, demands: int, compares: int, needs: int, reads: int) -> None:
    assert (spec.demands, spec.compares_body, spec.needs_body, spec.reads_body) == (
        demands,
        compares,
        needs,
        reads,
    )
    promise = Promise((), spec)
    assert (promise.compares_body, promise.needs_body, promise.reads_body) == (compares, needs, reads)


@pytest.mark.parametrize("more", [{"answer": ("result",)}, {"failed": (("error",),)}])
def test_a_protocol_that_tells_of_failure_in_the_body_needs_it(more: dict[str, tuple[str, ...]]) -> None:
    assert Promise((), VerifySpec(status=(200,)), **more).needs_body  # type: ignore[arg-type]
    assert not Promise((), None, **more).needs_body  # type: ignore[arg-type]
    assert not Promise((), VerifySpec(keep=("/a",)), **more).needs_body  # type: ignore[arg-type]
    assert Promise((), None, failed=(("error",),)).reads_body


def intent(effect: Effect) -> Intent:
    return Intent(
        action="x",
        target="t",
        parameters={},
        effect=effect,
        reversibility=Reversibility.UNKNOWN,
        default_tier=Tier.T1,
    )


def test_only_reads_are_a_read_and_nothing_is_none() -> None:
    read, write = intent(Effect.READ), intent(Effect.WRITE)
    assert Promise((read,), None).reading
    assert Promise((read, read), None).reading
    assert not Promise((read, write), None).reading
    assert not Promise((), None).reading


def test_one_pointer_or_several() -> None:
    assert Among("/a", ()).pointers == ("/a",)
    assert Among(("/a", "/b"), ()).pointers == ("/a", "/b")
