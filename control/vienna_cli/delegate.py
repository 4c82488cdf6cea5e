"""``vienna delegate``: who consents in your place while you are away."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from vienna_cli.output import Code, Failure, field
from vienna_cli.terminal import Terminal, command, noun
from vienna_kernel.duration import seconds

app = noun("Who consents in your place: add, ls, remove.")

LIST = (
    field("id", "delegation_id"),
    field("for", "delegator"),
    field("stand-in", "delegate"),
    ("groups", lambda row: ", ".join(row["groups"]) or "all"),
    field("named"),
    field("from", "starts_at"),
    field("until", "ends_at"),
)
ENDED = (field("id", "delegation_id"), field("ended"))


@command(app, "add")
def add(
    terminal: Terminal,
    to: Annotated[str, typer.Argument(metavar="PERSON", help="E-mail address or id of an approver.")],
    lasts: Annotated[str, typer.Option("--for", help="How long from its start: 8h, 14d; 30 days at most.")],
    starts: Annotated[
        str | None, typer.Option("--from", help="An instant with its zone; else now.", show_default=False)
    ] = None,
    groups: Annotated[
        list[str] | None, typer.Option("--group", help="Only this group of yours; may be repeated.")
    ] = None,
    named: Annotated[
        bool, typer.Option("--named", help="Also where a rule names you, or asks you as an executive.")
    ] = False,
) -> None:
    """Name somebody who may consent in your place; they count as one person."""
    try:
        begin = datetime.fromisoformat(starts) if starts else datetime.now(UTC)
        end = begin + timedelta(seconds=seconds(lasts))
    except (ValueError, OverflowError) as error:
        raise Failure(str(error), Code.USAGE) from None
    if begin.tzinfo is None:
        raise Failure("--from needs a zone: 2026-07-01T08:00:00+02:00", Code.USAGE)
    body = {"to": to, "ends_at": end.isoformat(), "groups": groups or [], "named": named}
    if starts:
        body["starts_at"] = begin.isoformat()
    told = terminal.client.request("POST", "/delegations", json=body)
    terminal.printer.record(told, LIST, key="delegation_id")


@command(app, "ls")
def ls(terminal: Terminal) -> None:
    """List delegations, yours, or everybody's for admins and auditors."""
    data = terminal.client.request("GET", "/delegations")
    terminal.printer.rows(data["delegations"], LIST, key="delegation_id")


@command(app, "remove")
def remove(terminal: Terminal, delegation_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Take one back; votes that were cast by it stay."""
    told = terminal.client.request("DELETE", f"/delegations/{delegation_id}")
    terminal.printer.record(told, ENDED, key="delegation_id")


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="delegate")
