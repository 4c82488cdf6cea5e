"""``vienna mappings import-openapi``: a mapping with its cases, proposed from the description of an API."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from vienna_cli import proposals
from vienna_cli.output import Code, Failure
from vienna_cli.policies import complaint
from vienna_cli.policy_files import Policies
from vienna_cli.terminal import Terminal, command
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.words import host_pattern
from vienna_kernel.propose import apidoc
from vienna_kernel.propose.against import Mapped, mapped_of, not_mapped
from vienna_kernel.propose.finish import Finished, finish
from vienna_kernel.propose.importer import Importer, Wanted
from vienna_kernel.propose.observed import Seen
from vienna_kernel.propose.proposal import ID

_TOLD_EVERY = 250

Many = list[str] | None
Description = Annotated[
    str, typer.Argument(metavar="FILE", help="OpenAPI 3 or Swagger 2 in JSON or YAML, also .gz; - is stdin.")
]
Target = Annotated[
    Path | None,
    typer.Option("-o", metavar="FILE", help="Where to write it, its cases beside it; else it is printed."),
]
Only = Annotated[Many, typer.Option(metavar="'METHOD PATH'", help="Like 'POST /v1/*'; may be repeated.")]
Tag = Annotated[Many, typer.Option(help="Operations with this tag; may be repeated.")]
Methods = Annotated[str | None, typer.Option(help="Operations of these methods: POST,DELETE.")]
Id = Annotated[str | None, typer.Option(help="Id of the mapping; else made of the host.")]
Host = Annotated[str | None, typer.Option(help="A host that the description has, or yours.")]
Missing = Annotated[bool, typer.Option("--missing", help="Only what no mapping takes yet.")]
Force = Annotated[bool, typer.Option("--force", help="Write over files that are there.")]


def import_openapi(
    terminal: Terminal,
    description: Description,
    to: Target = None,
    only: Only = None,
    tag: Tag = None,
    methods: Methods = None,
    id: Id = None,
    host: Host = None,
    missing: Missing = False,
    force: Force = False,
) -> None:
    """Propose a mapping from an OpenAPI document: effects and tiers are guesses, marked as such."""
    files = proposals.Output(to, force=force) if to else None
    _judge(id, host)
    data, name = proposals.read(description)
    try:
        doc = apidoc.parse(data, name=name)
        known = Known.of(terminal)
        wanted = Wanted(
            only=tuple(only or ()),
            tags=tuple(tag or ()),
            methods=tuple(word.strip().upper() for word in (methods or "").split(",") if word.strip()),
            id=id or "",
            host=host or "",
            taken=known.names,
        )
        importer = Importer(doc, wanted)
        finished = _finished(terminal, importer, known if missing else None)
    except MalformedError as error:
        raise Failure(complaint(error)) from None
    if finished is None:
        terminal.printer.say("every operation of it is mapped already")
        return
    if files:
        files.write(finished)
    proposals.show(terminal, [finished], [files], operations=importer.total, not_wanted=importer.left_out)
    for line in known.warnings(finished):
        terminal.printer.say(line)


def _judge(id: str | None, host: str | None) -> None:
    if id is not None and not ID.match(id):
        raise Failure(
            f"--id {id!r}: expected lower-case letters, digits, _ and -, a letter first", Code.USAGE
        )
    try:
        host_pattern(host or "any.example")
    except ValueError as error:
        raise Failure(f"--host: {error}", Code.USAGE) from None


def _finished(terminal: Terminal, importer: Importer, known: Known | None) -> Finished | None:
    """The proposal, tried; of ``known`` mappings only what they leave, None when that is nothing."""
    for number, _ in enumerate(importer.steps(), 1):
        if number % _TOLD_EVERY == 0 and number < importer.total:
            terminal.printer.say(f"{number} of {importer.total} operations")
    proposal = importer.proposal()
    if known is None:
        return finish(proposal)
    left = tuple(not_mapped(proposal.drafts, proposal.hosts, known.mapped))
    id = f"{proposal.id}_more" if proposal.id in known.ids else proposal.id
    return finish(replace(proposal, id=id, drafts=left)) if left else None


class Known:
    """The mappings that count already."""

    def __init__(self, mapped: Sequence[Mapped]) -> None:
        self.mapped = mapped
        self.ids = frozenset(one.mapping for one in mapped)
        self.names = frozenset((one.mapping, one.action) for one in mapped)

    @classmethod
    def of(cls, terminal: Terminal) -> Known:
        """Those of the installation that hold; one that does not is told, and no more: checking is another command."""
        rows: list[Mapped] = []
        try:
            found = Policies.find([], terminal.installation)
        except (MalformedError, Failure) as error:
            terminal.printer.say(f"not held against the mappings that are there: {error}")
            return cls([])
        for file in (*found.own, *found.lent):
            try:
                rows += mapped_of([file.document]) if file.kind == "Mapping" else []
            except MalformedError as error:
                terminal.printer.say(f"not held against {file.document.name}: {error}")
        return cls(rows)

    def of_call(self, call: Seen) -> Mapped | None:
        """The action that takes a call, by its place alone."""
        path = "/" + "/".join(call.segments)
        ours = (one for one in self.mapped if one.serves(call.host))
        return next((one for one in ours if one.takes(call.method, path, call.query)), None)

    def warnings(self, finished: Finished) -> list[str]:
        """What a proposal will do to the mappings that are there."""
        proposal = finished.proposal
        told = []
        if proposal.id in self.ids:
            told.append(
                f"it takes the place of the mapping {proposal.id!r}; with --missing it would only add to it"
            )
        beside: list[Mapped] = [one for one in self.mapped if one.mapping != proposal.id]
        clash = len(proposal.drafts) - len(list(not_mapped(proposal.drafts, proposal.hosts, beside)))
        if clash:
            told.append(f"{clash} of its actions take requests of other mappings; --missing leaves them out")
        return told


def register(app: typer.Typer) -> None:
    command(app, "import-openapi", writes=True)(import_openapi)
