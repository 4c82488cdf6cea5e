"""``vienna run -- CMD``: an unmodified agent under governance, and which guarantee that gives."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import typer

from vienna_cli.attend import attend, leaving_in_order
from vienna_cli.config import Access, Installation
from vienna_cli.environment import agent_environment
from vienna_cli.live import Live, Voice
from vienna_cli.namespace import INSIDE_PROXY, IsolationError, Relay, enter, reachable_sockets
from vienna_cli.output import Code, Failure, Format, Printer
from vienna_cli.processes import discard
from vienna_cli.rehearsal import permitted, rehearsed
from vienna_cli.terminal import OutputOption, called
from vienna_cli.trust_files import TrustFiles
from vienna_cli.up import FREE_PORT, Pair, announced, started
from vienna_client import ViennaClient

ISOLATED = "mode: isolated (kernel-enforced)"
COOPERATIVE = "mode: cooperative (clients may bypass)"

_CONNECT_SECONDS = 5.0
_SOCKETS_NAMED = 5


@dataclass(frozen=True)
class Door:
    """The gate an agent is put behind.

    Attributes:
        proxy: ``http://host:port`` of the gate.
        ca: PEM file of the CA to trust.
        pair: The processes, where they are ours and end with us.
    """

    proxy: str
    ca: Path
    control: str
    agent: str
    pair: Pair | None = None

    @classmethod
    def of(cls, ready: dict[str, Any], pair: Pair | None = None) -> Door:
        """From a ready line."""
        return cls(ready["proxy"], Path(ready["ca"]), ready["control"], ready["agent"], pair)

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.proxy)
        return parts.hostname or "127.0.0.1", parts.port or 80


@contextmanager
def door(installation: Installation) -> Iterator[Door]:
    """The gate of a running ``vienna up``, else a pair of our own on free ports that ends with us.

    Errors: ``Failure`` that says what to do, when one runs and does not answer, and when ours does not start.
    """
    if state := installation.state():
        found = Door.of(state)
        _answers(found, state)
        yield found
        return
    with ExitStack() as running:
        try:
            pair = running.enter_context(started(installation, listen=FREE_PORT, sink=discard))
            running.enter_context(announced(pair))
        except Failure as failure:
            raise Failure(f"{failure.message}\n{_instead()}", failure.code) from None
        yield Door.of(pair.ready(), pair)


def _answers(found: Door, state: dict[str, Any]) -> None:
    try:
        socket.create_connection(found.address, timeout=_CONNECT_SECONDS).close()
    except OSError as error:
        raise Failure(
            f"the gate at {found.proxy} does not answer ({error.strerror or error}), though `{called()} up` is said to "
            f"run (pid {state['pid']})\n  stop that, and start it again: {called()} up\n{_instead()}",
            Code.UNREACHABLE,
        ) from None


def _instead() -> str:
    return f"  or try policies without an installation: {called()} run --policy DIR --approve-all -- CMD"


@dataclass(frozen=True)
class Confinement:
    """How far an agent is kept behind the gate.

    Attributes:
        isolate: In a namespace whose only way out is the gate.
        otherwise: Whether it may run without, where the kernel forbids that.
    """

    isolate: bool = False
    otherwise: bool = False


def govern(command: Sequence[str], door: Door, confinement: Confinement, voice: Voice) -> int:
    """Runs a command behind a gate. Its exit code; 128 + n when signal n ended it."""
    with ExitStack() as cleanup:
        folder = Path(cleanup.enter_context(tempfile.TemporaryDirectory(prefix="vienna-run-")))
        trust = TrustFiles(door.ca, folder)

        def environ(proxy: str) -> dict[str, str]:
            return agent_environment(os.environ, proxy=proxy, trust=trust, agent=door.agent)

        if shutil.which(command[0], path=os.environ.get("PATH")) is None:
            raise Failure(f"cannot run {command[0]}: not found", Code.USAGE)

        def start() -> subprocess.Popen[bytes]:
            inside = None
            if confinement.isolate:
                inside = _isolated(command, environ(INSIDE_PROXY), door, confinement, cleanup, voice)
            return inside or _cooperative(command, environ(door.proxy), voice)

        return attend(start)


def _cooperative(command: Sequence[str], environ: dict[str, str], voice: Voice) -> subprocess.Popen[bytes]:
    voice.say(COOPERATIVE, event="mode", mode="cooperative")
    program = shutil.which(command[0], path=environ.get("PATH"))
    try:
        return subprocess.Popen([str(program), *command[1:]], env=environ)  # noqa: S603  # the agent's own command
    except OSError as error:
        raise Failure(f"cannot run {command[0]}: {error.strerror}", Code.USAGE) from None


def _isolated(
    command: Sequence[str],
    environ: dict[str, str],
    door: Door,
    confinement: Confinement,
    cleanup: ExitStack,
    voice: Voice,
) -> subprocess.Popen[bytes] | None:
    """The process inside; None where that is impossible and was not insisted on."""
    process: subprocess.Popen[bytes]
    relay: Relay
    try:
        process, relay = enter(command, environ, door.address)
    except IsolationError as error:
        why = "this kernel or container forbids unprivileged user namespaces"
        if confinement.otherwise:
            voice.say(f"warning: no isolation here: {error}; {why}", event="warning", what="no_isolation")
            return None
        raise Failure(
            f"--isolate is not possible here: {error}\n"
            f"  {why}; nothing was run.\n"
            "  With --isolate-if-possible, or without either, the command runs in cooperative mode, which a client may "
            "bypass."
        ) from None
    cleanup.callback(relay.close)
    voice.say(ISOLATED, event="mode", mode="isolated")
    if places := reachable_sockets(environ):
        more = f" and {len(places) - _SOCKETS_NAMED} more" if len(places) > _SOCKETS_NAMED else ""
        voice.say(
            "warning: these Unix sockets stay reachable from inside, and may lead around the gate: "
            f"{', '.join(places[:_SOCKETS_NAMED])}{more}",
            event="warning",
            what="unix_sockets",
            paths=places,
        )
    return process


def watched(found: Door, installation: Installation, voice: Voice, *, nobody_asked: bool) -> Live | None:
    """The live view of a door's calls; None where it was not wanted, or there is no key to read them with."""
    if voice.printer.quiet:
        return None
    at = installation if found.pair is None else found.pair.installation
    try:
        # A key in the environment is an installation's; the one that nobody is asked at has its own.
        access = Access.find(at, found.control, {} if nobody_asked else os.environ)
    except Failure as failure:
        voice.say(f"no view of the calls: {failure.message}")
        return None
    client = ViennaClient(access.url, api_key=access.api_key, use_proxy=False)
    return Live(client, found.agent, voice, nobody_asked=nobody_asked)


