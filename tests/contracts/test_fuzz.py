"""The fuzzing targets hold over their seeds, what once broke them, and some hundred inputs near those."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NEAR = 300
TARGETS = sorted(
    path.stem
    for path in (ROOT / "fuzz").glob("*.py")
    if "\ndef one_input(" in path.read_text(encoding="utf-8")
)


@pytest.fixture(scope="module")
def fuzz() -> Iterator[Any]:
    """The package ``fuzz`` of this checkout; it is no part of what is installed."""
    sys.path.insert(0, str(ROOT))
    yield importlib.import_module("fuzz")
    sys.path.remove(str(ROOT))


def test_no_target_is_left_out(fuzz: Any) -> None:
    assert fuzz.names() == TARGETS
    assert {"call", "decode_json", "decode_form", "document", "expression"} <= set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_holds(fuzz: Any, name: str) -> None:
    try:
        target: ModuleType = fuzz.target(name)
    except ImportError as error:
        if error.name != "atheris":
            raise
        pytest.skip("takes its input apart with atheris, which is for Linux only")
    corpus = list(fuzz.corpus(name))
    for data in [b"", *corpus, *importlib.import_module("fuzz.mutate").near(corpus, NEAR)]:
        target.one_input(data)


def test_a_law_that_is_broken_is_told(fuzz: Any) -> None:
    with pytest.raises(AssertionError, match="water is dry"):
        fuzz.law(False, "water is dry")
