"""``vienna join-tokens``: what lets a gate in."""

from __future__ import annotations

from typing import Annotated

import typer

from vienna_cli.output import Code, Failure, field
from vienna_cli.terminal import Terminal, command, noun

app = noun("What lets a gate in, for one agent: create, list, revoke.")

LIST = (
    field("id", "join_token_id"),
    field("agent"),
    field("name"),
    field("begins", "prefix"),
    ("uses", lambda row: f"{row['used']} of {row['uses'] or 'any'}"),
    field("until", "expires_at"),
)
_MADE = (*LIST, field("token"))

_UNLIMITED = "unlimited"


@command(app, "create")
def create(
    terminal: Terminal,
    agent: Annotated[str, typer.Argument(metavar="AGENT", help="The agent that its gates speak for.")],
    uses: Annotated[str, typer.Option(help="How many gates, or unlimited: for pods.")] = "1",
    hours: Annotated[int, typer.Option(min=1, max=720, help="For how long.")] = 24,
    name: Annotated[str, typer.Option(help="What people call it.", show_default=False)] = "",
) -> None:
    """Make a token. It is shown here only; -q prints it alone, for a file or a Secret."""
    if uses != _UNLIMITED and not (uses.isascii() and uses.isdigit()):
        raise Failure(f"--uses is a number or {_UNLIMITED}, got {uses!r}", Code.USAGE)
    body = {
        "agent": agent,
        "name": name,
        "uses": None if uses == _UNLIMITED else int(uses),
        "expires_in_hours": hours,
    }
    made = terminal.client.request("POST", "/join-tokens", json=body)
    terminal.printer.record(made, _MADE, key="token")


@command(app, "ls")
def ls(terminal: Terminal, limit: Annotated[int, typer.Option(min=1, max=500)] = 50) -> None:
    """List tokens, and how many gates each let in."""
    data = terminal.client.request("GET", "/join-tokens", params={"limit": limit})
    terminal.printer.rows(data["join_tokens"], LIST, key="join_token_id")


@command(app, "revoke")
def revoke(terminal: Terminal, token: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """End a token. Gates that it let in cannot renew with it, and end within two days."""
    done = terminal.client.request("DELETE", f"/join-tokens/{token}")
    terminal.printer.record(done, (field("id", "join_token_id"), field("revoked_at")), key="join_token_id")


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="join-tokens")
