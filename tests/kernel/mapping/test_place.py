"""Places: a complaint of anything inside one object is told at the member it is about."""

from __future__ import annotations

import pytest

from vienna_kernel.document import parse
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.place import Place

PLACE = Place(parse("actions:\n  - action: read\n    match: /x\n", name="m.yaml"), ("actions", 0))


def test_a_complaint_names_the_member() -> None:
    assert str(PLACE.fail("is no path", "match")) == "m.yaml:3:5 actions[0].match: is no path"


def test_what_an_inner_parser_said_is_told_at_its_member() -> None:
    def parser() -> None:
        raise MalformedError("template", "unknown parameter")

    with pytest.raises(MalformedError) as caught:
        PLACE.at(parser, "match")
    assert (caught.value.where, caught.value.why) == ("m.yaml:3:5 actions[0].match", "unknown parameter")
    assert PLACE.at(lambda: 7, "match") == 7
