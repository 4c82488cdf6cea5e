"""The live view as it is drawn: at most as many lines and columns as there are. All text comes here escaped."""

from __future__ import annotations

import math
from datetime import datetime

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.text import Text

from vienna_cli.facts import barred, claimed, consent, facts, on_the_line
from vienna_cli.lines import CUT, Line, instant
from vienna_cli.output import cell, escape
from vienna_cli.watch.queue import Row
from vienna_cli.watch.view import Page, View

_PREVIEW = 8
_MOST_SAID = 3
_TIERS = {"T1": "cyan", "T2": "yellow", "T3": "bold red"}
_LIST_KEYS = "j/k move  Enter facts  a agree  d deny  n lower  c claim  q quit"
_PAGE_KEYS = "j/k scroll  a agree  d deny  n lower  c claim  x whole values  q back"
_ASKING_KEYS = "Enter goes on  Esc leaves"


def drawn(view: View, now: datetime, *, width: int, height: int) -> list[Text]:
    """``height`` lines, none wider than ``width``. Notes what of it can be read, and where the page ends."""
    foot = _foot(view, now, width)
    view.legible = False
    room = max(1, height - len(foot) - 2)
    body = _page(view.page, now, width, room) if view.page else _list(view, now, width, room)
    blank = [Text("")] * max(0, room - len(body))
    lines = [_head(view, now, width), Text(""), *body[:room], *blank, *foot]
    return lines[-height:] if len(lines) > height else lines


def _fit(text: str, width: int, style: str = "") -> Text:
    """One line, its end marked where it does not fit."""
    text = escape(text)
    if cell_len(text) > width:
        text = set_cell_size(text, max(0, width - 1)).rstrip() + "…"
    return Text(text, style=style)


def _head(view: View, now: datetime, width: int) -> Text:
    fresh = f", {len(view.queue.fresh)} new" if view.queue.fresh else ""
    state = "trying again" if view.trouble else "live" if view.begun else "connecting"
    text = f"Approvals: {view.queue.waiting} waiting{fresh}"
    right = f"{state}  {now.astimezone():%H:%M:%S}"
    gap = max(2, width - cell_len(text) - cell_len(right))
    return _fit(text + " " * gap + right, width, "bold red" if view.trouble else "bold")


def _foot(view: View, now: datetime, width: int) -> list[Text]:
    if view.asking is not None:
        asked, beside = view.asking.lines()
        typed = [Text(line, style="bold") for line in _wrapped(f"{asked}_", width)]
        return [*typed, *(Text(line) for line in _wrapped(beside, width)), _fit(_ASKING_KEYS, width, "dim")]
    said = view.said
    if view.soon:
        seconds = max(0, math.ceil((view.soon.at - now).total_seconds()))
        said = f"you agree in {seconds} s; u takes it back"
    if view.trouble:
        said = f"not connected, what stands here is old: {view.trouble}"
    told = [Text(line, style="bold") for line in _wrapped(said, width)[:_MOST_SAID]]
    return [*told, _fit(_PAGE_KEYS if view.page else _LIST_KEYS, width, "dim")]


