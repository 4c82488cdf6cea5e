"""The table in the documentation: read, compared with what a run saw, and written by it."""

from __future__ import annotations

import fcntl
from collections.abc import Sequence
from pathlib import Path

from clients.outcomes import COLUMNS
from clients.table import CLIENTS

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"
_HEAD = ["client", *COLUMNS]


def names() -> list[str]:
    """The clients that have a row."""
    return list(_rows(PAGE.read_text()))


def row(name: str) -> list[str]:
    """The cells of a client; empty when it has none yet."""
    return _rows(PAGE.read_text()).get(name, [])


def write(name: str, cells: Sequence[str]) -> None:
    """Set the cells of a client, whatever other processes do to other rows."""
    with PAGE.open("r+") as page:
        fcntl.flock(page, fcntl.LOCK_EX)
        text = page.read()
        rows = {**_rows(text), name: list(cells)}
        before, _, after = _parts(text)
        order = [client.name for client in CLIENTS if client.name in rows]
        lines = [_line(_HEAD), "|---" * len(_HEAD) + "|", *(_line([each, *rows[each]]) for each in order)]
        page.seek(0)
        page.truncate()
        page.write(before + "\n".join(lines) + "\n" + after)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _parts(text: str) -> tuple[str, str, str]:
    """What stands before the table, the table, and what stands after it."""
    head = text.index(_line(_HEAD))
    end = text.index("\n\n", head) + 1
    return text[:head], text[head:end], text[end:]


def _rows(text: str) -> dict[str, list[str]]:
    cells = [line.strip("| \n").split(" | ") for line in _parts(text)[1].splitlines()]
    return {name: rest for name, *rest in cells[2:]}
