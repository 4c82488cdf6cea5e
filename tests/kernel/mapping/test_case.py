"""The case of a mapping as it is written; ``cases`` runs them."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from vienna_kernel.mapping.case import CaseModel, CaseResult, CasesModel


def test_a_case_that_differs_in_nothing_has_passed() -> None:
    assert CaseResult("a", "f:1", ()).passed
    assert not CaseResult("a", "f:1", ("amount",)).passed


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"refused": "because"}, {"verification": "fine"}, {"expects": []}]
)
def test_what_is_no_case_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CaseModel.model_validate({"name": "a", "request": "GET https://a/"} | wrong)
    with pytest.raises(ValidationError):
        CasesModel(cases=[])
