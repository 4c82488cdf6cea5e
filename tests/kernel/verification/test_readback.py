"""Which read a spec asks for."""

from __future__ import annotations

from decimal import Decimal

from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.value import Value
from vienna_kernel.verification import Lookup, Readback, VerifySpec, readback_call
from vienna_kernel.verification.path import parse
from vienna_kernel.verification.readback import agreed


def intent(redacted: frozenset[str] = frozenset(), **parameters: Value) -> Intent:
    return Intent(
        action="x",
        target="t",
        parameters=parameters,
        effect=Effect.WRITE,
        reversibility=Reversibility.UNKNOWN,
        default_tier=Tier.T1,
        redacted=redacted,
    )


def spec(path: str) -> VerifySpec:
    return VerifySpec(readback=Readback("GET", parse(path, ("id", "key"), where="x"), VerifySpec(), 3, True))


def test_the_read() -> None:
    look = readback_call(spec("/x/{response:/id}"), (intent(),), {"id": "re_1"}, part=2)
    assert look == Lookup(2, "GET", "/x/re_1", 3, True)
    assert readback_call(spec("/x/{id}"), (intent(id=7),), MISSING) == Lookup(0, "GET", "/x/7", 3, True)


def test_it_is_the_first_part_s_and_nobody_waits_unless_it_is_said() -> None:
    plain = VerifySpec(readback=Readback("GET", parse("/x", (), where="x"), VerifySpec()))
    assert readback_call(plain, (intent(),), MISSING) == Lookup(0, "GET", "/x", 0, False)
    assert Lookup(0, "GET", "/x") == Lookup(0, "GET", "/x", 0, False)


def test_none_is_asked_for_or_none_can_be() -> None:
    assert readback_call(None, (intent(),), {}) is None
    assert readback_call(VerifySpec(), (intent(),), {}) is None
    assert readback_call(spec("/x/{response:/id}"), (intent(),), {}) is None
    assert readback_call(spec("/x/{response:/id}"), (intent(),), MISSING) is None
    assert readback_call(spec("/x/{id}"), (intent(),), {"id": "re_1"}) is None


def test_only_what_all_intents_agree_on_and_what_may_be_shown_stands_in_a_path() -> None:
    assert agreed((intent(id="a", key="x"), intent(id="a", key="y"), intent(id="a", key="x"))) == {"id": "a"}
    assert agreed((intent(id=5), intent(id=Decimal("5.0")))) == {"id": Decimal("5.0")}
    assert agreed((intent(frozenset({"id"}), id="a", key="b"),)) == {"key": "b"}
    assert agreed(()) == {}
    assert readback_call(spec("/x/{id}"), (intent(id="a"), intent(id="b")), MISSING) is None
