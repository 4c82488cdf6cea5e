"""``vienna traffic``: what agents asked for and what became of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from vienna_cli.output import Format, field
from vienna_cli.terminal import Terminal, command, noun
from vienna_client import UnreachableError

app = noun("What agents asked for and what became of it: tail, show.")

LIST = (
    field("at", "created_at"),
    field("id", "intent_id"),
    field("agent"),
    field("tier", "risk_tier"),
    field("status"),
    ("what", lambda row: row.get("summary") or row.get("action")),
    ("because", lambda row: f"would be {row['would']}" if row.get("would") else row.get("reason")),
)
ONE = (
    field("id", "intent_id"),
    field("agent"),
    field("summary"),
    field("action"),
    field("target"),
    field("status"),
    field("tier", "risk_tier"),
    field("grade"),
    field("would"),
    field("reason"),
    field("detail"),
    field("rule"),
    field("method"),
    field("url"),
    field("body", "call.body"),
    field("approval", "approval_id"),
    field("warrant", "warrant_id"),
    field("execution", "execution_id"),
    field("http status", "execution.http_status"),
    field("verification", "verification.result"),
    field("withheld", "execution.withheld"),
    field("asked at", "created_at"),
    field("changed at", "updated_at"),
)

_POLL_SECONDS = 2.0
_QUIET_EVENTS = frozenset({"approval_changed", "message"})


@command(app, "tail")
def tail(
    terminal: Terminal,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as it happens.")] = False,
    agent: Annotated[str | None, typer.Option(help="Only of this agent.", show_default=False)] = None,
    status: Annotated[str | None, typer.Option(help="Only with this status.", show_default=False)] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=500)] = 20,
) -> None:
    """The latest intents, oldest first."""
    params = {name: value for name, value in (("agent_id", agent), ("status", status)) if value}
    shown: dict[str, str] = {}
    _print_new(terminal, shown, {**params, "limit": limit})
    while follow:
        for _ in _changes(terminal):
            _print_new(terminal, shown, {**params, "limit": 100})


@command(app, "show")
def show(terminal: Terminal, intent_id: Annotated[str, typer.Argument(metavar="INTENT")]) -> None:
    """Show one intent with its approval, warrant, execution and verification."""
    terminal.printer.record(terminal.client.intent(intent_id), ONE, key="intent_id")


def _print_new(terminal: Terminal, shown: dict[str, str], params: Mapping[str, Any]) -> None:
    """Intents that were not printed yet in the status they have now."""
    rows = terminal.client.request("GET", "/intents", params=params)["intents"]
    new = [row for row in reversed(rows) if shown.get(row["intent_id"]) != row["status"]]
    shown.update({row["intent_id"]: row["status"] for row in new})
    if terminal.printer.format is Format.JSONL or new:
        terminal.printer.rows(new, LIST, key="intent_id")


def _changes(terminal: Terminal) -> Iterator[None]:
    """Once for each thing that happened; after two seconds where events cannot be had."""
    try:
        for event in terminal.client.events():
            if event.name not in _QUIET_EVENTS:
                yield
    except UnreachableError:
        time.sleep(_POLL_SECONDS)
    yield


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="traffic")
