"""Around the filter of a list: its keys, common terms as links, filters that are kept, and what does not read."""

from __future__ import annotations

import re
from typing import Any

from vienna_control.api.problems import Code, Problem
from vienna_control.console.visit import Visit
from vienna_kernel.filter.key import Screen

__all__ = ["Chips", "added", "has", "marked", "of_time", "offered", "removed", "toggled", "within", "wrong"]

type Chips = tuple[tuple[str, str], ...]
"""What a common term is called, and the term."""

_PART = re.compile(r'(?:"(?:\\.|[^"\\])*"?|[^\s"])+')
"""A run without spaces, but within quotes."""
_OF_TIME = ("after:", "before:", "since:")


async def offered(visit: Visit, screen: Screen, q: str, chips: Chips) -> dict[str, Any]:
    """``keys`` and ``kept`` of a screen, and ``chips`` as they change this filter."""
    keys, kept = await visit.all(
        visit.ask("GET /filters/keys"), visit.ask("GET /filters", query={"screen": screen, "limit": 100})
    )
    return {
        "screen": screen,
        "keys": keys["screens"][screen],
        "parameters": screen in keys["parameters"],
        "kept": sorted(kept["filters"], key=lambda one: one["name"].lower()),
        "chips": [{"name": name, "on": has(q, term), "q": toggled(q, term)} for name, term in chips],
    }


def wrong(problem: Problem, q: str) -> dict[str, Any]:
    """What does not read in a filter, and where. Raises the problem when it is another."""
    if problem.code is not Code.VALIDATION_FAILED or not problem.message.startswith(("/q: ", "?/q: ")):
        raise problem
    column = next((one["column"] for one in problem.details or () if "column" in one), 1)
    return {"says": problem.message.partition(": ")[2], "parts": marked(q, column)}


def toggled(q: str, term: str) -> str:
    """The filter without the term where it has it, with it else; a term of time instead of others."""
    if has(q, term):
        return removed(q, term)
    return added(_timeless(q) if term.startswith(_OF_TIME) else q, term)


def within(q: str, start: str, end: str) -> str:
    """The filter from an instant up to before another, instead of the time it says."""
    return added(added(_timeless(q), f"after:{start}"), f"before:{end}")


def of_time(q: str) -> bool:
    """Whether a term of time stands by itself in a filter without ``or``."""
    parts = _PART.findall(q)
    return not _alternatives(parts) and any(part.startswith(_OF_TIME) for part in parts)


def _timeless(q: str) -> str:
    """Without its terms of time, where they are easily told: what is in parentheses or negated stays."""
    parts = _PART.findall(q)
    if any(part.lower() in ("or", "not") or part.startswith(("(", "-(")) or part == "-" for part in parts):
        return q
    return " ".join(part for part in parts if not part.startswith(_OF_TIME))


def has(q: str, term: str) -> bool:
    """Whether the term stands by itself in a filter without ``or``."""
    parts = _PART.findall(q)
    return term in parts and not _alternatives(parts)


def added(q: str, term: str) -> str:
    """The filter, and this as well."""
    q = q.strip()
    if not q:
        return term
    return f"({q}) {term}" if _alternatives(_PART.findall(q)) else f"{q} {term}"


def removed(q: str, term: str) -> str:
    """The filter without it."""
    return " ".join(part for part in _PART.findall(q) if part != term)


def marked(q: str, column: int) -> tuple[str, str, str]:
    """What stands before a column (from 1), the part that begins there, and the rest."""
    before, rest = q[: column - 1], q[column - 1 :]
    found = _PART.match(rest)
    end = found.end() if found else min(1, len(rest))
    return before, rest[:end], rest[end:]


def _alternatives(parts: list[str]) -> bool:
    return "or" in (part.lower() for part in parts)
