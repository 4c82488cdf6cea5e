"""``vienna settings``: how the control plane was set up, told by the control plane itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from vienna_cli.output import field
from vienna_cli.terminal import Terminal, command, noun

app = noun("Settings of the control plane, as they hold; no secret is told.")


def _to_do(row: Mapping[str, Any]) -> str:
    advice = row["advice"]
    return f"{advice['detail']}: {advice['fix']}" if advice else ""


LIST = (
    field("setting", "name"),
    field("value"),
    field("from", "source"),
    field("where"),
    ("do", _to_do),
)


@command(app, "ls")
def ls(
    terminal: Terminal,
    changed: Annotated[bool, typer.Option("--changed", help="Those that are not as they come.")] = False,
) -> None:
    """List settings: what holds, where it was said, and what prod would refuse."""
    found = terminal.client.request("GET", "/settings")["settings"]
    rows = [one for one in found if not (changed and one["default"] and one["advice"] is None)]
    terminal.printer.rows(rows, LIST, key="name")


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="settings")
