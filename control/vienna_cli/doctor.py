"""``vienna doctor``: real probes of this machine and installation, and what to do about each that failed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import typer

from vienna_cli import probes
from vienna_cli.environment import agent_environment
from vienna_cli.output import Failure, field
from vienna_cli.probes import Finding
from vienna_cli.run import Door
from vienna_cli.terminal import Terminal, command
from vienna_cli.trust_files import TrustFiles

_MARKS = {"ok": "✓", "warn": "!", "failed": "✗", "skipped": "–"}
LIST = (
    ("", lambda row: _MARKS[row["state"]]),
    field("probe"),
    field("found"),
    field("do"),
)


def doctor(terminal: Terminal) -> None:
    """Probe this installation, each client's trust, ways around; and what the control plane says of itself."""
    found = list(examine(terminal))
    terminal.printer.rows([asdict(one) for one in found], LIST, key="probe")
    failed = [one.probe for one in found if one.state == "failed"]
    if failed:
        raise Failure(f"{len(failed)} of {len(found)} probes failed: {', '.join(failed)}")


def examine(terminal: Terminal) -> Iterator[Finding]:
    """Every finding, in the order in which things depend on each other."""
    installation = terminal.installation
    yield probes.python_version()
    yield probes.data_dir(installation.data_dir)
    reached = list(probes.control_plane(terminal))
    yield from reached
    if any(one.probe == "key" and one.state == "ok" for one in reached):
        yield from probes.told(terminal.client)
    state = installation.state()
    door = Door.of(state) if state else None
    yield probes.gate_listens(door)
    if door is not None:
        with tempfile.TemporaryDirectory(prefix="vienna-doctor-") as folder:
            trust = TrustFiles(door.ca, Path(folder))
            environ = agent_environment(os.environ, proxy=door.proxy, trust=trust, agent=door.agent)
            yield probes.canary(door)
            yield from probes.clients(environ)
    yield probes.isolation()
    yield probes.sockets()


def register(app: typer.Typer) -> None:
    command(app, "doctor")(doctor)
