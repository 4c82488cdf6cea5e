"""``vienna policies``: rule files, checked and tested as a control plane would read them, without one; and the budgets
of a running one. What else is asked of a running one: ``policies_kept``, ``policies_changes``, ``policies_backtest``.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from vienna_cli import policies_backtest, policies_changes, policies_kept, policies_templates
from vienna_cli.output import Code, Failure, field
from vienna_cli.policy_files import Policies
from vienna_cli.terminal import Terminal, command, noun
from vienna_kernel.approval.group import from_documents
from vienna_kernel.document import DocumentError
from vienna_kernel.errors import MalformedError
from vienna_kernel.policy.cases import run_cases
from vienna_kernel.policy.lint import lint
from vienna_kernel.policy.schema import rules_schema

app = noun("Rules: check and test files; what is in force, changes, backtests, templates, budgets.")

Places = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[FILE|FOLDER]…", help="Else those of vienna.yaml, else the shipped ones.", show_default=False
    ),
]
Strict = Annotated[bool, typer.Option("--strict", help="A warning fails it too.")]

WARNINGS = (("", lambda _: "warning"), field("where"), field("rule", "rule_id"), field("why"), field("fix"))
BUDGETS = (
    field("budget", "name"),
    field("per"),
    field("account"),
    field("window"),
    field("spent"),
    field("reserved"),
    field("left", "remaining"),
    field("of", "limit"),
    field("currency"),
)
CASES = (
    ("", lambda row: "✓" if row["passed"] else "✗"),
    field("where"),
    field("name"),
    ("GOT", lambda row: "; ".join(row["differences"])),
)


@command(app, "check")
def check(terminal: Terminal, places: Places = None, strict: Strict = False) -> None:
    """Check rules, tiers and mappings: every error with file, line and column, and what is probably not meant."""
    try:
        policies = Policies.find(places or [], terminal.installation)
        wrong = policies.unknown()
        if wrong:
            raise Failure("\n".join(wrong))
        policies.tiers()
        from_documents([file.document for file in policies.of("Groups")])
        mappings = policies.mappings()
        rules = policies.rules(*policies.of("Rules"))
    except (MalformedError, DocumentError) as error:
        raise Failure(complaint(error)) from None
    found = lint(rules, action_types=mappings.action_types, now=datetime.now(UTC))
    terminal.printer.rows([asdict(one) for one in found], WARNINGS, key="where")
    counts = f"{len(policies.own)} files: {rules.count} rules, {len(mappings.action_types)} action types"
    terminal.printer.say(f"{counts}; {len(found)} warnings")
    if strict and found:
        raise Failure(f"{len(found)} warnings, and --strict was given")


@command(app, "test")
def run_files(terminal: Terminal, places: Places = None) -> None:
    """Decide every case beside every rule file."""
    rows: list[dict[str, Any]] = []
    without: list[str] = []
    try:
        policies = Policies.find(places or [], terminal.installation)
        tiers, types = policies.tiers(), policies.mappings().action_types
        for file in policies.of("Rules"):
            cases = file.cases()
            if cases is None:
                without.append(str(file.path))
                continue
            found = run_cases(policies.rules(file), tiers, cases, action_types=types)
            rows += [_row(one) for one in found]
    except (MalformedError, DocumentError) as error:
        raise Failure(complaint(error)) from None
    finish(terminal, rows, without)


@command(app, "schema")
def schema(terminal: Terminal) -> None:
    """Print the JSON Schema of rule files, for editors."""
    terminal.printer.data(rules_schema())


@command(app, "budgets")
def budgets(
    terminal: Terminal,
    name: Annotated[
        str | None, typer.Argument(metavar="[BUDGET]", help="Only this one.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
) -> None:
    """Show what is used and left of the budgets, account by account."""
    params = {"limit": limit, **({"name": name} if name else {})}
    data = terminal.client.request("GET", "/budgets", params=params)
    terminal.printer.rows(data["budgets"], BUDGETS, key="account_id")


def finish(terminal: Terminal, rows: list[dict[str, Any]], without: list[str]) -> None:
    """Prints what came out of cases; ends with an error when one failed or there was none at all."""
    failed = [row for row in rows if not row["passed"]]
    terminal.printer.rows(rows if terminal.printer.format != "table" else failed, CASES, key="where")
    for place in without:
        terminal.printer.say(f"{place}: no cases beside it")
    if not rows:
        raise Failure("found no cases", Code.USAGE)
    if failed:
        raise Failure(f"{len(failed)} of {len(rows)} cases failed")
    terminal.printer.say(f"{len(rows)} cases passed")


def complaint(error: MalformedError) -> str:
    """Every complaint on a line of its own."""
    return "\n".join(str(one) for one in error.errors) if isinstance(error, DocumentError) else str(error)


def _row(result: Any) -> dict[str, Any]:
    return {name: getattr(result, name) for name in ("name", "where", "passed", "differences")}


def register(parent: typer.Typer) -> None:
    policies_kept.register(app)
    policies_backtest.register(app)
    app.add_typer(policies_changes.app, name="changes")
    app.add_typer(policies_templates.app, name="templates")
    parent.add_typer(app, name="policies")
