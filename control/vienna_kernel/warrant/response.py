"""Bounds of the answer, as a warrant carries them: by name, a number that the answer must not exceed.

1. The names are a closed list; a warrant with another one has no reading, because nobody could hold it.
2. What cannot be counted exceeds every bound on its count.

Stability: the claim is ``{"max_body_bytes": int, "max_items": int}``, each optional; names are only ever added.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

MAX_BODY_BYTES = "max_body_bytes"  # of the decoded body, as far as it was let pass
MAX_ITEMS = "max_items"  # of the list that the mapping names, or that the body is
NAMES = (MAX_BODY_BYTES, MAX_ITEMS)


class Excess(NamedTuple):
    """One bound that the answer does not keep.

    Attributes:
        found: What was counted; None when it could not be.
    """

    name: str
    most: int
    found: int | None


def exceeded(limits: Mapping[str, int], *, body_bytes: int | None, items: int | None) -> tuple[Excess, ...]:
    """The bounds that an answer does not keep, in their order; empty when it keeps all.

    ``body_bytes`` and ``items`` are None where they could not be counted: a streamed body, a body that is no list.
    """
    found = {MAX_BODY_BYTES: body_bytes, MAX_ITEMS: items}
    rows = (Excess(name, most, found.get(name)) for name, most in sorted(limits.items()))
    return tuple(row for row in rows if row.found is None or row.found > row.most)


def within(limits: Mapping[str, int], outer: Mapping[str, int]) -> bool:
    """Whether an answer that keeps ``limits`` keeps ``outer``."""
    return all(name in limits and limits[name] <= most for name, most in outer.items())
