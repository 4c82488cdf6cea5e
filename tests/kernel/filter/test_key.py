"""Keys: the page that tells them tells what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vienna_kernel.filter.key import KEYS, SCREENS, Key, Screen
from vienna_kernel.filter.read import MAX_DEPTH, MAX_TERMS
from vienna_kernel.filter.word import MAX_CHARS

PAGE = (Path(__file__).parents[3] / "docs" / "guides" / "filters.md").read_text()
MOST_TOLD = 16
"""Values of a choice that the page lists."""


def words(key: Key, value: str) -> list[str]:
    return [value, *(word for word, stands_for in key.also.items() if stands_for == value)]


@pytest.mark.parametrize("screen", SCREENS)
def test_a_choice_is_named_as_people_see_it(screen: Screen) -> None:
    for key in KEYS[screen].values():
        for value in key.values:
            for word in words(key, value):
                for written in (word, word.upper(), word.replace("_", " ")):
                    assert key.value(written) == value
        assert not set(key.also) & set(key.values)


@pytest.mark.parametrize("screen", SCREENS)
def test_the_page_tells_every_key_and_its_values(screen: Screen) -> None:
    section = PAGE.partition(f"### {screen.capitalize()}\n")[2].partition("\n### ")[0]
    told = [
        tuple(cell.strip() for cell in row)
        for row in re.findall(r"^\| (`.*) \| (.*) \| (.*) \|$", section, re.M)
    ]
    assert told == [
        (
            f"`{key.name}:`",
            key.says,
            ", ".join(" or ".join(f"`{word}`" for word in words(key, value)) for value in key.values)
            if 0 < len(key.values) <= MOST_TOLD
            else f"like `{key.example}`",
        )
        for key in KEYS[screen].values()
    ]


def test_the_page_tells_the_bounds() -> None:
    told = f"At most {MAX_CHARS:,} characters, {MAX_TERMS} conditions, {MAX_DEPTH} parentheses"
    assert told in PAGE
