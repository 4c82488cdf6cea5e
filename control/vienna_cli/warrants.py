"""``vienna warrants``: what was permitted, and whether a token permits anything."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from vienna_cli.keys import keyring, read_text
from vienna_cli.output import Code, Failure, field
from vienna_cli.terminal import Terminal, command, noun
from vienna_kernel.errors import MalformedError
from vienna_kernel.keyring import Purpose
from vienna_kernel.signing import split
from vienna_kernel.verdict import Refused
from vienna_kernel.warrant.token import MAX_BYTES, document, inspect, parse_claims

app = noun("Signed permissions: show, verify.")

ONE = (
    field("id", "warrant_id"),
    field("status"),
    field("intent", "intent_id"),
    field("tier", "risk_tier"),
    field("action", "scope.action"),
    field("target", "scope.target"),
    field("parameters", "scope.parameters"),
    field("issued at", "issued_at"),
    field("expires at", "expires_at"),
    field("consumed at", "consumed_at"),
    field("revoked at", "revoked_at"),
    field("observed"),
    field("issuer"),
    field("signature"),
)
RESULT = (
    field("valid"),
    field("reason"),
    field("detail"),
    field("id", "warrant_id"),
    field("expires at", "expires_at"),
    field("revoked"),
    field("consumed"),
    field("issuer"),
    field("checked"),
)

_ID_PREFIX = "wrt-"
_OFFLINE = "signature and time only: whether it was used or revoked is known to the control plane alone"


@command(app, "show")
def show(terminal: Terminal, warrant_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Show one warrant."""
    terminal.printer.record(terminal.client.request("GET", f"/warrants/{warrant_id}"), ONE, key="warrant_id")


@command(app, "verify")
def verify(
    terminal: Terminal,
    token: Annotated[
        str,
        typer.Argument(
            metavar="WARRANT",
            help="The token, a file that holds it, - for standard input, or the id of a warrant.",
        ),
    ],
    keys: Annotated[
        Path | None, typer.Option("--keys", help="JWK set: verify offline.", show_default=False)
    ] = None,
    action: Annotated[
        str | None, typer.Option(help="Does it permit this action?", show_default=False)
    ] = None,
    target: Annotated[str | None, typer.Option(help="… on this target?", show_default=False)] = None,
    parameters: Annotated[
        str | None, typer.Option(help="… with these parameters? A JSON object.", show_default=False)
    ] = None,
) -> None:
    """Verify a warrant: by the control plane, or offline with --keys. Exit code 5 when it does not hold."""
    text = _token(terminal, token)
    use = _use(action, target, parameters)
    if keys is not None and use:
        raise Failure(
            "--action, --target and --parameters need the control plane: leave --keys out", Code.USAGE
        )
    result = _offline(text, keys) if keys else terminal.client.verify(text, **use)
    terminal.printer.record(result, RESULT, key="warrant_id")
    if not result.get("valid"):
        raise Failure(
            f"the warrant does not hold: {result.get('detail') or result.get('reason')}", Code.VERIFICATION
        )


def _token(terminal: Terminal, said: str) -> str:
    if said == "-":
        return sys.stdin.read().strip()
    if said.startswith(_ID_PREFIX) and not Path(said).exists():
        return str(terminal.client.request("GET", f"/warrants/{said}")["token"])
    if said.count(".") == 2 and "/" not in said:
        return said.strip()
    return read_text(Path(said), "token file").strip()


def _use(action: str | None, target: str | None, parameters: str | None) -> dict[str, Any]:
    use: dict[str, Any] = {name: value for name, value in (("action", action), ("target", target)) if value}
    if parameters is not None:
        try:
            use["parameters"] = json.loads(parameters)
        except ValueError as error:
            raise Failure(f"--parameters is not JSON: {error}", Code.USAGE) from None
    return use


def _offline(token: str, keys: Path) -> dict[str, Any]:
    ring = keyring(keys, Purpose.WARRANT)
    issuer = _issuer(token)
    found = inspect(token, keyring=ring, now=datetime.now(UTC), issuer=issuer, revoked=lambda _: False)
    if isinstance(found, Refused):
        return {"valid": False, "reason": found.reason.value, "detail": found.detail, "issuer": issuer}
    return {"valid": True, **document(found, token, {}), "checked": _OFFLINE}


def _issuer(token: str) -> str:
    """Who it says issued it: whose keys were given is the user's word that this is right."""
    parts = split(token, max_bytes=MAX_BYTES)
    if isinstance(parts, Refused):
        return ""
    try:
        return parse_claims(parts.payload).issuer
    except MalformedError:
        return ""


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="warrants")
