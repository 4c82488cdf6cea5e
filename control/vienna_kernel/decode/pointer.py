"""JSON pointers (RFC 6901) into values.

A step ``*`` is every item of a list; of an object it is the member of that name, as RFC 6901 has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from functools import lru_cache
from typing import Final

from vienna_kernel.errors import MalformedError
from vienna_kernel.value import Value

type Pointer = tuple[str, ...]


class Missing(Enum):
    """The absence of a value; never equal to one."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING
type Found = Value | Missing

MAX_FOUND = 100_000

_EVERY = "*"
_MAX_KEPT = 200
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*)*\Z")
_INDEX = re.compile(r"(?:0|[1-9][0-9]{0,6})\Z")


def parse(text: str) -> Pointer:
    """``/a/b`` as its steps; the empty text is the whole. Errors: ``MalformedError``."""
    return _parsed(text) if len(text) <= _MAX_KEPT else _parsed.__wrapped__(text)


@lru_cache(maxsize=4096)  # the same few are asked for with every answer
def _parsed(text: str) -> Pointer:
    if not _POINTER.match(text):
        raise MalformedError("pointer", f"not a JSON pointer: {text[:60]!r}; it starts with a slash")
    return tuple([step.replace("~1", "/").replace("~0", "~") for step in text.split("/")[1:]])


def find(value: Value, pointer: Pointer) -> Found:
    """What stands at a pointer, or ``MISSING``."""
    at = value
    for step in pointer:
        if isinstance(at, dict) or isinstance(at, Mapping):  # noqa: SIM101  # the first is told five times as fast
            if step not in at:
                return MISSING
            at = at[step]
        elif isinstance(at, list) and _INDEX.match(step) and int(step) < len(at):
            at = at[int(step)]
        else:
            return MISSING
    return at


def every(value: Value, pointer: Pointer, *, lone: bool = False) -> Iterator[Found]:
    """What stands at each place that a pointer with ``*`` names, in order; ``MISSING`` where an item lacks it.

    A list without items gives nothing. Each value is met at most once, so the work is bounded by the value.

    Args:
        lone: Whether what is no list counts as a list of itself: XML does not tell one element from a list of one.
    """
    for i, step in enumerate(pointer):
        if step == _EVERY and not (isinstance(value, Mapping) and _EVERY in value):
            items = value if isinstance(value, list) else [value] if lone else None
            if items is None:
                break
            for item in items:
                yield from every(item, pointer[i + 1 :], lone=lone)
            return
        found = find(value, (step,))
        if found is MISSING:
            break
        value = found
    else:
        yield value
        return
    yield MISSING


def find_all(value: Value, pointer: Pointer, *, lone: bool = False) -> list[Value]:
    """All values that a pointer with ``*`` leads to, in order; items that lack it are left out.

    Errors: ``MalformedError`` for more than ``MAX_FOUND``.
    """
    found: list[Value] = []
    for item in every(value, pointer, lone=lone):
        if item is MISSING:
            continue
        if len(found) == MAX_FOUND:
            raise MalformedError("pointer", f"more than {MAX_FOUND} values")
        found.append(item)
    return found


def without(value: Value, pointers: Sequence[Pointer]) -> Value:
    """The value with what stands at the pointers taken out of objects; the given value is not changed."""
    for pointer in pointers:
        if pointer and find(value, pointer) is not MISSING:
            value = _taken(value, pointer)
    return value


def _taken(value: Value, pointer: Pointer) -> Value:
    step, rest = pointer[0], pointer[1:]
    if isinstance(value, Mapping):
        if not rest:
            return {key: item for key, item in value.items() if key != step}
        return {key: _taken(item, rest) if key == step else item for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str) and rest:
        return [_taken(item, rest) if str(i) == step else item for i, item in enumerate(value)]
    return value
