"""``vienna api-keys``: keys of one's own, limited and replaced."""

from __future__ import annotations

from typing import Annotated

import typer

from vienna_cli.output import field
from vienna_cli.terminal import Terminal, command, noun

app = noun("Keys of your own: list, add, rotate, revoke.")

LIST = (
    field("id", "key_id"),
    field("name"),
    field("begins", "prefix"),
    field("scopes"),
    field("last used", "last_used_at"),
    field("until", "expires_at"),
    field("owner", "operator_id"),
)
_MADE = (*LIST, field("key", "api_key"))

Id = Annotated[str, typer.Argument(metavar="ID")]


@command(app, "ls")
def ls(
    terminal: Terminal,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody's, for an admin.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
) -> None:
    """List keys."""
    params = {"limit": limit, **({"all": "true"} if everybody else {})}
    data = terminal.client.request("GET", "/api-keys", params=params)
    terminal.printer.rows(data["api_keys"], LIST, key="key_id")


@command(app, "add")
def add(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(metavar="NAME")],
    scope: Annotated[
        list[str] | None,
        typer.Option(
            "--scope", help="read, approve, operate, audit, administer; again for more.", show_default=False
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=365, help="For how long.")] = 90,
) -> None:
    """Make a key. It is shown here only; without --scope it reads."""
    body = {"name": name, "scopes": scope or ["read"], "expires_in_days": days}
    made = terminal.client.request("POST", "/api-keys", json=body)
    terminal.printer.record(made, _MADE, key="api_key")


@command(app, "rotate")
def rotate(
    terminal: Terminal,
    key: Id,
    overlap: Annotated[int, typer.Option(min=0, max=24, help="Hours for which the old one holds.")] = 1,
) -> None:
    """Make a new key instead of one. It is shown here only."""
    made = terminal.client.request("POST", f"/api-keys/{key}/rotate", json={"overlap_hours": overlap})
    terminal.printer.record(made, _MADE, key="api_key")


@command(app, "revoke")
def revoke(terminal: Terminal, key: Id) -> None:
    """End a key at once."""
    done = terminal.client.request("DELETE", f"/api-keys/{key}")
    terminal.printer.record(done, (field("id", "key_id"), field("revoked_at")), key="key_id")


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="api-keys")
