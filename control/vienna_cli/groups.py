"""``vienna groups``: in which order groups of approvers are asked, and who of them is on duty."""

from __future__ import annotations

from typing import Annotated

import typer

from vienna_cli.output import field
from vienna_cli.terminal import Terminal, command, noun

app = noun("Groups of approvers: ls, duty.")

LIST = (
    field("name"),
    field("order"),
    ("members", lambda row: ", ".join(row["members"])),
    ("duty", lambda row: "calendar" if row.get("calendar") else "weekly" if row["duty"] else "always"),
    field("page"),
    field("from", "source"),
    field("problem", "calendar_problem"),
)
DUTY = (
    field("name"),
    field("at"),
    ("on duty", lambda row: ", ".join(one["email"] for one in row["on_duty"]) or "nobody"),
    field("changes at", "changes_at"),
)


@command(app, "ls")
def ls(terminal: Terminal) -> None:
    """List groups in the order they are asked; executives are last."""
    data = terminal.client.request("GET", "/groups", params={"limit": 500})
    terminal.printer.rows(data["groups"], LIST, key="name")


@command(app, "duty")
def duty(
    terminal: Terminal,
    name: Annotated[str, typer.Argument(metavar="GROUP")],
    at: Annotated[
        str | None, typer.Option(help="An instant with its zone; else now.", show_default=False)
    ] = None,
) -> None:
    """Show who of a group is on duty, and when that changes."""
    params = {"at": at} if at else {}
    told = terminal.client.request("GET", f"/groups/{name}/duty", params=params)
    terminal.printer.record(told, DUTY, key="name")


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="groups")
