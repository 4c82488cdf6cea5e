"""``vienna policies changes``: what waits for a second person."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from vienna_cli.output import field
from vienna_cli.policies_load import told
from vienna_cli.terminal import Terminal, command, noun

app = noun("Changes that wait for a second person: ls, show, approve, reject, rebase.")

Id = Annotated[str, typer.Argument(metavar="CHANGE", help="Its id.", show_default=False)]
Comment = Annotated[str, typer.Option("--comment", help="For the record.")]

LIST = (
    field("id"),
    field("status"),
    field("title"),
    field("author", "author_name"),
    field("expires", "expires_at"),
    field("decided by", "decided_by_name"),
)
DOCUMENTS = (
    field("kind"),
    field("document", "id"),
    field("what"),
    field("stale"),
    ("CHANGE", lambda row: "; ".join(f"{c['field']}: {c['before']} → {c['after']}" for c in row["change"])),
)


@command(app, "ls")
def ls(
    terminal: Terminal,
    status: Annotated[
        str | None, typer.Option(help="pending, applied, rejected, withdrawn, expired.")
    ] = "pending",
) -> None:
    """List proposed changes."""
    data = terminal.client.request("GET", "/policies/changes", params={"status": status} if status else {})
    terminal.printer.rows(data["changes"], LIST)


@command(app, "show")
def show(terminal: Terminal, change: Id) -> None:
    """Show what a change would do: to the rules, and to the last week's traffic."""
    data = terminal.client.request("GET", f"/policies/changes/{change}")
    if terminal.printer.format != "table":
        terminal.printer.data(data)
        return
    terminal.printer.record(data, LIST)
    terminal.printer.rows(data["documents"], DOCUMENTS)
    for one in data["report"]["warnings"]:
        terminal.printer.say(f"{one['rule_id']}: {one['why']}; {one['fix']}")
    for line in told(data["report"]["backtest"]):
        terminal.printer.say(line)


@command(app, "approve")
def approve(terminal: Terminal, change: Id, comment: Comment = "") -> None:
    """Put somebody else's change in force."""
    _decide(terminal, change, "approve", {"comment": comment})


@command(app, "reject")
def reject(terminal: Terminal, change: Id, comment: Comment = "") -> None:
    """End a change without effect."""
    _decide(terminal, change, "reject", {"comment": comment})


@command(app, "rebase")
def rebase(terminal: Terminal, change: Id) -> None:
    """Make your own change against what is in force now."""
    _decide(terminal, change, "rebase", None)


def _decide(terminal: Terminal, change: str, verb: str, body: dict[str, Any] | None) -> None:
    terminal.printer.record(
        terminal.client.request("POST", f"/policies/changes/{change}/{verb}", json=body), LIST
    )
