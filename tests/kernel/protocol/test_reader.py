"""What readers share."""

import pytest

from protocol_kit import request
from vienna_kernel.errors import MalformedError
from vienna_kernel.protocol import reader


def test_a_header_stands_once_or_not_at_all() -> None:
    call = request("GET", "/", headers=[("a", "1"), ("b", "2")])
    assert (reader.header(call, "a"), reader.header(call, "c")) == ("1", None)


def test_two_lines_of_one_header_are_two_readings() -> None:
    with pytest.raises(MalformedError, match="twice"):
        reader.header(request("GET", "/", headers=[("a", "1"), ("a", "1")]), "a")


def test_a_parameter_stands_once_or_not_at_all() -> None:
    pairs = [("a", "1"), ("b", "2"), ("b", "3")]
    assert reader.once(pairs, frozenset({"a", "c"})) == {"a": "1"}
    with pytest.raises(MalformedError, match="twice"):
        reader.once(pairs, frozenset({"b"}))


def test_a_method_that_is_not_told_of_carries_no_body() -> None:
    kinds = reader.by_method({"POST": frozenset({"json"})})
    assert kinds("POST", {}) == {"json"}
    assert kinds("GET", {}) == reader.NO_BODY
