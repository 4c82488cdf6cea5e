"""``vienna audit``: the trail as it grows, and whether it still is what was recorded."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from vienna_cli import trail
from vienna_cli.keys import keyring, read_text
from vienna_cli.output import Code, Failure, field
from vienna_cli.terminal import Terminal, command, noun
from vienna_kernel.keyring import Purpose
from vienna_kernel.ledger.trail import Break

app = noun("The audit trail: tail, verify.")

LIST = (
    field("index"),
    field("at"),
    field("type"),
    field("actor"),
    field("intent", "intent_id"),
    field("data"),
)
RESULT = (
    field("valid"),
    field("entries"),
    field("checkpoints"),
    field("root"),
    field("signed at", "at"),
    field("not yet signed", "pending"),
    field("what", "break.fault"),
    field("entry", "break.index"),
    field("id", "break.id"),
    field("through", "break.through"),
    field("detail", "break.detail"),
)

_POLL_SECONDS = 1.0


@command(app, "tail")
def tail(
    terminal: Terminal,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as it grows.")] = False,
    intent: Annotated[str | None, typer.Option(help="Only of this intent.", show_default=False)] = None,
    type: Annotated[str | None, typer.Option(help="Only of this type.", show_default=False)] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=500)] = 20,
) -> None:
    """The latest entries, oldest first."""
    filters = {name: value for name, value in (("intent_id", intent), ("type", type)) if value}
    seen: set[str] = set()
    _print_new(terminal, seen, {**filters, "limit": limit})
    while follow:
        time.sleep(_POLL_SECONDS)
        _print_new(terminal, seen, {**filters, "limit": 500})


@command(app, "verify")
def verify(
    terminal: Terminal,
    db: Annotated[
        Path | None, typer.Option("--db", help="SQLite file, read offline.", show_default=False)
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option("--key", help="Public log key: JWK, JWK set or note key.", show_default=False),
    ] = None,
    checkpoint: Annotated[
        list[Path] | None,
        typer.Option("--checkpoint", help="An older checkpoint kept elsewhere.", show_default=False),
    ] = None,
) -> None:
    """Verify the trail: by the control plane, or offline with --db and --key. Exit code 5 names the broken entry."""
    notes = [read_text(file, "checkpoint") for file in checkpoint or []]
    if db is None and (key is not None or notes):
        raise Failure("--key and --checkpoint verify a database file: name it with --db", Code.USAGE)
    if db is not None and key is None:
        raise Failure("--db needs --key: the public log key, kept where the database is not", Code.USAGE)
    result = (
        _offline(db, key, notes) if db and key else terminal.client.request("POST", "/audit/verify", json={})
    )
    terminal.printer.record(result, RESULT, key="root")
    if not result["valid"]:
        raise Failure(sentence(result["break"]), Code.VERIFICATION)


def sentence(broken: Mapping[str, Any]) -> str:
    """``the trail is broken at entry 17 (aud-…): its body is not what was recorded``."""
    entry = f"entry {broken['index']}" + (f" ({broken['id']})" if broken.get("id") else "")
    return f"the trail is broken at {entry}: {broken['detail']}"


def _offline(db: Path, key: Path, notes: list[str]) -> dict[str, Any]:
    """In the shape of the control plane's own answer."""
    held = trail.hold(db, keyring(key, Purpose.LOG).keys(), notes)
    found = held.answer
    if isinstance(found, Break):
        broken = {name: getattr(found, name) for name in ("index", "through", "id", "detail")}
        return {"valid": False, "pending": held.pending, "break": {"fault": found.fault.value, **broken}}
    shown = {"entries": found.count, "size": found.size, "root": found.root, "checkpoints": found.checkpoints}
    return {"valid": True, "pending": held.pending, **shown, "at": found.at or None, "break": None}


def _print_new(terminal: Terminal, seen: set[str], params: Mapping[str, Any]) -> None:
    rows = terminal.client.request("GET", "/audit", params=params)["entries"]
    new = [row for row in reversed(rows) if row["id"] not in seen]
    seen.update(row["id"] for row in new)
    if new:
        terminal.printer.rows(new, LIST)


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="audit")
