from __future__ import annotations

from dataclasses import replace
from itertools import product

from vectors.fixed import BOUNDED, DIGEST, ISSUER, PASSBACK, PLAIN, intent
from vienna_kernel.warrant.terms import Consent, Demand, Meaning, Roll


def test_a_meaning_names_its_intent() -> None:
    meaning = Meaning.of(intent())
    assert meaning.digest == intent().digest()
    assert meaning.digest != Meaning.of(intent("5001")).digest


def test_scope_is_the_meanings_within_the_constraints() -> None:
    one, less, more = intent(), intent("1"), intent("5001")
    for warrant, covered in ((PASSBACK, (True, False, False)), (BOUNDED, (True, True, False))):
        scope = warrant.scope()
        assert scope is not None
        assert tuple(scope.covers([row]) for row in (one, less, more)) == covered
        assert not scope.covers([one, one])


def test_on_the_wire_nothing_may_move() -> None:
    wire = replace(BOUNDED, request_digest=DIGEST)
    scope = wire.scope()
    assert scope is not None
    assert scope.covers([intent()])
    assert not scope.covers([intent("1")])


def test_what_did_not_travel_has_no_scope() -> None:
    hidden = replace(PASSBACK, meanings=(replace(PASSBACK.meanings[0], parameters=None),))
    assert hidden.scope() is None
    assert replace(PASSBACK, roll=Roll.of([intent(), intent()])).scope() is None


def test_a_roll_names_each_intent_in_its_place() -> None:
    rows = [intent(str(amount)) for amount in range(1, 6)]
    roll = Roll.of(rows)
    assert roll == Roll.of([Meaning.of(row) for row in rows])
    assert roll.count == 5
    others = [
        rows[:-1],
        [*rows, rows[-1]],
        rows[::-1],
        [rows[1], rows[0], *rows[2:]],
        [*rows[:-1], intent("6")],
        [*rows[:-1], intent(5)],
        [*rows[:-1], replace(rows[-1], parameters={**rows[-1].parameters, "amount": "5"})],
        [*rows[:-1], intent("5", target="payments:order/ord_8")],
        [*rows[:-1], intent("5", action="create_payout")],
    ]
    assert all(Roll.of(other) != roll for other in others)
    assert len({Roll.of(other).digest for other in others}) == len(others)


SPACE = [Demand(count, mfa, said) for count, mfa, said in product((0, 1, 2), (False, True), (False, True))]


def test_a_demand_lies_within_another_when_whatever_meets_it_meets_the_other() -> None:
    """Held against every list of two consents."""
    lists = [
        [(person, mfa, said) for person, mfa, said in zip("ab", mfas, saids, strict=True)][:count]
        for count, mfas, saids in product((0, 1, 2), product((0, 1), repeat=2), product((0, 1), repeat=2))
    ]

    def met(demand: Demand) -> set[int]:
        return {
            at
            for at, rows in enumerate(lists)
            if len(rows) >= demand.approvals
            and all(mfa or not demand.mfa for _, mfa, _ in rows)
            and all(said or not demand.justification for _, _, said in rows)
        }

    for one, two in product(SPACE, SPACE):
        assert not one.within(two) or met(one) <= met(two)
        assert met(one.meet(two)) == met(one) & met(two)
        assert one.meet(two).within(one)
        assert one.meet(two).within(two)
    assert sum(one.within(two) for one, two in product(SPACE, SPACE)) == 6 * 9


def test_what_is_not_said_is_not_so() -> None:
    assert Demand() == Demand(0, False, False)
    consent = Consent("op-1", PLAIN.issued_at, "sha256:00")
    assert (consent.mfa, consent.justified) == ("", False)


def test_only_a_passback_warrant_leaves_its_upstream_open() -> None:
    assert PASSBACK.open_audience
    assert not PLAIN.open_audience
    assert not replace(PLAIN, audience=ISSUER).open_audience
    assert not replace(PASSBACK, audience=PLAIN.audience).open_audience
