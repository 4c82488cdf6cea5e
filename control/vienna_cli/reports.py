"""``vienna reports``: what a period held, for auditors."""

from __future__ import annotations

from enum import StrEnum
from operator import itemgetter
from pathlib import Path
from typing import Annotated, Any

import typer

from vienna_cli.output import Code, Failure, field
from vienna_cli.terminal import Terminal, command, noun
from vienna_cli.waiting import until_ended

app = noun("Compliance reports: generate, list, show, save.")

LIST = (
    field("id", "report_id"),
    field("type"),
    field("status"),
    field("from"),
    field("to"),
    field("made", "finished_at"),
    field("digest"),
    field("error"),
)
_PLACE = "/compliance/reports"

Id = Annotated[str, typer.Argument(metavar="ID")]


class Kind(StrEnum):
    """How much a report says: counts; each intent too; each vote and entry too."""

    SUMMARY = "summary"
    DETAILED = "detailed"
    AUDIT = "audit"


class Form(StrEnum):
    """How a report is written."""

    PDF = "pdf"
    CSV = "csv"


@command(app, "generate")
def generate(
    terminal: Terminal,
    kind: Annotated[Kind, typer.Option("--type", help="How much it says.")] = Kind.SUMMARY,
    since: Annotated[
        str | None, typer.Option("--from", help="ISO 8601; 30 days back, else.", show_default=False)
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", help="ISO 8601; now, else.", show_default=False)
    ] = None,
    agent: Annotated[str | None, typer.Option(help="Only this one's.", show_default=False)] = None,
    action: Annotated[str | None, typer.Option(help="Only this one.", show_default=False)] = None,
    tier: Annotated[str | None, typer.Option(help="Only this one.", show_default=False)] = None,
    wait: Annotated[bool, typer.Option(help="Until it is made.")] = True,
) -> None:
    """Ask for a report of a period; it is kept, and its digest stands in the trail."""
    filters = {"agent_id": agent, "action": action, "tier": tier}
    body = {"type": kind.value, "from": since, "to": until}
    asked: dict[str, Any] = {name: value for name, value in body.items() if value}
    asked["filters"] = {name: value for name, value in filters.items() if value}
    told = terminal.client.request("POST", f"{_PLACE}/generate", json=asked)
    if wait:
        place = f"{_PLACE}/{told['report_id']}"
        told = until_ended(terminal, place, told, while_="generating", progress=_progress)
    told.pop("content", None)
    terminal.printer.record(told, LIST, key="report_id")
    if told["status"] == "failed":
        raise Failure(f"the report was not made: {told['error']}")


def _progress(told: Any) -> str:
    return f"{told['report_id']} is being made"


@command(app, "ls")
def ls(terminal: Terminal, limit: Annotated[int, typer.Option(min=1, max=500)] = 50) -> None:
    """List reports, newest first."""
    data = terminal.client.request("GET", _PLACE, params={"limit": limit})
    terminal.printer.rows(data["reports"], LIST, key="report_id")


@command(app, "show")
def show(terminal: Terminal, report: Id) -> None:
    """What a report says."""
    told = terminal.client.request("GET", f"{_PLACE}/{report}")
    if terminal.printer.format != "table":
        terminal.printer.data(told)
        return
    terminal.printer.record(told, LIST, key="report_id")
    for section in (told["content"] or {}).get("sections", []):
        terminal.printer.line(f"\n{section['title']}")
        if section["note"]:
            terminal.printer.line(section["note"], style="dim")
        names = section["columns"]
        lines = [dict(zip(names, row, strict=True)) for row in section["rows"]]
        terminal.printer.rows(lines, [(name.upper(), itemgetter(name)) for name in names], key=names[0])


@command(app, "save")
def save(
    terminal: Terminal,
    report: Id,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Ends in .pdf or .csv; must not be there yet.")
    ],
) -> None:
    """Write a report into a file."""
    form = file.suffix.removeprefix(".").lower()
    if form not in list(Form):
        raise Failure(f"{file}: a name that ends in .pdf or .csv", Code.USAGE)
    data = terminal.client.download(f"{_PLACE}/{report}/{form}")
    try:
        with file.open("xb") as out:
            out.write(data)
    except OSError as error:
        raise Failure(f"cannot write {file}: {error.strerror}", Code.USAGE) from None
    terminal.printer.record(
        {"file": str(file), "bytes": len(data)}, (field("file"), field("bytes")), key="file"
    )


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="reports")
