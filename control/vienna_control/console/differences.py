"""Before and after, line by line, where a value has lines."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from vienna_control.policies.text import dumped

__all__ = ["lines", "with_lines"]

type Line = tuple[Literal["same", "out", "in", "gap"], str]

_AROUND = 3
_MOST = 2000


def with_lines(changes: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Changes as ``policies.difference`` tells them, each with ``lines``: None where one value stands for another."""
    return [{**one, "lines": _lines_of(one["before"], one["after"])} for one in changes]


def _lines_of(before: Any, after: Any) -> list[Line] | None:
    if not any(
        isinstance(one, dict | list) or (isinstance(one, str) and "\n" in one) for one in (before, after)
    ):
        return None
    return lines(_text(before), _text(after))


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else dumped(value)


def lines(before: str, after: str) -> list[Line]:
    """What stays near what changes, what goes and what comes; ``gap`` stands for what is left out."""
    return list(_told(before.splitlines(), after.splitlines()))


def _told(before: list[str], after: list[str]) -> Iterator[Line]:
    if len(before) + len(after) > _MOST:  # the time that it takes grows with the square
        yield from (("out", line) for line in before[:_MOST])
        yield from (("in", line) for line in after[:_MOST])
        return
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for at, group in enumerate(matcher.get_grouped_opcodes(_AROUND)):
        if at or group[0][1]:
            yield "gap", ""
        for word, i, j, k, m in group:
            if word == "equal":
                yield from (("same", line) for line in before[i:j])
            else:
                yield from (("out", line) for line in before[i:j])
                yield from (("in", line) for line in after[k:m])
