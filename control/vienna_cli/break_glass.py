"""``vienna break-glass``: one person in an emergency, and the review of it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from vienna_cli.output import Code, Failure, field
from vienna_cli.terminal import Terminal, command, noun

app = noun("One person in an emergency: open, review, ls.")

LIST = (
    field("id", "break_glass_id"),
    field("by", "opened_by"),
    field("incident"),
    field("reason"),
    ("for", lambda row: row["approval_id"] or f"{row['action']} of {row['agent_id']}"),
    ("let go", lambda row: str(len(row["approvals"]))),
    field("until", "expires_at"),
    field("review"),
    field("reviewed by", "reviewed_by"),
)


@command(app, "open")
def open_(
    terminal: Terminal,
    incident: Annotated[str, typer.Option(help="Number of the incident.")],
    reason: Annotated[str, typer.Option(help="Why nobody else can be waited for.")],
    approval: Annotated[str | None, typer.Option(help="This approval.", show_default=False)] = None,
    agent: Annotated[str | None, typer.Option(help="What this agent …", show_default=False)] = None,
    action: Annotated[str | None, typer.Option(help="… does by this action.", show_default=False)] = None,
    minutes: Annotated[int, typer.Option(min=1, max=30, help="How long, for an action.")] = 30,
    otp: Annotated[str | None, typer.Option(help="Your six-digit code.", show_default=False)] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Stand for the quorum. Every approver and auditor is told at once, and somebody reviews it.

    Where a passkey is asked for, this is done in a browser.
    """
    if (approval is None) is not (agent is not None and action is not None):
        raise Failure("give --approval, or --agent and --action", Code.USAGE)
    terminal.confirm("Every other approver and the auditors will be told. Break the glass?", yes=yes)
    code = otp or terminal.ask("Your code", option="--otp")
    body: dict[str, Any] = {"incident": incident, "reason": reason, "otp": code}
    body |= {"approval_id": approval} if approval else {"agent": agent, "action": action, "minutes": minutes}
    told = terminal.client.request("POST", "/break-glass", json=body)
    terminal.printer.record(told, LIST, key="break_glass_id")


@command(app, "review")
def review(
    terminal: Terminal,
    break_glass_id: Annotated[str, typer.Argument(metavar="ID")],
    verdict: Annotated[str, typer.Option(help="What you found.")],
) -> None:
    """Close the review of one that somebody else opened; until then nobody opens the next."""
    path = f"/break-glass/{break_glass_id}/review"
    told = terminal.client.request("POST", path, json={"verdict": verdict})
    terminal.printer.record(told, LIST, key="break_glass_id")


@command(app, "ls")
def ls(terminal: Terminal, limit: Annotated[int, typer.Option(min=1, max=500)] = 50) -> None:
    """List every time the glass was broken, newest first."""
    data = terminal.client.request("GET", "/break-glass", params={"limit": limit})
    terminal.printer.rows(data["break_glass"], LIST, key="break_glass_id")


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="break-glass")
