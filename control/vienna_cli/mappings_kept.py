"""``vienna mappings ls | apply | rm`` against a running control plane."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vienna_cli.output import Code, Failure, field
from vienna_cli.policies_kept import changed
from vienna_cli.policy_files import File, Policies
from vienna_cli.terminal import Terminal, command

Files = Annotated[list[Path], typer.Argument(metavar="FILE|FOLDER…", help="Of mappings.", show_default=False)]
LIST = (
    field("id"),
    field("version"),
    field("hosts"),
    field("protocol"),
    ("ACTIONS", lambda row: len(row["actions"])),
    field("source"),
    field("stored", "stored_version"),
)
_PAGE = 500


def register(app: typer.Typer) -> None:
    """Adds the commands to ``vienna mappings``."""
    for name, work in (("ls", ls), ("apply", apply), ("remove", remove)):
        command(app, name)(work)


def _known(terminal: Terminal) -> dict[str, dict[str, Any]]:
    data = terminal.client.request("GET", "/mappings", params={"limit": _PAGE})
    return {row["id"]: row for row in data["mappings"]}


def ls(terminal: Terminal) -> None:
    """List the mappings in force."""
    terminal.printer.rows(list(_known(terminal).values()), LIST)


def apply(terminal: Terminal, places: Files) -> None:
    """Keep mappings by API, with the cases beside them. Prefer a folder under version control."""
    files = Policies.find(places, terminal.installation).of("Mapping")
    if not files:
        raise Failure("found no mapping there", Code.USAGE)
    known = _known(terminal)
    for file in files:
        there, body = known.get(file.id), _body(file)
        if there is None:
            changed(terminal, terminal.client.request("POST", "/mappings", json=body))
        else:
            body["version"] = there["stored_version"]
            changed(terminal, terminal.client.request("PUT", f"/mappings/{file.id}", json=body))


def _body(file: File) -> dict[str, Any]:
    beside = file.path.with_name(f"{file.path.stem}_cases{file.path.suffix}")
    cases = beside.read_text(encoding="utf-8") if beside.is_file() else ""
    return {"text": file.path.read_text(encoding="utf-8"), "cases": cases}


def remove(
    terminal: Terminal,
    mapping: Annotated[str, typer.Argument(help="Its id.", show_default=False)],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Take a mapping that is kept by API out of use."""
    terminal.confirm(f"Take the mapping {mapping} out of use?", yes=yes)
    changed(terminal, terminal.client.request("DELETE", f"/mappings/{mapping}"))
