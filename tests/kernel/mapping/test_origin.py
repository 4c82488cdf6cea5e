"""Where a value that is not on the wire comes from."""

from __future__ import annotations

import pytest

from vienna_kernel.decode.pointer import MISSING
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.origin import parse_origin

FACTS = {"amount": 2000, "refunded": 500, "none": None, "text": "x"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("const:EUR", "EUR"),
        ("params.a", 7),
        ("params.b", MISSING),
        ("preflight:/amount", 2000),
        ("preflight:/none", MISSING),
        ("preflight:/absent", MISSING),
        ("preflight:/amount-/refunded", 1500),
        ("preflight:/amount-/absent", 2000),
        ("preflight:/amount-/text", MISSING),
    ],
)
def test_an_origin_tells(text: str, value: object) -> None:
    assert parse_origin(text, params=("a", "b"), where="").tell({"a": 7}, FACTS) == value


@pytest.mark.parametrize("text", ["params.z", "response:/a", "preflight:a", "", "const"])
def test_what_is_no_origin_is_told_at_its_place(text: str) -> None:
    with pytest.raises(MalformedError, match=r"f\.yaml:3"):
        parse_origin(text, params=("a",), where="f.yaml:3")
