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
    field("gates", "gates_connected"),
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
    field("gates", "gates_connected"),
    field("executions", "stats.total_executions"),
    field("denials", "stats.total_denials"),
    field("verified", "stats.verification_pass_rate"),
)

MOVED = (field("name"), field("enforcement"), field("step"))

_COUNTED = (
    ("held_actions", "held"),
    ("asked", "asked of"),
    ("denied_reasons", "denied"),
    ("unmapped_hosts", "no mapping for"),
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
        str | None,
        typer.Option(
            "--to", help="observe, enforce_high or enforce; else the next rung.", show_default=False
        ),
    ] = None,
    days: Annotated[
        int, typer.Option(min=1, max=90, help="How much recorded traffic the forecast is from.")
    ] = 7,
    yes: Yes = False,
) -> None:
    """Move an agent along the ladder, after showing what that would have held or denied."""
    at = terminal.client.request("GET", f"/fleet/{agent}")["enforcement"]
    rung = to or next_rung(at)
    if rung not in LADDER:
        raise Failure(f"unknown rung {rung!r}: one of {', '.join(LADDER)}", Code.USAGE)
    if rung == at:
        terminal.printer.say(f"{agent} is at {at} already")
        return
    told = terminal.client.request("GET", f"/fleet/{agent}/forecast", params={"to": rung, "days": days})
    for line in forecast(told):
        terminal.printer.say(line)
    terminal.confirm(f"Move {agent} from {at} to {rung}?", yes=yes)
    moved = terminal.client.request("POST", f"/fleet/{agent}/promote", json={"to": rung, "confirm": True})
    terminal.printer.record(moved, MOVED, key="agent_id")
    if moved["step"] == "second_person_needed":
        raise Failure(
            "going down takes a second admin: somebody else must say the same within the hour", Code.PENDING
        )


@command(app, "suspend")
def suspend(
    terminal: Terminal,
    agent: Name,
    reason: Reason = None,
    duration: Annotated[str, typer.Option("--for", help="indefinite, or like PT2H.")] = "indefinite",
    yes: Yes = False,
) -> None:
    """Stop an agent: what it asked for is cancelled, its unused warrants are revoked."""
    reason = reason or terminal.ask("Reason", option="--reason")
    terminal.confirm(f"Suspend {agent}?", yes=yes)
    data = terminal.client.request(
        "POST", f"/fleet/{agent}/suspend", json={"reason": reason, "duration": duration}
    )
    fields = (
        field("status"),
        field("resume_at"),
        field("pending_intents_cancelled"),
        field("warrants_revoked"),
    )
    terminal.printer.record(data, fields, key="agent_id")


@command(app, "resume")
def resume(terminal: Terminal, agent: Name, reason: Reason = None) -> None:
    """Let a suspended agent go on."""
    reason = reason or terminal.ask("Reason", option="--reason")
    data = terminal.client.request("POST", f"/fleet/{agent}/resume", json={"reason": reason})
    terminal.printer.record(data, (field("status"),), key="agent_id")


def next_rung(at: str) -> str:
    """One rung stricter; the strictest stays."""
    place = LADDER.index(at) if at in LADDER else 0
    return LADDER[min(place + 1, len(LADDER) - 1)]


def forecast(told: Mapping[str, Any]) -> list[str]:
    """What a rung would have done to recorded traffic, in sentences."""
    if not told["calls"]:
        return ["no recorded traffic to forecast from"]
    lines = [
        f"of {told['calls']} calls in {told['hours']:g} h: {told['would_hold']} would be held, "
        f"{told['would_deny']} denied; {told['approvals_per_hour']:g} approvals an hour"
    ]
    for name, what in _COUNTED:
        counted = ", ".join(f"{row['name']} ({row['count']})" for row in told[name])
        lines += [f"  {what}: {counted}"] if counted else []
    return lines


def _change(event: Mapping[str, Any]) -> str:
    moved = f"{cell(event.get('before'))} → {cell(event.get('after'))}"
    return f"  {cell(event.get('at'))}  trust {moved}  {cell(event.get('reason'))}"


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="agents")
