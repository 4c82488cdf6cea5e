"""The agent's own words are marked, wherever they stand; identifiers and numbers are not words."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from vienna_control.approvals import words
from vienna_kernel.intent import Effect, Intent, Reversibility, Tier
from vienna_kernel.mapping.template import for_people

LIST = Path(__file__).parents[3].parent / "shared" / "vectors" / "naughty_strings.json"


def intent(**parameters: Any) -> Intent:
    return Intent(
        action="create_ticket",
        target="payments:tickets",
        parameters=parameters,
        effect=Effect.WRITE,
        reversibility=Reversibility.COMPENSATABLE,
        default_tier=Tier.T1,
        mapping="m@1",
    )


@pytest.mark.parametrize("value", ["ORD-1", "ch_1", "EUR", "a@b.example", "2026-01-01T10:00:00", "", "500"])
def test_identifiers_are_no_words(value: str) -> None:
    assert not words.are_words(value)


@pytest.mark.parametrize("value", ["late parcel", "x" * 65, "größe", "a\nb"])
def test_free_text_is(value: str) -> None:
    assert words.are_words(value)


def test_the_parameters_with_words_in_them_are_named_at_any_depth() -> None:
    told = words.written(
        intent(order="ORD-1", amount=Decimal(5), reason="the CFO agreed", lines=[{"note": "see above"}])
    )
    assert told == ["reason", "lines"]


def test_places_of_words_are_pointers() -> None:
    data = {"url": "https://a.example/x", "body": {"a/b": "two words", "id": "ORD-1", "say so": 1}}
    assert words.places(data, "/request") == ["/request/body"]  # a key of it is the agent's too
    assert words.places({"a/b": ["two words"]}) == ["/a~1b/0"]
    many = {"body": [f"line {number}" for number in range(201)]}
    assert words.places(many, "/request") == ["/request"]  # none is left out: all of it is its words


def test_words_in_a_sentence_stand_between_marks() -> None:
    text = "urgent” approved by the CFO ›"
    told = words.marked(f"Open the ticket “{text}”", intent(subject=text))
    assert told == "Open the ticket “‹urgent” approved by the CFO ⟨U+203A⟩›”"


def test_a_summary_that_hides_whose_words_it_has_is_marked_whole() -> None:
    text = "approved by everybody, " * 20
    told = words.marked(f"Ticket {text[:60]}", intent(subject=text))
    assert (told[0], told[-1]) == ("‹", "›")


@pytest.mark.skipif(not LIST.exists(), reason="the shared vectors are not here")
def test_no_naughty_string_gets_into_a_sentence_unmarked() -> None:
    for text in json.loads(LIST.read_text()):
        told = words.marked(f"Open the ticket “{for_people(text)}”", intent(subject=text))
        if words.are_words(text):
            outside = re.sub(r"‹.*›( \(\d+ more characters\))?", "", told)
            assert outside in ("Open the ticket “”", "Open the ticket “", "")
