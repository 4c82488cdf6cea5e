"""The part of a mapping file that speaks of the answer; ``promise`` tries it compiled."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from vienna_kernel.mapping.answered import CompensateModel, VerifyModel


@pytest.mark.parametrize(
    "wrong",
    [
        {"equal": [{"param": "a"}]},
        {"equal": [{"pointer": "/a", "header": "A", "param": "a"}]},
        {"in": [{"pointer": "/a", "values": []}]},
        {"at_most": [{"pointer": "/a"}]},
        {"at_most": [{"pointer": "/a", "param": "a", "value": 1}]},
        {"at_most": [{"pointer": "/a", "value": -1}]},
        {"within": [{"pointer": "a", "param": "a"}]},
        {"absent": ["errors"]},
        {"body": "yaml"},
        {"readback": {"path": "x"}},
        {"readback": {"path": "/x", "delay_s": 3601}},
        {"readback": {"path": "/x", "readback": {"path": "/y"}}},
    ],
)
def test_what_promises_nothing_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VerifyModel.model_validate(wrong)


def test_an_undoing_is_a_request() -> None:
    assert CompensateModel(action="cancel", path="/x").method == "POST"
    with pytest.raises(ValidationError):
        CompensateModel(action="cancel", path="x")
