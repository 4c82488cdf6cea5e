"""The view of whoever has no terminal to draw on: a line for each change, as data where that is asked for."""

from __future__ import annotations

import queue as threads
from datetime import UTC, datetime

from vienna_cli.lines import left
from vienna_cli.output import Format, cell
from vienna_cli.terminal import Terminal
from vienna_cli.watch.feed import Ended, Feed, Listed, News, Trouble
from vienna_cli.watch.queue import Queue, Row


def run(terminal: Terminal) -> None:
    """Until it is interrupted, or the control plane refuses whoever asks."""
    printer, told = terminal.printer, threads.SimpleQueue[News]()
    waiting, cut_off = Queue(), False
    feed = Feed(terminal.client, told.put)
    printer.say("watching; Ctrl-C ends")
    feed.start()
    try:
        while True:
            match told.get():
                case Ended(approval_id, status):
                    waiting.ended(approval_id, status)
                case Trouble(why, final):
                    if final is not None:
                        raise final
                    if not cut_off:
                        printer.say(f"{why}; trying again")
                    cut_off = True
                case Listed(rows, _):
                    if cut_off:
                        printer.say("connected again")
                    cut_off = False
                    for words, row in waiting.take(rows):
                        _say(terminal, words, row)
    finally:
        feed.stop()


def _say(terminal: Terminal, words: str, row: Row) -> None:
    """Data has the new ones only: it is what scripts act on."""
    printer = terminal.printer
    if printer.format is not Format.TABLE:
        if words == "new":
            printer.data([dict(row)] if printer.format is Format.JSONL else dict(row))
    elif printer.quiet:
        if words == "new":
            printer.line(cell(row["approval_id"]))
    else:
        printer.line(line(words, row, datetime.now(UTC)))


def line(words: str, row: Row, now: datetime) -> str:
    """``22:32:20 new T2 apr-… billing-bot wants to … (0 of 2, agent on the line, 3 h 59 min left)``."""
    told = f"{now.astimezone():%H:%M:%S} {words}  {cell(row['risk_tier'])}  {cell(row['approval_id'])}  "
    told += cell(row.get("sentence"))
    if words != "new":
        return told
    agent = "on the line" if row.get("agent_waiting") else "hung up"
    counts = f"{row['current_approvals']} of {row['required_approvers']}"
    more = f"{counts}, agent {agent}, {left(row['expires_at'], now)} left"
    unusual = "".join(f"; unusual: {cell(note)}" for note in (row.get("unusual") or [])[:1])
    return f"{told}  ({more}{unusual})"
