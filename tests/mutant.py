"""A law counts once a mutant has died by it: modules with one text replaced, and the law that must notice."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from types import ModuleType

import pytest


def mutant(module: ModuleType, old: str, new: str) -> ModuleType:
    """The module with ``old``, which stands there exactly once, replaced; a module of its own, imported by nobody."""
    source = inspect.getsource(module)
    assert source.count(old) == 1, f"{old!r} stands {source.count(old)} times in {module.__name__}"
    made = ModuleType(f"{module.__name__}_mutant")
    made.__file__ = module.__file__
    sys.modules[made.__name__] = made  # where dataclasses look up their annotations
    try:
        exec(compile(source.replace(old, new), f"<mutant of {module.__name__}>", "exec"), made.__dict__)
    finally:
        del sys.modules[made.__name__]
    return made


def must_die(law: Callable[[ModuleType], object], module: ModuleType, old: str, new: str) -> None:
    """The law fails for this mutant, or the mutant breaks down; for the module itself it holds (the caller tried)."""
    made = mutant(module, old, new)
    with pytest.raises((AssertionError, ValueError, LookupError, TypeError, AttributeError)):
        law(made)