def _observed(live: Live | None, found: Door, work: Callable[[], int]) -> int:
    if live is None:
        return work()
    with live.watching():
        status = work()
    if found.pair is not None:
        found.pair.gate.stop()  # what it refused alone, it reports with a delay, and at its end
    live.conclude()
    return status


_CONFIG = typer.Option("--config", "-c", envvar="VIENNA_CONFIG", show_default=False)
_ISOLATE = typer.Option("--isolate", help="In a namespace whose only way out is the gate; else not at all.")
_IF_POSSIBLE = typer.Option(
    "--isolate-if-possible", help="Isolated where the kernel lets us, else with a warning."
)
_POLICY = typer.Option(
    "--policy",
    metavar="DIR",
    help="With --approve-all: these policies, not the installation's.",
    show_default=False,
)
_APPROVE_ALL = typer.Option(
    "--approve-all", help="Dev and test: a throw-away control plane that agrees to whatever is held."
)


def run(
    command: Annotated[list[str], typer.Argument(metavar="-- CMD …", help="The agent.", show_default=False)],
    config: Annotated[Path | None, _CONFIG] = None,
    isolate: Annotated[bool, _ISOLATE] = False,
    isolate_if_possible: Annotated[bool, _IF_POSSIBLE] = False,
    policy: Annotated[list[Path] | None, _POLICY] = None,
    approve_all: Annotated[bool, _APPROVE_ALL] = False,
    output: OutputOption = Format.TABLE,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors.")] = False,
) -> None:
    """Run an unmodified agent under governance; each of its calls is told in a line on standard error."""
    if policy and not approve_all:
        raise Failure(
            "--policy tries policies where nobody is there to ask: give --approve-all too", Code.USAGE
        )
    if approve_all:
        permitted()
    voice = Voice(Printer(output, quiet=quiet))
    installation = Installation.find(config)
    with ExitStack() as running:
        running.enter_context(leaving_in_order())
        if approve_all:
            pair = running.enter_context(rehearsed(installation, policy or [], discard))
            found = Door.of(pair.ready(), pair)
        else:
            found = running.enter_context(door(installation))
        _introduce(found, voice, nobody_asked=approve_all)
        confinement = Confinement(isolate=isolate or isolate_if_possible, otherwise=not isolate)
        live = watched(found, installation, voice, nobody_asked=approve_all)
        status = _observed(live, found, lambda: govern(command, found, confinement, voice))
    raise typer.Exit(status)


def _introduce(found: Door, voice: Voice, *, nobody_asked: bool) -> None:
    people = (
        "approve-all: whatever is held is agreed to, by nobody"
        if nobody_asked
        else f"approvals: {called()} approvals watch ({found.control})"
    )
    voice.say(
        f"{found.agent} through {found.proxy}; {people}",
        event="start",
        agent=found.agent,
        proxy=found.proxy,
        control=found.control,
        approve_all=nobody_asked,
    )


def register(app: typer.Typer) -> None:
    app.command("run", context_settings={"allow_interspersed_args": False})(run)
