"""``vienna sidecars``: the gates that enrolled, what they told of themselves, and ending one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from vienna_cli.output import field
from vienna_cli.terminal import Terminal, command, noun

app = noun("The gates: list, show, revoke.")

LIST = (
    field("id", "sidecar_id"),
    field("agent"),
    field("state"),
    field("version"),
    field("current bundle", "bundle_current"),
    field("last seen", "last_seen"),
    field("gaps"),
)
ONE = (
    field("id", "sidecar_id"),
    field("agent"),
    field("state"),
    field("version"),
    field("bundle"),
    field("current bundle", "bundle_current"),
    field("last seen", "last_seen"),
    field("last heartbeat", "last_heartbeat"),
    field("heartbeats", "sequence"),
    field("gaps"),
    field("clock off by ms", "skew_ms"),
    field("seen", "counts.seen"),
    field("mapped", "counts.mapped"),
    field("unmapped", "counts.unmapped"),
    field("held", "counts.held"),
    field("refused", "counts.refused"),
    field("bypass attempts", "counts.bypass"),
    field("key", "holder"),
    field("intermediate", "ca_thumbprint"),
    field("intermediate until", "ca_expires_at"),
    field("certificate until", "certificate_expires_at"),
    field("enrolled", "enrolled_at"),
    field("revoked", "revoked_at"),
)
REVOKED = (field("state"), field("keys_revoked"), field("warrants_revoked"))

Id = Annotated[str, typer.Argument(metavar="SIDECAR", help="Its id, side-….")]


@command(app, "ls")
def ls(terminal: Terminal, limit: Annotated[int, typer.Option(min=1, max=500)] = 50) -> None:
    """List gates, newest first."""
    data: Any = terminal.client.request("GET", "/sidecars", params={"limit": limit})
    terminal.printer.rows(data["sidecars"], LIST, key="sidecar_id")


@command(app, "show")
def show(terminal: Terminal, sidecar: Id) -> None:
    """Show one gate."""
    terminal.printer.record(terminal.client.request("GET", f"/sidecars/{sidecar}"), ONE, key="sidecar_id")


@command(app, "revoke")
def revoke(
    terminal: Terminal,
    sidecar: Id,
    reason: Annotated[str, typer.Option("--reason", help="Kept in the trail.")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """End a gate: its key, its certificate, its stream, and the unused warrants bound to its key."""
    reason = reason or terminal.ask("Reason", option="--reason")
    terminal.confirm(f"Revoke {sidecar}? Its agent's calls are refused until another gate enrols.", yes=yes)
    data = terminal.client.request("DELETE", f"/sidecars/{sidecar}", json={"reason": reason})
    terminal.printer.record(data, REVOKED, key="sidecar_id")


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="sidecars")
