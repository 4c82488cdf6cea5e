"""What a read-back changes, row by row; the vectors read them from answers."""

from __future__ import annotations

from itertools import product

import pytest

from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.verification import (
    Among,
    Equal,
    Lookup,
    Promise,
    Readback,
    Reread,
    ResponseView,
    Result,
    Verification,
    VerifySpec,
    settled,
    verify_readback,
)
from vienna_kernel.verification.path import parse
from vienna_kernel.verification.result import Check, Finding

M, U, F, A, D = Result.MATCH, Result.UNVERIFIABLE, Result.FAILED, Result.AMBIGUOUS, Result.DRIFT
LOOK = Lookup(0, "GET", "/x")
TABLE = {
    M: {M: M, D: D, A: A, U: M},
    U: {M: M, D: D, A: A, U: U},
    A: {M: A, D: D, A: A, U: A},
    F: {M: F, D: F, A: F, U: F},
    D: {M: D, D: D, A: D, U: D},
}


def first(*results: Result, bounds: Result = M) -> Verification:
    findings = tuple(Finding(result, False) for result in results)
    return Verification(results[0], (), {}, findings, bounds, (LOOK,))


def test_every_row_of_the_table() -> None:
    for one, other in product(TABLE, (M, D, A, U)):
        note = "not told" if other is U else ""
        after = settled(first(one), LOOK, Reread(other, (Check("x", 1, 2, other),), note))
        assert after.result is TABLE[one][other], (one, other)
        assert after.findings == (Finding(TABLE[one][other], False),)
        assert after.lookups == ()
        assert [(check.name, check.part) for check in after.checks] == [("readback x", 0)]
        assert after.notes == ((note,) if note else ())


def test_of_several_parts_only_its_own_changes() -> None:
    look = Lookup(1, "GET", "/x")
    after = settled(first(M, U, bounds=M), look, Reread(M, (Check("x", 1, 1, M),)))
    assert after.result is M
    assert after.findings == (Finding(M, False), Finding(M, False))
    assert [check.part for check in after.checks] == [2]
    assert after.lookups == (LOOK,)
    assert settled(first(U, U), look, Reread(M)).result is U
    three = settled(first(M, U, A), look, Reread(M))
    assert [finding.result for finding in three.findings] == [M, M, A]
    assert settled(first(U, bounds=D), LOOK, Reread(M)).result is D


SPEC = VerifySpec(equal=(Equal(("/a",), "a"),))


def promise(spec: VerifySpec | None = SPEC, effect: Effect = Effect.WRITE) -> Promise:
    intent = Intent(
        action="x",
        target="t",
        parameters={"a": "1"},
        effect=effect,
        reversibility=Reversibility.UNKNOWN,
        default_tier=Tier.T1,
    )
    readback = spec and Readback("GET", parse("/x", (), where="x"), spec)
    return Promise((intent,), VerifySpec(readback=readback or None))


def answer(body: bytes, status: int = 200) -> ResponseView:
    return ResponseView(status=status, content_type=None, body=body, digest="", size=0)


@pytest.mark.parametrize(
    ("body", "status", "result", "noted"),
    [
        (b'{"a":"1"}', 200, M, False),
        (b'{"a":"2"}', 200, D, False),
        (b'{"a":"1"}', 203, M, False),
        (b"{}", 200, A, False),
        (b"oops", 200, A, False),
        (b'{"a":"1"}', 404, A, False),
        (b"", 410, A, False),
        (b'{"a":"2"}', 400, U, True),
        (b'{"a":"2"}', 401, U, True),
        (b'{"a":"2"}', 429, U, True),
        (b'{"a":"2"}', 302, U, True),
        (b'{"a":"2"}', 300, U, True),
        (b'{"a":"2"}', 299, D, False),
        (b'{"a":"2"}', 199, U, True),
        (b'{"a":"2"}', 500, U, True),
        (b'{"a":"2"}', 101, U, True),
    ],
)
def test_what_its_answer_is_worth(body: bytes, status: int, result: Result, noted: bool) -> None:
    found = verify_readback(promise(), answer(body, status))
    assert (found.result, bool(found.note)) == (result, noted)
    assert bool(found.checks) != noted


def test_no_answer_does_not_tell() -> None:
    assert verify_readback(promise(), None) == Reread(U, (), "The read-back was not answered.")
    assert verify_readback(promise(None), answer(b"{}")).result is U
    assert verify_readback(Promise((), None), answer(b"{}")).result is U


def test_a_read_back_that_promises_nothing_settles_nothing() -> None:
    assert verify_readback(promise(VerifySpec()), answer(b"{}")).result is U
    assert verify_readback(promise(VerifySpec(), Effect.READ), answer(b"{}")).result is not D


def test_a_body_that_did_not_come_does_not_tell() -> None:
    unseen = ResponseView(status=200, content_type=None, body=None, digest="", size=0)
    found = verify_readback(promise(), unseen)
    assert (found.result, bool(found.note), found.checks) == (U, True, ())


def test_a_read_that_says_that_it_failed_does_not_tell() -> None:
    spec = VerifySpec(equal=SPEC.equal, failed=(Among("/ok", (False,)),))
    found = verify_readback(promise(spec), answer(b'{"ok": false}'))
    assert (found.result, bool(found.note)) == (U, True)
