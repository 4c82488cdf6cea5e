"""``vienna agents``: who is governed, how far it is trusted, and the ladder observe, enforce_high, enforce."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from vienna_cli.output import Code, Failure, cell, field
from vienna_cli.terminal import Terminal, command, noun

app = noun("Who is governed: list, show, promote, suspend, resume.")

LADDER = ("observe", "enforce_high", "enforce")

LIST = (
    field("name"),
    field("id", "agent_id"),
    field("status"),
    field("enforcement"),
    field("trust", "trust_score"),
    field("intents", "stats.total_intents"),
    field("denied", "stats.total_denials"),
)
ONE = (
    field("name"),
    field("id", "agent_id"),
    field("type"),
    field("description"),
    field("status"),
    field("resume at", "resume_at"),
    field("enforcement"),
    field("trust", "trust_score"),
    field("allowed actions", "allowed_actions"),
    field("intents", "stats.total_intents"),
    field("executions", "stats.total_executions"),
    field("denials", "stats.total_denials"),
    field("verified", "stats.verification_pass_rate"),
)

Name = Annotated[str, typer.Argument(metavar="AGENT", help="Name or id.")]
Reason = Annotated[str | None, typer.Option("--reason", help="Kept in the trail.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@command(app, "ls")
def ls(terminal: Terminal, limit: Annotated[int, typer.Option(min=1, max=500)] = 50) -> None:
    """List agents."""
    data = terminal.client.request("GET", "/fleet", params={"limit": limit})
    terminal.printer.rows(data["agents"], LIST, key="agent_id")


@command(app, "show")
def show(terminal: Terminal, agent: Name) -> None:
    """Show one agent, and how its trust came to be."""
    data = terminal.client.request("GET", f"/fleet/{agent}")
    terminal.printer.record(data, ONE, key="agent_id")
    if terminal.printer.format == "table" and not terminal.printer.quiet:
        for event in data.get("trust_history") or []:
            terminal.printer.line(_change(event))


@command(app, "promote")
def promote(
    terminal: Terminal,
    agent: Name,
    to: Annotated[
        str | None, typer.Option("--to", help="observe, enforce_high or enforce; the next rung unless said.")
    ] = None,
    yes: Yes = False,
) -> None:
    """Move an agent along the ladder, after showing what that would have held or denied."""
    data = terminal.client.request("GET", f"/fleet/{agent}")
    at = data["enforcement"]
    rung = to or next_rung(at)
    if rung not in LADDER:
        raise Failure(f"unknown rung {rung!r}: one of {', '.join(LADDER)}", Code.USAGE)
    if rung == at:
        terminal.printer.say(f"{agent} is at {at} already")
        return
    for line in forecast(_observed(terminal, data)):
        terminal.printer.say(line)
    terminal.confirm(f"Move {agent} from {at} to {rung}?", yes=yes)
    after = terminal.client.request("PATCH", f"/fleet/{agent}", json={"enforcement": rung})
    terminal.printer.record(after, ONE, key="agent_id")


@command(app, "suspend")
def suspend(terminal: Terminal, agent: Name, reason: Reason = None, yes: Yes = False) -> None:
    """Stop an agent: what it asked for is cancelled, its unused warrants are revoked."""
    reason = reason or terminal.ask("Reason", option="--reason")
    terminal.confirm(f"Suspend {agent}?", yes=yes)
    data = terminal.client.request(
        "POST", f"/fleet/{agent}/suspend", json={"reason": reason, "duration": "indefinite"}
    )
    fields = (field("status"), field("pending_intents_cancelled"), field("warrants_revoked"))
    terminal.printer.record(data, fields, key="agent_id")


@command(app, "resume")
def resume(terminal: Terminal, agent: Name, reason: Reason = None) -> None:
    """Let a suspended agent go on."""
    reason = reason or terminal.ask("Reason", option="--reason")
    data = terminal.client.request("POST", f"/fleet/{agent}/resume", json={"reason": reason})
    terminal.printer.record(data, (field("status"), field("trust", "trust_score")), key="agent_id")


def next_rung(at: str) -> str:
    """One rung stricter; the strictest stays."""
    place = LADDER.index(at) if at in LADDER else 0
    return LADDER[min(place + 1, len(LADDER) - 1)]


def forecast(observed: list[Mapping[str, Any]]) -> list[str]:
    """What enforcement would have done to recorded intents, in sentences."""
    held = [row for row in observed if row.get("would") == "held"]
    refused = [row for row in observed if row.get("would") == "refused"]
    lines = [f"of {len(observed)} observed intents {len(held)} would have been held, {len(refused)} refused"]
    counts: dict[tuple[str, str], int] = {}
    for row in [*held, *refused]:
        key = (str(row.get("would")), str(row.get("action")))
        counts[key] = counts.get(key, 0) + 1
    lines += [f"  {would}: {count} × {action}" for (would, action), count in sorted(counts.items())]
    return lines


def _observed(terminal: Terminal, agent: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    params = {"agent_id": agent["agent_id"], "status": "observed", "limit": 500}
    found: list[Mapping[str, Any]] = terminal.client.request("GET", "/intents", params=params)["intents"]
    return found


def _change(event: Mapping[str, Any]) -> str:
    moved = f"{cell(event.get('before'))} → {cell(event.get('after'))}"
    return f"  {cell(event.get('at'))}  trust {moved}  {cell(event.get('reason'))}"


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="agents")
