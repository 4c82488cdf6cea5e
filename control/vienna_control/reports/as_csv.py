"""A report as CSV (RFC 4180), its sections one under the other.

A cell that a spreadsheet would compute (``= + - @``, a tab or a line break first) gets an apostrophe before it: what an
agent named its action is text, never a formula. Numbers of ours are written as they are.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from typing import Any

from vienna_control.reports.content import Cell, words

_COMPUTED = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""ASCII and full-width; blanks before them are skipped by some."""


def render(report: dict[str, Any], digest: str) -> str:
    """The whole of it; every line ends with CR LF."""
    out = io.StringIO()
    writer = csv.writer(out)

    def line(cells: Iterable[Cell]) -> None:
        writer.writerow([_safe(cell) for cell in cells])

    for name in ("report_id", "tenant", "type", "from", "to"):
        line((name, report[name]))
    line(("filters", words(report["filters"])))
    line(("made_at", report["made_at"]))
    line(("digest", digest))
    for section in report["sections"]:
        line(())
        line(("section", section["id"], section["title"], section["note"]))
        line(section["columns"])
        for row in section["rows"]:
            line(row)
    return out.getvalue()


def _safe(cell: Cell) -> str | int:
    if cell is None:
        return ""
    if isinstance(cell, int):
        return cell
    return f"'{cell}" if cell.lstrip(" \u00a0").startswith(_COMPUTED) else cell
