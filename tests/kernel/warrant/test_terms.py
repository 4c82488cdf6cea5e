from __future__ import annotations

from dataclasses import replace

from vectors.fixed import BOUNDED, PLAIN, intent
from vienna_kernel.warrant.terms import Meaning


def test_a_meaning_names_its_intent() -> None:
    meaning = Meaning.of(intent())
    assert meaning.digest == intent().digest()
    assert meaning.digest != Meaning.of(intent("5001")).digest


def test_scope_is_the_meanings_within_the_constraints() -> None:
    one, less, more = intent(), intent("1"), intent("5001")
    for warrant, covered in ((PLAIN, (True, False, False)), (BOUNDED, (True, True, False))):
        scope = warrant.scope()
        assert tuple(scope.covers(i.action, i.target, i.parameters) for i in (one, less, more)) == covered


def test_a_meaning_without_its_parameters_is_in_no_scope() -> None:
    hidden = replace(PLAIN, meanings=(replace(PLAIN.meanings[0], parameters=None),))
    assert hidden.scope().permits == ()
