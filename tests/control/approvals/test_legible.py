"""Text of others: nothing in it is invisible, moves, passes for something else, or hides what comes after."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest

from vienna_control.approvals.legible import legible, legible_data

LIST = Path(__file__).parents[3].parent / "shared" / "vectors" / "naughty_strings.json"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("refund ORD-1", "refund ORD-1"),
        ("a\u202egpj.exe", "a⟨U+202E⟩gpj.exe"),
        ("zero\u200bwidth", "zero⟨U+200B⟩width"),
        ("no\u00a0break", "no⟨U+00A0⟩break"),
        ("tag\U000e0041", "tag⟨U+E0041⟩"),
        ("filler\u3164", "filler⟨U+3164⟩"),
        ("❤\ufe0f", "❤⟨U+FE0F⟩"),
        ("two\nlines", "two⟨U+000A⟩lines"),
        ("\x1b[31mred", "⟨U+001B⟩[31mred"),
        ("p\u0430ypal", "p⟨U+0430⟩ypal"),  # a Cyrillic letter in a Latin word
        ("\u0440\u0430\u0443 me", "⟨U+0440⟩⟨U+0430⟩⟨U+0443⟩ me"),  # a word of look-alikes only
        ("я и \u0443 нас", "я и у нас"),  # in its own script it is an honest word
        ("\uff21dmin", "⟨U+FF21⟩dmin"),
        ("\U0001d429ay", "⟨U+1D429⟩ay"),
        ("Größe 12 m²", "Größe 12 m²"),
        ("日本語 in Latin", "日本語 in Latin"),
        ("⟨U+202E⟩ ‹ours›", "⟨U+27E8⟩U+202E⟨U+27E9⟩ ⟨U+2039⟩ours⟨U+203A⟩"),  # our marks are ours
        ("e" + "\u0301" * 4, "e\u0301\u0301⟨U+0301⟩⟨U+0301⟩"),
    ],
    ids=ascii,
)
def test_what_misleads_is_written_out(text: str, shown: str) -> None:
    assert legible(text) == shown


def test_lines_stay_where_they_are_wanted() -> None:
    assert legible("one\n\ttwo\r", lines=True) == "one\n\ttwo⟨U+000D⟩"


def test_a_long_value_says_by_how_much_it_was_cut() -> None:
    assert legible("x" * 12, most=10) == "x" * 10 + "… (2 more characters)"


def test_keys_that_fall_together_are_told_apart() -> None:
    long = "k" * 300
    told = legible_data({long + "a": 1, long + "b": [long]})
    assert sorted(told.values(), key=str) == [1, [long]]


@pytest.mark.skipif(not LIST.exists(), reason="the shared vectors are not here")
def test_nothing_of_the_naughty_strings_is_left_that_cannot_be_seen() -> None:
    for text in json.loads(LIST.read_text()):
        shown = legible(text)
        assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
        assert legible_data({text: [text]})
