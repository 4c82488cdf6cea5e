"""What an approver is told of one approval, in lines: the same in ``approvals show``, in the live view, in the demo.

1. Each value has a line of its own and is cut by itself, which is said: a long one hides no other.
2. Text of others is escaped (``output.escape``), so a line never does anything to the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from vienna_cli import surroundings
from vienna_cli.lines import CUT, Line, cut, head, left, local, named, tree, value
from vienna_cli.output import Printer, cell, escape
from vienna_kernel.decision.hint import denied_by_people


def facts(approval: Mapping[str, Any], *, now: datetime, most: int | None = CUT) -> list[Line]:
    """Everything about one approval (``GET /approvals/{id}``), and what ``surroundings`` has of it.

    ``most``: characters of one value, None: all.
    """
    shown = approval["shown"]
    parts = (
        _said(shown),
        _sent(shown.get("request"), most),
        _meant(shown.get("effect") or [], most),
        _beside(shown),
        surroundings.precedent(approval.get("precedent"), most),
        _claimed(shown, most),
        _standing(approval, now),
        surroundings.prospect(approval.get("warrant")),
        _why(approval.get("explanation") or {}),
        _denied(approval),
    )
    return [line for part in parts for line in part]


def describe(printer: Printer, approval: Mapping[str, Any]) -> None:
    """Prints the facts."""
    for line in facts(approval, now=datetime.now(UTC)):
        printer.line(" " * line.indent + line.text, style=line.style)


def consent(approval: Mapping[str, Any]) -> str:
    """``1 of 2: one more of group finance``."""
    counts = f"{approval['current_approvals']} of {approval['required_approvers']}"
    missing = "; ".join(approval.get("missing") or [])
    return escape(f"{counts}: {missing}" if missing and approval["status"] == "pending" else counts)


def _said(shown: Mapping[str, Any]) -> Iterator[Line]:
    yield Line(cell(shown.get("sentence")), style="bold")
    for note in shown.get("unusual") or []:
        yield Line(f"! {cell(note)}", style="yellow")


def _standing(approval: Mapping[str, Any], now: datetime) -> Iterator[Line]:
    pending = approval["status"] == "pending"
    until = f"{local(approval['expires_at'])}, in {left(approval['expires_at'], now)}" if pending else ""
    yield from head("Where it stands")
    yield from named(
        [
            ("approval", f"{cell(approval['approval_id'])}  {cell(approval['status'])}"),
            ("tier", cell(approval["risk_tier"])),
            ("consent", consent(approval)),
            ("asked", cell(approval.get("asked"))),
            ("agent", on_the_line(approval) if pending else ""),
            ("until", until),
            ("ended", "" if pending else local(approval.get("decided_at"))),
            ("reason", cell(approval.get("reason"))),
            ("claimed", claimed(approval)),
            ("you", barred(approval)),
        ]
    )
    yield from named(("vote", _vote(one)) for one in approval.get("votes") or [])
    yield from surroundings.people(approval.get("people") or [])
    for one in approval.get("superseded_votes") or []:
        yield from named([("vote", f"{_vote(one)} (counts no more: it was narrowed)")])
    for one in approval.get("comments") or []:
        yield from named([("comment", escape(f"{one['operator']}: {one['text']}"))])
    yield Line(f"digest {cell(approval.get('shown_digest'))}", 2)


def on_the_line(approval: Mapping[str, Any]) -> str:
    """Whether the agent still waits for an answer."""
    if approval.get("agent_waiting"):
        return "waits on the line"
    return "has hung up: it is let through when it asks again"


def claimed(approval: Mapping[str, Any]) -> str:
    """Who reads it now."""
    by = approval.get("claimed_by")
    return f"by {cell(by)} until {local(approval.get('claimed_until'))}" if by else ""


def barred(approval: Mapping[str, Any]) -> str:
    """Whether whoever asks may decide what waits, and why not; empty where that was not said."""
    may = approval.get("you_may_decide")
    if approval["status"] != "pending" or may is None:
        return ""
    instead = approval.get("in_place_of")
    if may:
        return f"may decide, in the place of {cell(instead)}" if instead else "may decide"
    return f"may not decide: {cell(approval.get('why_not'))}"


def _vote(one: Mapping[str, Any]) -> str:
    said = [one.get("operator"), {"approve": "agreed", "deny": "denied"}.get(str(one.get("verdict")))]
    said += [f"with {one['mfa']}"] if one.get("mfa") else []
    said += [f"in the place of {one['in_place_of']}"] if one.get("in_place_of") else []
    words = [one.get(name) for name in ("comment", "justification", "rollback_plan")]
    told = "; ".join(str(word) for word in words if word)
    line = f"{' '.join(str(word) for word in said if word)} at {local(one.get('at'))}"
    return escape(f"{line}: {told}" if told else line)


def _sent(request: Mapping[str, Any] | None, most: int | None) -> Iterator[Line]:
    if not request:
        yield from head("No request is held: the agent gets a warrant for exactly this, and does it itself")
        return
    yield from head("Exactly what will be sent")
    yield Line(f"{cell(request.get('method'))} {cell(request.get('url'))}", 2)
    for name, text in request.get("headers") or []:
        yield Line(f"{cell(name)}: {cut(cell(text), most)}", 2)
    body, size = request.get("body"), request.get("body_bytes") or 0
    if not size and body is None:
        return
    yield Line(f"body, {size} bytes {cell(request.get('body_digest'))}", 2)
    if isinstance(body, Mapping | list):
        yield from tree(body, indent=4, most=most)
    elif body is not None:
        yield Line(value(body, most), 4)


def _meant(effects: Sequence[Mapping[str, Any]], most: int | None) -> Iterator[Line]:
    if effects:
        yield from head("What it means")
    for one in effects:
        kind = ", ".join(cell(one[name]) for name in ("effect", "reversibility") if one.get(name))
        yield Line(f"{cell(one.get('action'))} on {cell(one.get('target'))} ({kind})", 2)
        yield from tree(one.get("parameters") or {}, indent=4, most=most)
        if one.get("undetermined"):
            yield Line(f"not said: {cell(one['undetermined'])}", 4)
        if one.get("redacted"):
            yield Line(f"kept from view: {cell(one['redacted'])}", 4)


def _beside(shown: Mapping[str, Any]) -> Iterator[Line]:
    if rows := shown.get("diff"):
        yield from head("Beside what is there")
        for row in rows:
            yield Line(_place(row), 2)
    if lowered := shown.get("narrowed"):
        yield from head("Lowered")
        for one in lowered:
            yield Line(f"{cell(one['parameter'])} {cell(one['from'])} → {cell(one['to'])}", 2)


def _place(row: Mapping[str, Any]) -> str:
    """``/spec/replicas 3 → 5 (changed)``; what the state is, where nothing is said of what becomes of it."""
    told = f"{cell(row['path'])} {cell(row['before'])}"
    if row["kind"] not in ("current", "same", "kept"):
        told += f" → {cell(row['after'])}"
    return f"{told} ({cell(row['kind'])})"


def _claimed(shown: Mapping[str, Any], most: int | None) -> Iterator[Line]:
    if said := shown.get("claimed"):
        label = str((shown.get("agent_words") or {}).get("label") or "in the agent's own words")
        yield from head(escape(label[0].upper() + label[1:]))
        yield from tree(said, indent=2, most=most)


def _why(told: Mapping[str, Any]) -> Iterator[Line]:
    explanation = told.get("explanation") or {}
    if not explanation:
        return
    yield from head("Why people are asked")
    for part in explanation.get("parts") or [explanation]:
        if rule := part.get("rule"):
            yield Line(f"rule {cell(rule.get('name') or rule.get('id'))} ({cell(rule.get('source'))})", 2)
        yield from _conditions(part.get("conditions"), 4)
        if tier := part.get("tier"):
            inputs = "; ".join(f"{cell(one.get('from'))} {cell(one.get('tier'))}" for one in tier["inputs"])
            yield Line(f"tier {cell(tier['value'])}: {inputs}", 2)
        if risk := part.get("risk"):
            scored = [one for one in risk.get("inputs") or [] if one.get("points") not in ("0.0", None)]
            inputs = "; ".join(
                f"{cell(one['name'])} {cell(one['points'])} ({cell(one['why'])})" for one in scored
            )
            yield Line(f"risk {cell(risk.get('score'))} of 100: {inputs or 'nothing adds to it'}", 2)


def _conditions(node: Any, indent: int) -> Iterator[Line]:
    """Each single condition with what is the case beside what was asked for."""
    if not isinstance(node, Mapping):
        return
    if node.get("field"):
        yield Line(_condition(node), indent)
    yield from (line for one in node.get("all") or [] for line in _conditions(one, indent))
    for word, below in (("any of", node.get("any")), ("not", [node["not"]] if node.get("not") else None)):
        if below:
            yield Line(f"{word}:", indent)
            yield from (line for one in below for line in _conditions(one, indent + 2))


def _condition(one: Mapping[str, Any]) -> str:
    actual = value(one["actual"], CUT) if one.get("actual") is not None else "not said"
    return f"{cell(one['field'])} is {actual}, asked {cell(one.get('expected'))}: {cell(one.get('result'))}"


def _denied(approval: Mapping[str, Any]) -> Iterator[Line]:
    if approval["status"] == "pending":
        yield from head("What the agent reads if you deny")
        yield Line(escape(denied_by_people("your reason")), 2)
