"""``vienna mappings``: mapping files, checked and tested without a control plane."""

from __future__ import annotations

from typing import Any

import typer

from vienna_cli.output import Failure, field
from vienna_cli.policies import Places, complaint, finish
from vienna_cli.policy_files import Policies
from vienna_cli.terminal import Terminal, command, noun
from vienna_kernel.document import DocumentError
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.case import CaseResult
from vienna_kernel.mapping.cases import run_cases
from vienna_kernel.mapping.reading import MappingSet

app = noun("Mapping files: check, test.")

ACTIONS = (
    field("action"),
    field("tier"),
    field("effect"),
    field("reversibility"),
    field("parameters"),
    field("description"),
)


@command(app, "check")
def check(terminal: Terminal, places: Places = None) -> None:
    """Compile mappings; list the actions they declare. Every error with file, line and column."""
    try:
        policies = Policies.find(places or [], terminal.installation)
        files = policies.of("Mapping")
        if not files:
            raise Failure("found no mapping")
        policies.mappings()
        found = MappingSet.compile([file.document for file in files])
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
    terminal.printer.say(
        f"{len(files)} mappings, {len(rows)} actions, hosts {', '.join(sorted(found.hosts))}"
    )


@command(app, "test")
def run_files(terminal: Terminal, places: Places = None) -> None:
    """Map the request of every case and verify its response."""
    rows: list[dict[str, Any]] = []
    without: list[str] = []
    try:
        policies = Policies.find(places or [], terminal.installation)
        every = policies.mappings()
        for file in policies.of("Mapping"):
            beside = file.cases()
            found = [one for part in (file.document, beside) if part for one in run_cases(part, every)]
            rows += [_row(one) for one in found]
            if not found:
                without.append(str(file.path))
    except (MalformedError, DocumentError) as error:
        raise Failure(complaint(error)) from None
    finish(terminal, rows, without)


def _row(result: CaseResult) -> dict[str, Any]:
    return {
        "name": result.name,
        "where": result.where,
        "passed": result.passed,
        "differences": list(result.problems),
    }


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="mappings")
