"""Fuzzing of whatever reads bytes from elsewhere: one module a target, ``python -m fuzz`` runs them all.

A target is a module with ``one_input(data)``, which raises on anything that must not be, and ``SEEDS``, a few inputs
that are read well (none where a target makes its inputs of the bytes itself). See ``README.md``.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol, cast

FOLDER = Path(__file__).parent
FOUND = FOLDER / "found"

_NOT_TARGETS = {"__init__", "__main__", "one", "mutate"}


class Target(Protocol):
    """What the module of a target holds.

    Attributes:
        SEEDS: Inputs to begin with.
    """

    SEEDS: Sequence[bytes]

    def one_input(self, data: bytes) -> None:
        """Errors: anything at all means that a law is broken."""


def names() -> list[str]:
    """All targets, by the names of their modules."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in _NOT_TARGETS)


def target(name: str) -> Target:
    """The module of that name. Errors: ``ImportError``."""
    return cast(Target, importlib.import_module(f"fuzz.{name}"))


def corpus(name: str) -> Iterator[bytes]:
    """The seeds of a target, then what once broke it."""
    yield from getattr(target(name), "SEEDS", ())
    for path in sorted((FOUND / name).glob("*")):
        yield path.read_bytes()


def law(held: bool, what: str) -> None:
    """Errors: ``AssertionError`` naming the law that is broken."""
    if not held:
        raise AssertionError(what)
