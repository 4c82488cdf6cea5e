"""``vienna freeze`` and ``vienna unfreeze``: the emergency stop, by one; its end, by two."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from vienna_cli.output import Code, Failure, field
from vienna_cli.terminal import Terminal, command

LIST = (
    field("id", "freeze_id"),
    field("level"),
    field("what", "scope"),
    field("reason"),
    field("by"),
    field("at"),
    field("until"),
    field("lift asked by", "lift_asked.by"),
)
MADE = (
    field("id", "freeze_id"),
    field("level"),
    field("what", "scope"),
    field("until"),
    field("pending_intents_cancelled"),
    field("warrants_revoked"),
)
LIFTED = (field("id", "freeze_id"), field("step"))


class Level(StrEnum):
    """How much is stopped."""

    FREEZE = "freeze"
    QUARANTINE = "quarantine"
    KILL = "kill"


Reason = Annotated[str | None, typer.Option("--reason", help="Kept in the trail.", show_default=False)]


def freeze(
    terminal: Terminal,
    status: Annotated[
        str | None,
        typer.Argument(metavar="[status]", help="'status': show what is frozen.", show_default=False),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Everything of the tenant.")] = False,
    agent: Annotated[str | None, typer.Option(help="Name or id.", show_default=False)] = None,
    action: Annotated[
        str | None, typer.Option(help="An action, or like stripe.*", show_default=False)
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="A host, or like *.example.com", show_default=False)
    ] = None,
    level: Annotated[
        Level, typer.Option(help="How much: writes; everything; and cut off what is under way.")
    ] = Level.FREEZE,
    duration: Annotated[str, typer.Option("--for", help="indefinite, or like PT2H.")] = "indefinite",
    reason: Reason = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Stop an agent, an action, a host or everything, now; or show what is stopped."""
    if status is not None:
        if status != "status":
            raise Failure(f"unknown word {status!r}: 'status', or nothing", Code.USAGE)
        terminal.printer.rows(_in_force(terminal), LIST, key="freeze_id")
        return
    narrowed = {"agent": agent, "action": action, "host": host}
    scope: dict[str, Any] = {name: value for name, value in narrowed.items() if value is not None}
    if bool(scope) == all_:
        raise Failure("say what: --all, or any of --agent, --action and --host", Code.USAGE)
    reason = reason or terminal.ask("Reason", option="--reason")
    what = ", ".join(f"{name} {value}" for name, value in scope.items()) or "everything"
    terminal.confirm(f"{level.value.capitalize()} {what}?", yes=yes)
    body = {"level": level.value, "reason": reason, "duration": duration, **(scope or {"tenant": True})}
    terminal.printer.record(terminal.client.request("POST", "/freeze", json=body), MADE, key="freeze_id")


def unfreeze(
    terminal: Terminal,
    freeze_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Else the only one.", show_default=False)
    ] = None,
    reason: Reason = None,
) -> None:
    """Say that a freeze may end; the second of two admins within an hour ends it."""
    reason = reason or terminal.ask("Reason", option="--reason")
    body = {"freeze_id": freeze_id or _only(_in_force(terminal)), "reason": reason}
    told = terminal.client.request("POST", "/unfreeze", json=body)
    terminal.printer.record(told, LIFTED, key="freeze_id")
    if told["step"] == "second_person_needed":
        raise Failure("a second admin must say the same within the hour", Code.PENDING)


def _in_force(terminal: Terminal) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = terminal.client.request("GET", "/freeze", params={"limit": 500})["freezes"]
    return found


def _only(freezes: list[dict[str, Any]]) -> str:
    if len(freezes) != 1:
        many = "nothing is frozen" if not freezes else "several freezes are in force: say which by its id"
        raise Failure(many, Code.USAGE)
    return str(freezes[0]["freeze_id"])


def register(parent: typer.Typer) -> None:
    command(parent, "freeze")(freeze)
    command(parent, "unfreeze")(unfreeze)
