"""``vienna explain INTENT``: why it was decided so, and every event of it in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from vienna_cli.output import Format, Printer, cell, field
from vienna_cli.terminal import Terminal, command

HEAD = (
    field("intent", "intent_id"),
    field("summary"),
    field("status"),
    field("tier", "risk_tier"),
    field("reason"),
    field("would"),
)


def explain(terminal: Terminal, intent_id: Annotated[str, typer.Argument(metavar="INTENT")]) -> None:
    """Explain a decision: rule, conditions, tier, events."""
    client = terminal.client
    intent = client.intent(intent_id)
    why = client.request("GET", f"/intents/{intent_id}/explanation")
    timeline = client.request("GET", f"/intents/{intent_id}/timeline")
    if terminal.printer.format is not Format.TABLE:
        terminal.printer.data({"intent": intent, "explanation": why, "timeline": timeline})
        return
    terminal.printer.record(intent, HEAD)
    told = {field_name for field_name in why if field_name in intent}
    _data(terminal.printer, {name: value for name, value in why.items() if name not in told}, 0)
    for event in timeline["events"]:
        terminal.printer.line(
            f"  {cell(event.get('at'))}  {cell(event.get('type'))}  {cell(event.get('data'))}"
        )


def _data(printer: Printer, data: Any, depth: int) -> None:
    """Nested data as an indented outline."""
    for name, value in data.items() if isinstance(data, Mapping) else ():
        label = f"{'  ' * depth}{cell(name).replace('_', ' ')}"
        if isinstance(value, Mapping) and value:
            printer.line(label)
            _data(printer, value, depth + 1)
        elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            printer.line(label)
            for item in value:
                pairs = ", ".join(f"{cell(key)}={cell(part)}" for key, part in item.items() if cell(part))
                printer.line(f"{'  ' * (depth + 1)}- {pairs}")
        elif text := cell(value):
            printer.line(f"{label}  {text}")


def register(app: typer.Typer) -> None:
    command(app, "explain")(explain)
