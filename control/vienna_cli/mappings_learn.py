"""``vienna mappings learn``: mappings proposed from traffic that none reads."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from vienna_cli import proposals, recorded
from vienna_cli.mappings_import import Force, Known
from vienna_cli.output import Failure
from vienna_cli.policies import complaint
from vienna_cli.terminal import Terminal, command
from vienna_kernel.errors import MalformedError
from vienna_kernel.propose.finish import Finished, finish
from vienna_kernel.propose.learned import Known as Beside
from vienna_kernel.propose.learned import proposals as proposals_of
from vienna_kernel.propose.observed import Seen

Since = Annotated[str, typer.Option(help="How far back: 12h, 1d, 7d.")]
OneHost = Annotated[str | None, typer.Option(help="Only calls to this host.", show_default=False)]
FromFile = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="FILE",
        help="A HAR file, or a request as JSON on each line, instead of a control plane.",
    ),
]
Folder = Annotated[
    Path | None,
    typer.Option("-o", metavar="FOLDER", help="Where to write a file for each host; else they are printed."),
]
Variables = Annotated[
    list[str] | None,
    typer.Option(
        "--variable", metavar="PATH", help="Names variables that look like words: '/repos/{owner}/{repo}'."
    ),
]
Most = Annotated[
    int, typer.Option("--limit", min=1, max=100_000, help="At most so many calls of each method.")
]


def learn(
    terminal: Terminal,
    since: Since = "1d",
    host: OneHost = None,
    source: FromFile = None,
    to: Folder = None,
    variable: Variables = None,
    limit: Most = 10_000,
    force: Force = False,
) -> None:
    """Propose mappings from recorded calls that no mapping reads, a file for each host."""
    variables = tuple(variable or ())
    known = Known.of(terminal)
    calls = _calls(terminal, known, since, host, source, limit)
    if not calls:
        terminal.printer.say("every recorded call is mapped, or there is none")
        return
    if source is None:
        calls = recorded.looked_into(terminal, calls, variables=variables)
    day = datetime.now(UTC).date().isoformat()
    beside = Beside(
        version=day,
        origin=f"{len(calls)} calls in {source}"
        if source
        else f"{len(calls)} recorded calls of the last {since}",
        variables=variables,
        taken=known.names,
    )
    finished = _finished(terminal, calls, beside)
    files = [proposals.Output(to / f"{one.proposal.id}.yaml", force=force) for one in finished] if to else []
    for one, file in zip(finished, files, strict=False):
        file.write(one)
    proposals.show(terminal, finished, files or [None] * len(finished))


def _calls(
    terminal: Terminal, known: Known, since: str, host: str | None, source: str | None, limit: int
) -> list[Seen]:
    """What is not mapped yet: of a control plane what it says is not, of a file what the mappings here do not take."""
    back = recorded.since(since)
    if source is None:
        return recorded.of_control(terminal, back, host, most=limit)
    found = recorded.of_file(source, host)
    left = [call for call in found if known.of_call(call) is None]
    if len(left) < len(found):
        terminal.printer.say(f"{len(found) - len(left)} of {len(found)} calls are mapped already")
    return left


def _finished(terminal: Terminal, calls: Sequence[Seen], beside: Beside) -> list[Finished]:
    """The proposals that hold; a host of which nothing can be mapped is told."""
    done = []
    for proposal in proposals_of(calls, beside):
        try:
            done.append(finish(proposal))
        except MalformedError as error:
            terminal.printer.say(f"{proposal.hosts[0]}: {complaint(error)}")
    if not done:
        raise Failure("nothing of it can be mapped")
    return done


def register(app: typer.Typer) -> None:
    command(app, "learn", writes=True)(learn)
