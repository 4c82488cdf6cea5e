"""``vienna roster``: whose passkeys count as consent; what a gate pins, and whether all that came after follows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from vienna_cli.keys import read_text
from vienna_cli.output import Code, Failure, field
from vienna_cli.terminal import Terminal, command, noun
from vienna_kernel.consent.chain import Signed, parse_signed, root, walk
from vienna_kernel.errors import MalformedError
from vienna_kernel.signing import strict_object
from vienna_kernel.verdict import Refused

app = noun("Whose passkeys count as consent: show, export, verify.")

KEYS = (
    field("key", "kid"),
    field("operator"),
    ("groups", lambda row: ", ".join(row["groups"])),
    ("added", lambda row: _day(row["added_at"])),
    ("until", lambda row: _day(row["expires_at"])),
)
RESULT = (
    field("valid"),
    field("pinned", "pinned_version"),
    field("newest", "version"),
    field("digest"),
    field("detail"),
)


@command(app, "show")
def show(terminal: Terminal) -> None:
    """Show the roster in force: its keys, who must agree to what, and how many sign the next one."""
    data = terminal.client.request("GET", "/roster")
    found = data["roster"]
    if found is None:
        terminal.printer.say("there is no roster yet: POST /api/v1/roster/proposals puts one up for signing")
    else:
        people = "; ".join(f"{tier}: {_asked(row)}" for tier, row in sorted(found["quorum"].items()))
        terminal.printer.say(f"version {data['version']}, {data['digest']}")
        terminal.printer.say(f"{people}; {found['threshold']} sign the next one")
    terminal.printer.rows(found["keys"] if found else [], KEYS, key="kid")


@command(app, "export")
def export(
    terminal: Terminal,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="For gate.consent.roster.")],
    version: Annotated[
        int | None, typer.Option(min=1, help="This one; without it the newest.", show_default=False)
    ] = None,
) -> None:
    """Write a roster for a gate to pin. Compare its digest with the people who signed it, not over this machine."""
    chain = _chain(terminal.client.request("GET", "/roster")["chain"], "the control plane's roster")
    found = [row for row in chain if version in (None, row.roster.version)]
    if not found:
        raise Failure("there is no such roster", Code.ERROR)
    try:
        file.write_text(json.dumps(found[-1].to_json(), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise Failure(f"cannot write {file}: {error.strerror}", Code.ERROR) from None
    made = found[-1].roster
    told = {"file": str(file), "version": made.version, "digest": made.digest, "keys": len(made.members)}
    terminal.printer.record(
        told, (field("file"), field("version"), field("digest"), field("keys")), key="digest"
    )


@command(app, "verify")
def verify(
    terminal: Terminal,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The pinned roster.")],
    chain: Annotated[
        Path | None,
        typer.Option(
            "--chain", help="The answer of GET /roster in a file: verify offline.", show_default=False
        ),
    ] = None,
) -> None:
    """Verify that the roster in force follows from a pinned one by signed steps. Exit code 5 when it does not."""
    (pinned,) = _chain([_object(read_text(file, "roster"), file)], str(file))
    if pinned.roster.version == 1 and isinstance(wrong := root(pinned), Refused):
        raise Failure(f"{file} is not signed by its own people: {wrong.detail}", Code.VERIFICATION)
    if chain is None:
        rows = terminal.client.request("GET", "/roster")["chain"]
    else:
        data = _object(read_text(chain, "chain"), chain)
        rows = data.get("data", data).get("chain")
    found = walk(pinned.roster, _chain(rows, "the chain"))
    refused = isinstance(found, Refused)
    told = {
        "valid": not refused,
        "pinned_version": pinned.roster.version,
        "version": None if isinstance(found, Refused) else found.version,
        "digest": None if isinstance(found, Refused) else found.digest,
        "detail": found.detail if isinstance(found, Refused) else "",
    }
    terminal.printer.record(told, RESULT, key="digest")
    if isinstance(found, Refused):
        raise Failure(f"the roster does not follow from {file}: {found.detail}", Code.VERIFICATION)


def _chain(rows: Any, what: str) -> list[Signed]:
    try:
        if not isinstance(rows, list):
            raise MalformedError("rosters", "expected a list")
        return [parse_signed(row) for row in rows]
    except MalformedError as error:
        raise Failure(f"{what} has no reading: {error}", Code.VERIFICATION) from None


def _object(text: str, file: Path) -> dict[str, Any]:
    try:
        return strict_object(text.encode(), str(file))
    except MalformedError as error:
        raise Failure(f"{file} is not JSON: {error}", Code.USAGE) from None


def _asked(row: Mapping[str, Any]) -> str:
    groups = f", one each of {', '.join(row['groups'])}" if row["groups"] else ""
    return f"{row['people']} agree{groups}"


def _day(seconds: int | None) -> str:
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="roster")
