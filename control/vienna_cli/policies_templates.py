"""``vienna policies templates``: rules for a trade, shipped with their cases, to be copied or taken over."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vienna_cli.output import Code, Failure, field
from vienna_cli.policies_kept import changed
from vienna_cli.policy_files import File, load
from vienna_cli.terminal import Terminal, called, command, noun
from vienna_kernel import shipped
from vienna_kernel.document import nearest

app = noun("Rules for a trade: ls, show, copy, import.")

Name = Annotated[str, typer.Argument(help="Of the template.", show_default=False)]

TEMPLATES = (field("id"), field("rules"), field("cases"), field("description"))
FOLDER = Path("policies")


def every() -> dict[str, File]:
    """The shipped templates by id."""
    folder = shipped.root() / "templates"
    found = [load(path) for path in sorted(folder.glob("*.yaml")) if not path.stem.endswith(shipped.CASES)]
    return {file.id: file for file in found}


def find(name: str) -> File:
    """One of them. Errors: ``Failure`` that names the nearest."""
    found = every()
    if name not in found:
        raise Failure(f"there is no template {name!r}{nearest(name, list(found))}", Code.USAGE)
    return found[name]


@command(app, "ls")
def ls(terminal: Terminal) -> None:
    """List them, each with what it is about."""
    terminal.printer.rows([_row(file) for file in every().values()], TEMPLATES)


def _row(file: File) -> dict[str, Any]:
    data, cases = file.document.data, file.cases()
    return {
        "id": file.id,
        "description": data.get("description", ""),
        "rules": len(data["rules"]),
        "cases": len(cases.data["cases"]) if cases else 0,
        "names": [rule["name"] for rule in data["rules"]],
    }


@command(app, "show")
def show(terminal: Terminal, name: Name) -> None:
    """Print one, as it would be copied; with -o json what it holds."""
    file = find(name)
    if terminal.printer.format == "table":
        for line in file.path.read_text(encoding="utf-8").splitlines():
            terminal.printer.line(line)
    else:
        terminal.printer.data(file.document.data)


@command(app, "copy")
def copy(
    terminal: Terminal,
    name: Name,
    folder: Annotated[Path, typer.Argument(help="Where to.", show_default="policies")] = FOLDER,
) -> None:
    """Copy one and its cases into a folder of your own. Nothing that lies there is written over."""
    file = find(name)
    sources = [file.path, file.path.with_name(f"{file.path.stem}{shipped.CASES}{file.path.suffix}")]
    taken = [str(folder / source.name) for source in sources if (folder / source.name).exists()]
    if taken:
        raise Failure(f"{', '.join(taken)} lies there already")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source in sources:
            (folder / source.name).write_bytes(source.read_bytes())
    except OSError as error:
        raise Failure(f"cannot write to {folder}: {error.strerror}") from None
    terminal.printer.rows(
        [{"path": str(folder / source.name)} for source in sources], (field("path"),), key="path"
    )
    terminal.printer.say(
        f"change it to your names and amounts, then: {called()} policies test {folder / file.path.name}"
    )


@command(app, "import")
def take_over(
    terminal: Terminal,
    name: Name,
    prefix: Annotated[str, typer.Option(help="Before the id of each rule.")] = "",
    rule: Annotated[list[str] | None, typer.Option(help="Only this rule; may be repeated.")] = None,
    shadow: Annotated[bool, typer.Option("--shadow", help="Asked and recorded, never enforced.")] = False,
) -> None:
    """Keep one by API in a running control plane, after its cases were run there."""
    body = {"prefix": prefix, "shadow": shadow, **({"rules": rule} if rule else {})}
    changed(terminal, terminal.client.request("POST", f"/policies/templates/{name}/import", json=body))
