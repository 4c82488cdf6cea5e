"""``vienna policies backtest`` and ``suggestions``: what recorded traffic says about a policy."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from vienna_cli.output import Code, Failure, field
from vienna_cli.policies_kept import rules_of
from vienna_cli.policies_load import told
from vienna_cli.policy_files import Policies
from vienna_cli.recorded import since as back
from vienna_cli.terminal import Terminal, command
from vienna_cli.waiting import until_ended

Files = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILE|FOLDER]…", help="Rules (and tiers) to try.", show_default=False),
]
EXAMPLES = (
    field("intent", "intent_id"),
    field("action"),
    ("BEFORE", lambda row: f"{row['before']['decision']} {row['before']['risk_tier']}"),
    ("AFTER", lambda row: f"{row['after']['decision']} {row['after']['risk_tier']}"),
    field("rule", "after.rule"),
    field("summary"),
)
SUGGESTIONS = (
    field("says"),
    field("agent"),
    field("action"),
    field("approved"),
    field("denied"),
    field("people"),
    ("RULE", lambda row: row["rule"]["body"]["id"] if row["rule"] else ""),
    ("STANDING", lambda row: f"{row['standing']['body']['count']} uses" if row["standing"] else ""),
)


def register(app: typer.Typer) -> None:
    """Adds the commands to ``vienna policies``."""
    command(app, "backtest")(backtest)
    command(app, "suggestions")(suggestions)


def backtest(
    terminal: Terminal,
    places: Files = None,
    add: Annotated[
        bool, typer.Option("--add", help="Beside what is in force, not in its files' place.")
    ] = False,
    remove: Annotated[list[str] | None, typer.Option(help="Leave this rule out; may be repeated.")] = None,
    default: Annotated[str | None, typer.Option(help="deny or allow, when no rule holds.")] = None,
    since: Annotated[str, typer.Option(help="How far back, like 7d.")] = "7d",
    agent: Annotated[str | None, typer.Option(help="Only this one's.")] = None,
) -> None:
    """Hold files of rules against recorded intents: what they would decide otherwise, and ask how often."""
    asked: dict[str, Any] = {"from": (datetime.now(UTC) - back(since)).isoformat()}
    if places and add:
        asked["rules"] = list(rules_of(terminal, places).values())
    elif places:
        asked["bundle"] = _bundle(terminal, places)
    asked |= {
        name: value for name, value in (("remove", remove), ("default", default), ("agent", agent)) if value
    }
    if not {"rules", "bundle", "remove", "default"} & set(asked):
        raise Failure("nothing to try: give files, --remove or --default", Code.USAGE)
    result = terminal.client.request("POST", "/policies/backtest", json=asked)
    place = f"/policies/backtests/{result['id']}"
    result = until_ended(terminal, place, result, while_="running", progress=_progress)
    if result["status"] != "done":
        raise Failure(f"the backtest ended without a result: {result['error']}")
    if terminal.printer.format != "table":
        terminal.printer.data(result)
        return
    if result["examples"]:
        terminal.printer.rows(result["examples"], EXAMPLES, key="intent_id")
    for line in told(result):
        terminal.printer.line(line)


def _progress(result: Any) -> str:
    return f"{result['seen']} intents so far"


def _bundle(terminal: Terminal, places: list[Path]) -> list[dict[str, str]]:
    policies = Policies.find(places, terminal.installation)
    files = [*policies.of("Rules"), *policies.of("Tiers")]
    if not files:
        raise Failure("found no rules there", Code.USAGE)
    return [{"name": file.document.name, "text": file.path.read_text(encoding="utf-8")} for file in files]


def suggestions(terminal: Terminal) -> None:
    """Show what people always said the same about; with -o json the rules and standing warrants to be sent."""
    data = terminal.client.request("GET", "/policies/suggestions")
    terminal.printer.rows(data["suggestions"], SUGGESTIONS, key="action")
