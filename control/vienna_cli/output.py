"""What a command prints: one shape for tables and data, one for errors.

1. Results go to standard output, everything said around them to standard error.
2. Text of agents and upstreams is data: control and direction characters are written as escapes, so that a line can be
   read, pasted and piped without doing anything.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum, StrEnum
from typing import Any

import yaml
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.table import Table
from rich.text import Text

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_PIPE_COLUMNS = 100_000
_ID_COLUMNS = 41
_FOLD_COLUMNS = 24
_GAP = 2


class Code(IntEnum):
    """Exit codes; a contract with scripts."""

    OK = 0
    ERROR = 1
    USAGE = 2
    DENIED = 3
    PENDING = 4
    VERIFICATION = 5
    UNREACHABLE = 6


class Format(StrEnum):
    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    JSONL = "jsonl"


class Failure(Exception):
    """Ends the command.

    Attributes:
        message: Sentences for people; may have several lines.
        code: Exit code.
    """

    def __init__(self, message: str, code: Code = Code.ERROR) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


type Column = tuple[str, Callable[[Mapping[str, Any]], Any]]


def escape(text: str) -> str:
    r"""Text on one line without control, direction or invisible characters: ``\n``, ``\x1b``, ``\u202e``."""
    return _UNSAFE.sub(lambda found: found.group().encode("unicode_escape").decode("ascii"), text)


def escape_lines(text: str) -> str:
    """As ``escape``, line ends kept: for our own text of several lines that may quote others'."""
    return "\n".join(escape(line) for line in text.split("\n"))


def field(name: str, path: str | None = None) -> Column:
    """A column that shows the value at a dotted path."""
    steps = (path or name).split(".")

    def value(row: Mapping[str, Any]) -> Any:
        at: Any = row
        for step in steps:
            at = at.get(step) if isinstance(at, Mapping) else None
        return at

    return name.rpartition(".")[2].replace("_", " "), value


def cell(value: Any) -> str:
    """One value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return escape(value)
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    if isinstance(value, (list, tuple)) and all(isinstance(item, (str, int)) for item in value):
        return escape(", ".join(str(item) for item in value))
    if isinstance(value, (Mapping, list, tuple)):
        return escape(json.dumps(value, ensure_ascii=False, default=str))
    return escape(str(value))


class Printer:
    """Prints in one format.

    Attributes:
        format: As asked for with ``-o``.
        quiet: Only ids of rows, and nothing on standard error.
    """

    def __init__(self, format: Format, *, quiet: bool = False) -> None:
        self.format = format
        self.quiet = quiet
        self.out, self.err = _console(sys.stdout), _console(sys.stderr)

    def rows(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[Column], *, key: str = "id") -> None:
        """Several things of one noun."""
        if self.format is not Format.TABLE:
            self.data(list(rows))
        elif self.quiet:
            for row in rows:
                self.line(cell(row.get(key)))
        elif rows:
            self._table(rows, columns)
        else:
            self.say("none")

    def record(self, data: Mapping[str, Any], columns: Sequence[Column], *, key: str = "id") -> None:
        """One thing, a line for each field that has a value."""
        if self.format is not Format.TABLE:
            self.data(data)
            return
        if self.quiet:
            self.line(cell(data.get(key)))
            return
        shown = [(name, cell(value(data))) for name, value in columns]
        width = max((len(name) for name, text in shown if text), default=0)
        for name, text in shown:
            if text:
                self.line(f"{name.ljust(width)}  {text}")

    def data(self, data: Any) -> None:
        """Data in the machine format asked for; JSON where a table was asked for and there is none."""
        if self.format is Format.YAML:
            sys.stdout.write(yaml.safe_dump(data, sort_keys=False, allow_unicode=False))
        elif self.format is Format.JSONL and isinstance(data, list):
            for row in data:
                sys.stdout.write(json.dumps(row, default=str) + "\n")
        else:
            indent = None if self.format is Format.JSONL else 2
            sys.stdout.write(json.dumps(data, indent=indent, default=str) + "\n")
        sys.stdout.flush()

    def line(self, text: str, style: str = "") -> None:
        """One line of a result, already escaped."""
        self.out.print(Text(text, style=style))

    def say(self, text: str, style: str = "") -> None:
        """Something around the result; nothing when quiet."""
        if not self.quiet:
            self.err.print(Text(escape_lines(text), style=style))

    def fail(self, text: str) -> None:
        """Why the command ended; also when quiet."""
        self.err.print(Text.assemble(("error: ", "bold red"), escape_lines(text)))

    def _table(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> None:
        lines = [[name.upper() for name, _ in columns]]
        lines += [[cell(value(row)) for _, value in columns] for row in rows]
        widths = [max(map(cell_len, column)) for column in zip(*lines, strict=True)]
        least = [min(width, _FOLD_COLUMNS) if width > _ID_COLUMNS else width for width in widths]
        gaps, room = _GAP * (len(widths) - 1), self.out.width
        if sum(widths) + gaps <= room:
            self._lines(lines, widths)
        elif sum(least) + gaps <= room:
            self._folded(lines, widths)
        else:
            self._cards(rows, columns)

    def _lines(self, lines: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
        """Each row on a line, nothing at its end."""
        for number, line in enumerate(lines):
            padded = (set_cell_size(text, width) for text, width in zip(line, widths, strict=True))
            self.line((" " * _GAP).join(padded).rstrip(), style="" if number else "bold")

    def _folded(self, lines: Sequence[Sequence[str]], widths: Sequence[int]) -> None:
        """Sentences folded within their column; ids and times stay whole, so that they can be copied."""
        table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
        for name, width in zip(lines[0], widths, strict=True):
            table.add_column(Text(name), overflow="fold", no_wrap=width <= _ID_COLUMNS)
        for line in lines[1:]:
            table.add_row(*map(Text, line))
        self.out.print(table, soft_wrap=False)

    def _cards(self, rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> None:
        """A line for each value, where the terminal is too narrow for a table."""
        for number, row in enumerate(rows):
            if number:
                self.line("")
            self.record(row, columns)


def _console(file: Any) -> Console:
    """A terminal says its own width, what goes into a pipe or file is not folded; NO_COLOR turns every escape off."""
    plain: dict[str, Any] = {"force_terminal": False} if os.environ.get("NO_COLOR") else {}
    width = None if file.isatty() else _PIPE_COLUMNS
    return Console(file=file, highlight=False, soft_wrap=True, width=width, **plain)
