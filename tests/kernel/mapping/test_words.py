"""The words of a mapping file."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter, ValidationError

from vienna_kernel.mapping import words


@pytest.mark.parametrize(
    "text", ["getIssue", "mutation.createIssue", "tools/call:*", "Describe*", "*", "*.Delete"]
)
def test_an_operation_may_end_in_a_star(text: str) -> None:
    adapter = TypeAdapter(words.Operation)
    if text == "*.Delete":
        with pytest.raises(ValidationError, match="at its end"):
            adapter.validate_python(text)
    else:
        assert adapter.validate_python(text) == text


@pytest.mark.parametrize(
    ("text", "good"), [("json", True), ("sql:postgres", True), ("sql:", False), ("yaml", False)]
)
def test_an_inner_encoding_is_one_of_a_list(text: str, good: bool) -> None:
    adapter = TypeAdapter(words.Inner)
    if good:
        assert adapter.validate_python(text) == text
    else:
        with pytest.raises(ValidationError, match="inner encoding"):
            adapter.validate_python(text)


def test_one_is_a_list_of_one() -> None:
    assert words.as_list("a") == ["a"]
    assert words.as_list(["a", "b"]) == ["a", "b"]
