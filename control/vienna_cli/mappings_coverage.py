"""``vienna mappings coverage``: how much of what agents ask for is understood."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer

from vienna_cli import proposals, recorded
from vienna_cli.mappings_import import Known
from vienna_cli.mappings_learn import FromFile, Since, Variables
from vienna_cli.output import Failure, Format, field
from vienna_cli.policies import Places, complaint
from vienna_cli.policy_files import Policies
from vienna_cli.terminal import Terminal, command
from vienna_kernel.document import Document, parse
from vienna_kernel.errors import MalformedError
from vienna_kernel.mapping.strict import cased
from vienna_kernel.propose import apidoc
from vienna_kernel.propose.against import mapped_of, not_documented, not_mapped
from vienna_kernel.propose.cluster import clusters
from vienna_kernel.propose.coverage import UNMAPPED, Count, Coverage, cover
from vienna_kernel.propose.importer import Importer, Wanted
from vienna_kernel.propose.observed import Seen

HOSTS = (field("host"), field("calls"), field("mapped", "percent"), field("mappings"))
SHAPES = (field("calls"), field("agents"), field("method"), field("host"), field("not mapped", "path"))
ACTIONS = (field("mapping"), field("action"), field("calls"), field("case"))
DOCUMENTED = (field("not mapped", "operation"), field("where"))
UNLISTED = (field("not documented", "request"), field("mapping"), field("action"))

_MOST = 5000
_MAX_DAYS = 90
_SHOWN = 40

OpenApi = Annotated[
    str | None,
    typer.Option("--openapi", metavar="FILE", help="Hold the mappings against this description too."),
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Ask no control plane: mappings, cases and FILE only.")
]


def coverage(
    terminal: Terminal,
    places: Places = None,
    since: Since = "7d",
    source: FromFile = None,
    openapi: OpenApi = None,
    variable: Variables = None,
    offline: Offline = False,
) -> None:
    """Say by host how many calls are mapped, what is not, which actions were never seen or have no case."""
    try:
        policies = Policies.find(places or [], terminal.installation)
        files = [file for file in (*policies.own, *policies.lent) if file.kind == "Mapping"]
        tried = {file.id: cased(file.document, file.cases()) for file in files}
        documents = [file.document for file in files]
        if source is None and not offline:
            documents = _in_force(terminal)
        known = Known(mapped_of(documents))
        counts, calls = _traffic(terminal, known, since, source, offline=offline)
        found = cover(counts, known.mapped, clusters(calls, variables=tuple(variable or ())), cased=tried)
        held = _held(openapi, known) if openapi else None
    except MalformedError as error:
        raise Failure(complaint(error)) from None
    _show(terminal, found, held, own=frozenset(file.id for file in policies.of("Mapping")))


def _in_force(terminal: Terminal) -> list[Document]:
    """The mappings that the control plane goes by."""
    rows = terminal.client.request("GET", "/mappings", params={"limit": 500})["mappings"]
    return [parse(row["text"], name=f"{row['id']} in force") for row in rows]


def _traffic(
    terminal: Terminal, known: Known, since: str, source: str | None, *, offline: bool
) -> tuple[list[Count], list[Seen]]:
    """How often each action was asked for, and the calls that are none."""
    back = recorded.since(since)
    if source is not None:
        return _of_file(known, recorded.of_file(source, None))
    if offline:
        return [], []
    days = min(_MAX_DAYS, math.ceil(back.total_seconds() / 86400))
    told = terminal.client.request("GET", "/mappings/coverage", params={"days": days})
    counts = [Count(row["host"], row["action"], row["count"]) for row in told["actions"]]
    return counts, recorded.of_control(terminal, back, None, most=_MOST)


def _of_file(known: Known, calls: Sequence[Seen]) -> tuple[list[Count], list[Seen]]:
    counts: Counter[tuple[str, str]] = Counter()
    left = []
    for call in calls:
        one = known.of_call(call)
        counts[call.host, one.action if one else f"{UNMAPPED}{call.method.lower()}"] += 1
        left += [] if one else [call]
    return [Count(host, action, number) for (host, action), number in sorted(counts.items())], left


def _held(name: str, known: Known) -> dict[str, Any]:
    """What a description lists and no mapping takes, and what mappings take that it does not list."""
    data, shown = proposals.read(name)
    importer = Importer(apidoc.parse(data, name=shown), Wanted())
    for _ in importer.steps():
        pass
    proposal = importer.proposal()
    left = list(not_mapped(proposal.drafts, proposal.hosts, known.mapped))
    strange = not_documented(proposal.drafts, proposal.hosts, known.mapped)
    return {
        "document": shown,
        "hosts": list(proposal.hosts),
        "operations": len(proposal.drafts),
        "not_mapped": [{"operation": draft.label, "where": draft.where} for draft in left],
        "not_documented": [
            {"request": f"{method} {one.path}", "mapping": one.mapping, "action": one.action}
            for one, method in strange
        ],
        "not_readable": [asdict(one) for one in proposal.skipped],
    }


def _data(found: Coverage, held: dict[str, Any] | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "calls": found.calls,
        "mapped": found.mapped,
        "hosts": [{**asdict(row), "percent": row.percent} for row in found.hosts],
        "unmapped": [asdict(row) for row in found.shapes],
        "actions": [asdict(row) for row in found.actions],
    }
    return told | ({"openapi": held} if held else {})


def _show(terminal: Terminal, found: Coverage, held: dict[str, Any] | None, *, own: frozenset[str]) -> None:
    data = _data(found, held)
    if terminal.printer.format is not Format.TABLE:
        terminal.printer.data(data)
        return
    if found.hosts:
        terminal.printer.rows(data["hosts"], HOSTS, key="host")
    _section(terminal, data["unmapped"], SHAPES, "path")
    untried = [row for row in data["actions"] if row["case"] is False]
    untried.sort(key=lambda row: row["mapping"] not in own)  # ours before the shipped ones
    _section(terminal, untried, ACTIONS, "action")
    if held:
        _section(terminal, held["not_mapped"], DOCUMENTED, "operation")
        _section(terminal, held["not_documented"], UNLISTED, "request")
    for line in _sums(found, held):
        terminal.printer.say(line)


def _section(terminal: Terminal, rows: Sequence[Mapping[str, Any]], columns: Any, key: str) -> None:
    """One table after another, each with its first rows."""
    if not rows:
        return
    if not terminal.printer.quiet:
        terminal.printer.line("")
    terminal.printer.rows(rows[:_SHOWN], columns, key=key)
    if len(rows) > _SHOWN:
        terminal.printer.say(f"and {len(rows) - _SHOWN} more; --output json has all")


def _sums(found: Coverage, held: dict[str, Any] | None) -> list[str]:
    never = sum(not row.calls for row in found.actions)
    told = [
        f"{found.mapped} of {found.calls} calls are mapped; {never} of {len(found.actions)} actions were not seen"
    ]
    if held:
        left, strange = len(held["not_mapped"]), len(held["not_documented"])
        told.append(
            f"{held['operations'] - left} of {held['operations']} operations of {held['document']} are mapped; "
            f"{strange} mapped requests are not in it"
        )
    return told


def register(app: typer.Typer) -> None:
    command(app, "coverage")(coverage)
