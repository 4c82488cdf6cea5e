"""``vienna approvals claim | release | comment``: what colleagues tell each other about what waits."""

from __future__ import annotations

from typing import Annotated

import typer

from vienna_cli.output import field
from vienna_cli.terminal import Terminal

CLAIM = (field("id", "approval_id"), field("claimed by", "claimed_by"), field("until", "claimed_until"))
RELEASE = (field("id", "approval_id"), field("released"))
COMMENT = (field("id", "comment_id"), field("by", "operator"), field("text"), field("at"))

Id = Annotated[str, typer.Argument(metavar="ID")]


def claim(terminal: Terminal, approval_id: Id) -> None:
    """Tell the others that you read it now: for five minutes, again to go on. They may still decide."""
    told = terminal.client.request("POST", f"/approvals/{approval_id}/claim")
    terminal.printer.record(told, CLAIM, key="approval_id")


def release(terminal: Terminal, approval_id: Id) -> None:
    """Give your claim back."""
    told = terminal.client.request("POST", f"/approvals/{approval_id}/release")
    terminal.printer.record(told, RELEASE, key="approval_id")


def comment(
    terminal: Terminal,
    approval_id: Id,
    text: Annotated[str | None, typer.Argument(help="What to tell them; without it: what was said.")] = None,
) -> None:
    """Tell colleagues something about it, or list what they said. The agent never gets it."""
    path = f"/approvals/{approval_id}/comments"
    if text is None:
        terminal.printer.rows(terminal.client.request("GET", path)["comments"], COMMENT, key="comment_id")
    else:
        told = terminal.client.request("POST", path, json={"text": text})
        terminal.printer.record(told, COMMENT, key="comment_id")
