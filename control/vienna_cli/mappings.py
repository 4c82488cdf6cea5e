"""``vienna mappings``: mapping files, checked and tested, proposed and held against traffic."""

from __future__ import annotations

from typing import Any

import typer

from vienna_cli import mappings_coverage, mappings_import, mappings_kept, mappings_learn
from vienna_cli.output import Failure, field
from vienna_cli.policies import Places, Strict, complaint, finish
from vienna_cli.policy_files import File, Policies
from vienna_cli.terminal import Terminal, command, noun
from vienna_kernel.document import DocumentError
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.case import CaseResult
from vienna_kernel.mapping.cases import run_cases
from vienna_kernel.mapping.document import json_schema
from vienna_kernel.mapping.reading import MappingSet
from vienna_kernel.mapping.strict import uncovered
from vienna_kernel.propose.writer import GUESSED

app = noun("Mapping files: check, test, propose, hold against traffic.")

ACTIONS = (
    field("action"),
    field("tier"),
    field("effect"),
    field("reversibility"),
    field("parameters"),
    field("description"),
)


@command(app, "check")
def check(terminal: Terminal, places: Places = None, strict: Strict = False) -> None:
    """Compile mappings; list the actions they declare. Every error with file, line and column."""
    try:
        policies = Policies.find(places or [], terminal.installation)
        files = policies.of("Mapping")
        if not files:
            raise Failure("found no mapping")
        policies.mappings()
        found = MappingSet.compile([file.document for file in files])
        untried = [wrong for file in files for wrong in uncovered(file.document, file.cases())]
    except (MalformedError, DocumentError) as error:
        raise Failure(complaint(error)) from None
    rows = [
        {
            "action": kind.name,
            "tier": kind.default_tier.value,
            "effect": kind.effect.value,
            "reversibility": kind.reversibility.value,
            "parameters": sorted(kind.parameters),
            "description": kind.description,
        }
        for kind in found.action_types.values()
    ]
    terminal.printer.rows(rows, ACTIONS, key="action")
    for file in files:
        if guesses := _guesses(file):
            terminal.printer.say(
                f"{file.document.name}: {guesses} lines are guesses that nobody has reviewed"
            )
    terminal.printer.say(
        f"{len(files)} mappings, {len(rows)} actions, hosts {', '.join(sorted(found.hosts))}"
    )
    _end(terminal, untried, strict=strict)


@command(app, "test")
def run_files(terminal: Terminal, places: Places = None, strict: Strict = False) -> None:
    """Map the request of every case and verify its response."""
    rows: list[dict[str, Any]] = []
    without: list[str] = []
    untried: list[MalformedError] = []
    try:
        policies = Policies.find(places or [], terminal.installation)
        every = policies.mappings()
        for file in policies.of("Mapping"):
            beside = file.cases()
            found = [one for part in (file.document, beside) if part for one in run_cases(part, every)]
            rows += [_row(one) for one in found]
            untried += uncovered(file.document, beside)
            if not found:
                without.append(str(file.path))
    except (MalformedError, DocumentError) as error:
        raise Failure(complaint(error)) from None
    finish(terminal, rows, without)
    _end(terminal, untried, strict=strict)


@command(app, "schema")
def schema(terminal: Terminal) -> None:
    """Print the JSON Schema of a mapping file, for editors."""
    terminal.printer.data(json_schema())


def _guesses(file: File) -> int:
    """How many lines of a proposal still say that they are guessed."""
    try:
        return file.path.read_text(encoding="utf-8").count(GUESSED)
    except OSError:
        return 0


def _end(terminal: Terminal, untried: list[MalformedError], *, strict: bool) -> None:
    """Actions without a case: an error in strict mode, else how many there are."""
    if untried and strict:
        raise Failure("\n".join(str(wrong) for wrong in untried))
    if untried:
        terminal.printer.say(f"{len(untried)} complaints in strict mode, which prod is in: see --strict")


def _row(result: CaseResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "where": result.where,
        "passed": result.passed,
        "differences": list(result.problems),
    }


for _part in (mappings_import, mappings_learn, mappings_coverage):
    _part.register(app)


def register(parent: typer.Typer) -> None:
    mappings_kept.register(app)
    parent.add_typer(app, name="mappings")
