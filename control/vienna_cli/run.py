"""``vienna run -- CMD``: an unmodified agent under governance, and which guarantee that gives."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from vienna_cli.config import Installation
from vienna_cli.environment import agent_environment
from vienna_cli.namespace import INSIDE_PROXY, IsolationError, enter, reachable_sockets
from vienna_cli.output import Code, Failure, Format, Printer
from vienna_cli.processes import discard
from vienna_cli.terminal import called
from vienna_cli.trust_files import TrustFiles
from vienna_cli.up import FREE_PORT, announced, started

ISOLATED = "mode: isolated (kernel-enforced)"
COOPERATIVE = "mode: cooperative (clients may bypass)"


@dataclass(frozen=True)
class Door:
    """The gate an agent is put behind.

    Attributes:
        proxy: ``http://host:port`` of the gate.
        ca: PEM file of the CA to trust.
    """

    proxy: str
    ca: Path
    control: str
    agent: str

    @classmethod
    def of(cls, ready: dict[str, Any]) -> Door:
        """From a ready line."""
        return cls(ready["proxy"], Path(ready["ca"]), ready["control"], ready["agent"])

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.proxy)
        return parts.hostname or "127.0.0.1", parts.port or 80


@contextmanager
def door(installation: Installation) -> Iterator[Door]:
    """The gate of a running ``vienna up``, else a pair of our own on free ports that ends with us."""
    if state := installation.state():
        yield Door.of(state)
        return
    with started(installation, listen=FREE_PORT, sink=discard) as pair, announced(pair):
        yield Door.of(pair.ready())


def govern(command: Sequence[str], door: Door, *, isolate: bool, printer: Printer) -> int:
    """Runs a command behind a gate. Its exit code; 128 + n when signal n ended it."""
    with ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="vienna-run-")))
        trust = TrustFiles(door.ca, folder)
        proxy = INSIDE_PROXY if isolate else door.proxy
        environ = agent_environment(os.environ, proxy=proxy, trust=trust, agent=door.agent)
        if isolate:
            process = _isolated(command, environ, door, cleanup, printer)
        else:
            printer.say(COOPERATIVE)
            process = _cooperative(command, environ)
        return _wait(process)


def _cooperative(command: Sequence[str], environ: dict[str, str]) -> subprocess.Popen[bytes]:
    program = shutil.which(command[0], path=environ.get("PATH"))
    if program is None:
        raise Failure(f"cannot run {command[0]}: not found", Code.USAGE)
    try:
        return subprocess.Popen([program, *command[1:]], env=environ)  # noqa: S603  # the agent's own command
    except OSError as error:
        raise Failure(f"cannot run {command[0]}: {error.strerror}", Code.USAGE) from None


def _isolated(
    command: Sequence[str], environ: dict[str, str], door: Door, cleanup: ExitStack, printer: Printer
) -> subprocess.Popen[bytes]:
    if shutil.which(command[0], path=environ.get("PATH")) is None:
        raise Failure(f"cannot run {command[0]}: not found", Code.USAGE)
    try:
        process, relay = enter(command, environ, door.address)
    except IsolationError as error:
        raise Failure(
            f"--isolate is not possible here: {error}\n"
            "  this kernel or container forbids unprivileged user namespaces; nothing was run.\n"
            "  Without --isolate the command runs in cooperative mode, which a client may bypass."
        ) from None
    cleanup.callback(relay.close)
    printer.say(ISOLATED)
    for place in reachable_sockets(environ):
        printer.say(
            f"warning: {place} is a Unix socket and stays reachable from inside: it may lead around the gate"
        )
    return process


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Hands SIGTERM on; a Ctrl-C at the terminal reaches the agent by itself."""
    before = {
        signal.SIGTERM: signal.signal(signal.SIGTERM, lambda *_: process.terminate()),
        signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN),
    }
    try:
        status = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 - status if status < 0 else status


def run(
    command: Annotated[list[str], typer.Argument(metavar="-- CMD …", help="The agent.", show_default=False)],
    config: Annotated[
        Path | None, typer.Option("--config", "-c", envvar="VIENNA_CONFIG", show_default=False)
    ] = None,
    isolate: Annotated[
        bool, typer.Option("--isolate", help="In a namespace whose only way out is the gate.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Run an unmodified agent under governance."""
    printer = Printer(Format.TABLE, quiet=quiet)
    with door(Installation.find(config)) as found:
        printer.say(
            f"{found.agent} through {found.proxy}; approvals: {called()} approvals watch ({found.control})"
        )
        status = govern(command, found, isolate=isolate, printer=printer)
    raise typer.Exit(status)


def register(app: typer.Typer) -> None:
    app.command("run", context_settings={"allow_interspersed_args": False})(run)