def _list(view: View, now: datetime, width: int, room: int) -> list[Text]:
    queue = view.queue
    if not queue.rows:
        return [Text("Nothing waits." if view.begun else "")]
    beside = _preview(view, width) if room > _PREVIEW + 3 else []
    seats = max(1, room - len(beside) - 1)
    top = max(0, min(queue.cursor - seats // 2, len(queue.rows) - seats))
    rows = [
        _row(row, now, width, looked=at == queue.cursor, fresh=row["approval_id"] in queue.fresh)
        for at, row in enumerate(queue.rows[top : top + seats], top)
    ]
    below = len(queue.rows) - top - seats
    more = _fit(f"  {below} more below" if below > 0 else "", width, "dim")
    blank = [Text("")] * (seats - len(rows))
    return [*rows, *blank, more, *beside]


def _row(row: Row, now: datetime, width: int, *, looked: bool, fresh: bool) -> Text:
    pending = row["status"] == "pending"
    mark = ">" if looked else "*" if fresh else " "
    agent = "line" if row.get("agent_waiting") else "gone"
    counts = f"{row['current_approvals']}/{row['required_approvers']}"
    state = f"{countdown(row['expires_at'], now):>6} {counts:>4} {agent}" if pending else cell(row["status"])
    holder = f"[{cell(row['claimed_by']).partition('@')[0]}] " if row.get("claimed_by") else ""
    unusual = "! " if row.get("unusual") else ""
    said = f"{holder}{unusual}{cell(row.get('sentence'))}"
    told = f"{mark} {cell(row['risk_tier'])} {state:<16} {said}"
    style = _TIERS.get(str(row["risk_tier"]), "") if pending else "dim"
    return _fit(told, width, f"reverse {style}".strip() if looked else style)


def countdown(until: str, now: datetime) -> str:
    """What is left, in six columns at most: ``3h59m``, ``59:12``, ``0:05``, ``over``."""
    seconds = int((instant(until) - now).total_seconds())
    if seconds <= 0:
        return "over"
    if seconds >= 100 * 3600:
        return f"{seconds // 86400}d"
    return (
        f"{seconds // 3600}h{seconds % 3600 // 60:02}m"
        if seconds >= 3600
        else f"{seconds // 60}:{seconds % 60:02}"
    )


def _preview(view: View, width: int) -> list[Text]:
    """The one under the cursor, so that what one key decides is read in full; notes whether it is."""
    row = view.queue.current
    if row is None:
        return []
    lines = [("bold", cell(row.get("sentence")))]
    lines += [("yellow", f"! {cell(note)}") for note in row.get("unusual") or []]
    if row["status"] == "pending":
        lines.append(("", f"{consent(row)}; the agent {on_the_line(row)}"))
    lines += [("", text) for text in (claimed(row) and f"claimed {claimed(row)}", _may_not(row)) if text]
    told = [Text(line, style=style) for style, text in lines for line in _wrapped(text, width)]
    view.legible = len(told) < _PREVIEW
    if not view.legible:
        told = [*told[: _PREVIEW - 2], _fit("… Enter shows the rest", width, "dim")]
    return [Text("-" * width, style="dim"), *told, *[Text("")] * (_PREVIEW - 1 - len(told))]


def _may_not(row: Row) -> str:
    return "" if row.get("you_may_decide", True) else f"you {barred(row)}"


def _page(page: Page, now: datetime, width: int, room: int) -> list[Text]:
    told = facts(page.approval, now=now, most=None if page.whole else CUT)
    lines = [text for line in told for text in _folded(line, width)]
    page.top = max(0, min(page.top, len(lines) - room))
    shown = lines[page.top : page.top + room]
    if (below := len(lines) - page.top - room) > 0:
        shown[-1] = _fit(f"… {below + 1} more lines below", width, "dim")
    return shown


def _folded(line: Line, width: int) -> list[Text]:
    """Folded within its own margin; nothing is lost."""
    indent = " " * min(line.indent, width // 2)
    told = _wrapped(line.text, width - len(indent))
    return [Text(indent + one, style=line.style) for one in told] or [Text("")]


def _wrapped(text: str, width: int) -> list[str]:
    """At spaces where there are some, else wherever the line is full."""
    lines: list[str] = []
    for word in _pieces(text, width):
        if lines and cell_len(lines[-1]) + cell_len(word) <= width:
            lines[-1] += word
        else:
            lines.append(word)
    return [line.rstrip() for line in lines]


def _pieces(text: str, width: int) -> list[str]:
    words = [word + " " for word in escape(text).split(" ")]
    words[-1] = words[-1][:-1]
    width = max(1, width)
    return [
        piece for word in words for piece in ([word] if cell_len(word) <= width else chop_cells(word, width))
    ]
