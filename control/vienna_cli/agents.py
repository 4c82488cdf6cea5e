"""``vienna agents``: who is governed, how far it is trusted, and the ladder observe, enforce_high, enforce."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
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
Save = Annotated[
    Path | None,
    typer.Option("--save", metavar="FOLDER", help="Write each proposal to a file.", show_default=False),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@command(app, "ls")
def ls(
    terminal: Terminal,
    status: Annotated[
        str | None, typer.Option(help="active, suspended or inactive.", show_default=False)
    ] = None,
    enforcement: Annotated[str | None, typer.Option(help="Those on this rung.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
) -> None:
    """List agents."""
    asked = {"limit": limit, "status": status, "enforcement": enforcement}
    params = {name: value for name, value in asked.items() if value is not None}
    data = terminal.client.request("GET", "/fleet", params=params)
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
    save: Save = None,
    yes: Yes = False,
) -> None:
    """Move an agent along the ladder, after showing what that would hold, break and need.

    Nothing that is proposed is applied: it is shown, and with --save written to files to be sent as they are.
    """
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
    if save is not None:
        _save(terminal, told["proposals"], save)
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
    """What a rung would do to recorded traffic by the policy of today, in sentences."""
    if not told["calls"]:
        return ["no recorded traffic to forecast from"]
    lines = [
        f"of {told['calls']} calls in {told['hours']:g} h: {told['would_hold']} would be held, "
        f"{told['would_deny']} denied; {told['approvals_per_hour']:g} approvals an hour"
    ]
    if told.get("peak_hour"):
        lines.append(f"  most in the hour from {told['peak_hour']['at']}: {told['peak_hour']['approvals']}")
    for name, what in _COUNTED:
        counted = ", ".join(f"{row['name']} ({row['count']})" for row in told[name])
        lines += [f"  {what}: {counted}"] if counted else []
    return [*lines, *_unsure(told), *_broken(told.get("breaks") or []), *_proposed(told)]


def _unsure(told: Mapping[str, Any]) -> Iterator[str]:
    """What the figures do not tell."""
    if told.get("cut"):
        yield "  there are more calls than these, which are the newest"
    if told.get("mapped_since"):
        yield f"  {told['mapped_since']} calls are from before their mapping: watch for another day"
    for row in told.get("not_replayable") or []:
        yield f"  rule {cell(row['rule'])} looks at the {row['looks_at']}, which is not recorded by moment"


def _broken(breaks: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for row in breaks:
        rule = f", rule {cell(row['rule'])}" if row.get("rule") else ""
        where = f"{cell(row['action'])} on {cell(row['target'])}"
        yield f"  would be refused: {where} ({row['count']}): {cell(row['reason'])}{rule}"


def _proposed(told: Mapping[str, Any]) -> Iterator[str]:
    if not told.get("proposals"):
        return
    after = told["with_proposals"]
    yield (
        f"with what is proposed: {after['would_hold']} held, {after['would_deny']} denied; "
        f"{after['approvals_per_thousand_calls']:g} approvals for a thousand calls"
    )
    for number, one in enumerate(told["proposals"], 1):
        yield f"  {number}. {one['kind']}, covers {one['covers']}: {cell(one['why'])}"
        body = one.get("body")
        if body is not None:
            yield f"     POST {one['path']} {cell(json.dumps(body, ensure_ascii=False))}"


def _save(terminal: Terminal, proposals: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """A file for each: a body to be sent, or a mapping with its cases. Errors: ``Failure``."""
    texts: dict[str, str] = {}
    for number, one in enumerate(proposals, 1):
        if one["kind"] == "mapping":
            texts |= {f"{one['host']}.yaml": one["mapping"], f"{one['host']}_cases.yaml": one["cases"]}
        else:
            body = json.dumps(one["body"], ensure_ascii=False, indent=2)
            texts[f"{number:02}-{one['kind']}.json"] = body + "\n"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / Path(name).name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise Failure(f"cannot write to {folder}: {error.strerror}") from None
    terminal.printer.say(f"{len(texts)} files in {folder}")


def _change(event: Mapping[str, Any]) -> str:
    moved = f"{cell(event.get('before'))} → {cell(event.get('after'))}"
    return f"  {cell(event.get('at'))}  trust {moved}  {cell(event.get('reason'))}"


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="agents")
