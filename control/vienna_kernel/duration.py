"""Durations as policy files write them: ``60s``, ``30m``, ``4h``, ``1d``, or whole seconds."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_DURATION = re.compile(r"([1-9][0-9]{0,8})(s|m|h|d)\Z")


def seconds(value: object) -> int:
    """Whole seconds of ``4h`` or of a bare positive integer. Raises ``ValueError`` on anything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    found = _DURATION.match(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"expected a duration such as 60s, 30m, 4h or 1d, got {value!r}")
    return int(found[1]) * _UNITS[found[2]]


def text(total_seconds: int) -> str:
    """The shortest spelling with one unit: 14400 is ``4h``, 90 is ``90s``."""
    for unit, size in reversed(_UNITS.items()):
        if total_seconds and total_seconds % size == 0:
            return f"{total_seconds // size}{unit}"
    return f"{total_seconds}s"


type Duration = Annotated[
    int, BeforeValidator(seconds, json_schema_input_type=str | int), Field(le=366 * 86400)
]
