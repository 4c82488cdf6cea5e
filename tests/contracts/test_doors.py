"""The page for reviewers names every door that is tried, every guard, and no more."""

from __future__ import annotations

import importlib

import pytest

from harness.doors_page import _ORDER, ELSEWHERE, FOLDER, PAGE, ROOT, module_of, render
from harness.guards import GUARDS


def test_the_page_is_what_the_tests_are() -> None:
    assert PAGE.read_text() == render(), "write it anew: PYTHONPATH=tests python -m harness.doors_page"


def test_every_group_of_doors_is_on_the_page() -> None:
    assert {f"test_{name}.py" for name in _ORDER} == {path.name for path in FOLDER.glob("test_*.py")}


@pytest.mark.parametrize("where", [where for _, where in ELSEWHERE])
def test_what_is_tried_elsewhere_is_there(where: str) -> None:
    assert (ROOT / where).is_file()


def test_every_guard_is_taken_out_somewhere() -> None:
    used = {
        guard
        for name in _ORDER
        for door in getattr(module_of(name), "DOORS", {}).values()
        for guard in door.guards
    }
    others = {"an addon of somebody else"}  # not a guard of a door: what is looked for instead
    assert set(GUARDS) == used | others


@pytest.mark.parametrize("guard", GUARDS)
def test_every_guard_has_its_place(guard: str) -> None:
    """What is not there any more guards nothing, and taking it out would open nothing."""
    for place in GUARDS[guard]:
        module, _, way = place.path.partition(":")
        if module == "sidecar":
            continue
        found: object = importlib.import_module(module)
        for step in way.split("."):
            found = getattr(found, step)
