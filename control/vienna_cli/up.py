"""``vienna up``: control plane and gate on one machine. ``vienna control``, ``vienna proxy``: one of the two.

``vienna redirect`` is the gate's as well.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Never

import typer

from vienna_cli.config import STATE_FILE, Installation
from vienna_cli.output import Code, Failure, Format, Printer
from vienna_cli.processes import Child, Sink, begun, child_environment, control_plane, gate, stop_all
from vienna_cli.terminal import called

GATE_FOLDER = "gate"
FREE_PORT = "127.0.0.1:0"

_ENDINGS = (signal.SIGTERM, signal.SIGINT)
_LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Pair:
    """A control plane and the gate in front of an agent, both ready."""

    control: Child
    gate: Child
    installation: Installation

    def ready(self) -> dict[str, Any]:
        """The ready line: what scripts and ``vienna run`` need to know."""
        return {
            "ready": True,
            "control": self.control.ready["control"],
            "proxy": self.gate.ready["proxy"],
            "ca": self.gate.ready["ca"],
            "data_dir": str(self.installation.data_dir),
            "agent": self.installation.agent,
            "pid": os.getpid(),
        }


@contextmanager
def started(
    installation: Installation, *, listen: str | None, sink: Sink, log_level: str = "info"
) -> Iterator[Pair]:
    """Both processes, stopped at the end: the gate first, so that it can still hand over what it knows.

    ``listen`` replaces both addresses of the file; None leaves them. ``log_level`` counts where VIENNA_LOG_LEVEL is not
    set. Errors: ``Failure`` when one does not start.
    """
    environ = {"VIENNA_LOG_LEVEL": log_level, **child_environment()}
    with paired(installation, listen=listen, environ=environ, sink=sink) as pair:
        yield pair


@contextmanager
def paired(
    installation: Installation,
    *,
    listen: str | None,
    environ: Mapping[str, str],
    sink: Sink,
    module: str = "vienna_control",
) -> Iterator[Pair]:
    """As ``started``, in exactly this environment; ``module`` is the control plane."""
    shared: dict[str, Any] = {"config": installation.file, "listen": listen, "environ": environ, "sink": sink}
    running: list[Child] = []
    try:
        data = installation.data_dir
        control = begun(running, lambda: control_plane(data_dir=data, module=module, **shared)).wait_ready()
        door = begun(
            running, lambda: gate(control=control, state_dir=data / GATE_FOLDER, **shared)
        ).wait_ready()
        yield Pair(control, door, installation)
    finally:
        stop_all(running)


@contextmanager
def announced(pair: Pair) -> Iterator[None]:
    """Leaves the ready line in the data directory while the pair runs."""
    file = pair.installation.data_dir / STATE_FILE
    fresh = file.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(pair.ready()) + "\n")
    fresh.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def up(
    config: Annotated[
        Path | None, typer.Option("--config", "-c", envvar="VIENNA_CONFIG", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON when ready.")] = False,
) -> None:
    """Start control plane and gate; run until told to stop."""
    printer = Printer(Format.TABLE)
    installation = Installation.find(config)
    if state := installation.state():
        raise Failure(
            f"already running from {installation.data_dir} (pid {state['pid']}, {state['control']})"
        )
    for number in _ENDINGS:
        signal.signal(number, _end)
    level = "info" if as_json else "warning"
    if not as_json:
        printer.say("starting the control plane and the gate …")
    with started(installation, listen=None, sink=_log, log_level=level) as pair, announced(pair):
        if as_json:
            print(json.dumps(pair.ready()), flush=True)
        else:
            _describe(printer, pair)
        _watch(pair)


def _end(*_: object) -> None:
    """Leaves from wherever it is, once; what was started is stopped on the way out."""
    for number in _ENDINGS:
        signal.signal(number, signal.SIG_IGN)
    sys.exit(Code.OK)


def _log(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _watch(pair: Pair) -> Never:
    """Until told to stop. Errors: ``Failure`` when one of the two ended by itself."""
    while True:
        time.sleep(_LOOK_SECONDS)
        for child in (pair.control, pair.gate):
            if child.status is not None:
                raise Failure(
                    f"the {child.name} ended with {child.status}; stopping the other\n{child.tail}".rstrip()
                )


def _describe(printer: Printer, pair: Pair) -> None:
    ready = pair.ready()
    printer.line(f"control plane  {ready['control']}   data in {ready['data_dir']}")
    printer.line(f"gate           {ready['proxy']}   speaks for {ready['agent']}")
    printer.line(f"CA to trust    {ready['ca']}")
    if admin := pair.control.ready.get("admin"):
        printer.line(f"first admin    {admin}   password, key and TOTP secret; keep it to yourself")
    me = called()
    printer.line(f"an agent       {me} run -- CMD     its approvals: {me} approvals watch", style="dim")


def _replace(module: str, arguments: list[str]) -> None:
    """Becomes the process: signals, exit code and output are its own."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])  # noqa: S606  # our own module


def control(context: typer.Context) -> None:
    """Start a control plane (VIENNA_ENV is prod unless set). Options: -c FILE, --listen H:P, --data-dir D, --json."""
    _replace("vienna_control", context.args)


def proxy(context: typer.Context) -> None:
    """Start a gate (VIENNA_ENV is prod unless set). Options: -c FILE, --control URL, --listen H:P, --json."""
    _replace("vienna_proxy", context.args)


def redirect(context: typer.Context) -> None:
    """Print, apply or remove the kernel rules of transparent mode. Options: --gate-uid, --port, --inbound."""
    _replace("vienna_proxy.redirect", context.args)


def register(app: typer.Typer) -> None:
    app.command("up")(up)
    handed_on = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
    app.command("control", context_settings=handed_on)(control)
    app.command("proxy", context_settings=handed_on)(proxy)
    app.command("redirect", context_settings=handed_on)(redirect)
