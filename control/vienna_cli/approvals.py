"""``vienna approvals``: what waits for people, and their yes or no."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from vienna_cli import approvals_together, standing
from vienna_cli.output import Code, Failure, Printer, cell, escape, field
from vienna_cli.terminal import Terminal, command, noun
from vienna_client import UnreachableError, ViennaError

app = noun("What waits for people: ls, show, approve, deny, claim, release, comment, watch.")


class Shown(StrEnum):
    """Which approvals to list."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    ALL = "all"


LIST = (
    field("id", "approval_id"),
    field("status"),
    field("tier", "risk_tier"),
    field("sentence"),
    ("consent", lambda row: consent(row)),
    field("until", "expires_at"),
)

_RECONNECT_SECONDS = 2.0
_CHANGES = frozenset(
    {
        "approval_required",
        "approval_resolved",
        "approval_expired",
        "approval_escalated",
        "approval_changed",
        "reset",
    }
)

Otp = Annotated[
    str | None, typer.Option("--otp", help="Your six-digit code, where one is needed.", show_default=False)
]
InPlaceOf = Annotated[str | None, typer.Option("--for", help="Whom you stand in for.", show_default=False)]
Comment = Annotated[str, typer.Option("--comment", help="For colleagues.", show_default=False)]


@command(app, "ls")
def ls(
    terminal: Terminal,
    status: Annotated[Shown, typer.Option(help="Only with this status; all for every one.")] = Shown.PENDING,
    agent: Annotated[str | None, typer.Option(help="Only of this agent.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
) -> None:
    """List approvals, newest first."""
    params = {"limit": limit, "agent_id": agent, "status": None if status is Shown.ALL else status.value}
    data = terminal.client.request("GET", "/approvals", params=_said(params))
    terminal.printer.rows(data["approvals"], LIST, key="approval_id")
    if data.get("has_more"):
        terminal.printer.say(f"{data['total']} in all; more with --limit")


@command(app, "show")
def show(terminal: Terminal, approval_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Show one approval: the effect, and exactly the request that would be sent."""
    approval = _get(terminal, approval_id)
    if terminal.printer.format != "table" or terminal.printer.quiet:
        terminal.printer.record(approval, (), key="approval_id")
    else:
        describe(terminal.printer, approval)


@command(app, "approve")
def approve(
    terminal: Terminal,
    approval_id: Annotated[str, typer.Argument(metavar="ID")],
    otp: Otp = None,
    in_place_of: InPlaceOf = None,
    comment: Comment = "",
    justification: Annotated[
        str, typer.Option(help="Why, where one is needed (T3).", show_default=False)
    ] = "",
    rollback_plan: Annotated[
        str, typer.Option(help="How back, where one is needed (T3).", show_default=False)
    ] = "",
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Consent to less: lower this parameter. Earlier votes fall. Again for more.",
            show_default=False,
        ),
    ] = None,
    standing_: Annotated[
        int | None,
        typer.Option(
            "--standing", min=1, help="Ask others to let so many such calls go.", show_default=False
        ),
    ] = None,
    duration: standing.Duration = "15m",
    limits: standing.Limits = None,
) -> None:
    """Say yes. What you consent to is what is shown; a changed request is another approval."""
    approval = _get(terminal, approval_id)
    if otp is None and _needs_code(approval) and terminal.interactive:
        describe(terminal.printer, approval)
        otp = terminal.ask("Your code", option="--otp")
    body = {
        "otp": otp,
        "in_place_of": in_place_of,
        "comment": comment,
        "justification": justification,
        "rollback_plan": rollback_plan,
    }
    more = {
        "narrowed": _lowered(set_) if set_ else None,
        "standing": standing.like(standing_, duration, limits) if standing_ else None,
    }
    vote(terminal, approval, "approve", {**body, **more})


def _lowered(texts: Sequence[str]) -> dict[str, Any]:
    pairs = [text.partition("=") for text in texts]
    if any(not name or not sign for name, sign, _ in pairs):
        raise Failure("--set: expected name=value", Code.USAGE)
    return {name: standing.given(value) for name, _, value in pairs}


@command(app, "deny")
def deny(
    terminal: Terminal,
    approval_id: Annotated[str, typer.Argument(metavar="ID")],
    reason: Annotated[
        str | None, typer.Option("--reason", help="The agent reads it.", show_default=False)
    ] = None,
) -> None:
    """Say no, with a reason. One no ends it."""
    approval = _get(terminal, approval_id)
    reason = reason or terminal.ask("Reason (the agent reads it)", option="--reason")
    vote(terminal, approval, "deny", {"reason": reason})


@command(app, "watch")
def watch(terminal: Terminal) -> None:
    """Show what waits, as it comes. At a terminal: a approves, d denies, s shows, Enter skips."""
    seen: set[str] = set()
    terminal.printer.say("watching; Ctrl-C ends")
    while True:
        _waiting(terminal, seen)
        try:
            for event in terminal.client.events():
                if event.name in _CHANGES:
                    _waiting(terminal, seen)
        except UnreachableError as error:
            terminal.printer.say(f"{error}; trying again")
        time.sleep(_RECONNECT_SECONDS)


def vote(terminal: Terminal, approval: Mapping[str, Any], verdict: str, body: Mapping[str, Any]) -> None:
    """Casts a vote on what was read, and says where the approval stands after it."""
    sent = {**_said(body), "shown_digest": approval.get("shown_digest")}
    after = terminal.client.request(
        "POST", f"/approvals/{approval['approval_id']}/{verdict}", json=_said(sent)
    )
    terminal.printer.record(after, (field("status"), *_after(after)), key="approval_id")


def consent(approval: Mapping[str, Any]) -> str:
    """``1 of 2: one more of group finance``."""
    counts = f"{approval['current_approvals']} of {approval['required_approvers']}"
    missing = "; ".join(approval.get("missing") or [])
    return f"{counts}: {missing}" if missing and approval["status"] == "pending" else counts


def describe(printer: Printer, approval: Mapping[str, Any]) -> None:
    """The readable effect, then the exact request."""
    shown = approval["shown"]
    request = shown.get("request") or {}
    printer.line(cell(shown.get("sentence")), style="bold")
    rows: list[tuple[str, Any]] = [
        ("approval", f"{approval['approval_id']}  {approval['status']}"),
        ("tier", approval["risk_tier"]),
        ("rule", (shown.get("rule") or {}).get("name")),
        ("consent", consent(approval)),
        ("until", approval["expires_at"]),
        ("claimed", _reader(approval)),
        ("you", _barred(approval)),
        *[("unusual" if not at else "", line) for at, line in enumerate(shown.get("unusual") or [])],
        *[("current", _place(row)) for row in shown.get("diff") or []],
        ("it says", _claimed(shown)),
        ("request", f"{request.get('method', '')} {request.get('url', '')}".strip()),
    ]
    rows += [
        ("lowered", f"{one['parameter']} {one['from']}→{one['to']}") for one in shown.get("narrowed") or []
    ]
    rows += [("header", f"{name}: {value}") for name, value in request.get("headers") or []]
    rows += [("body", request.get("body")), ("digest", approval.get("shown_digest"))]
    for name, value in rows:
        if text := cell(value):
            printer.line(f"  {name.ljust(9)} {text}")
    for one in shown.get("effect") or []:
        parameters = ", ".join(
            f"{name}={cell(value)}" for name, value in (one.get("parameters") or {}).items()
        )
        printer.line(
            f"  effect    {escape(str(one.get('action')))} on {escape(str(one.get('target')))}: {parameters}"
        )
    for one in approval.get("votes") or []:
        said = f"{one.get('operator')} {one.get('verdict')} {one.get('at')} {one.get('comment') or ''}"
        printer.line(f"  vote      {escape(said.strip())}")


def _place(row: Mapping[str, Any]) -> str:
    """``/spec/replicas 3 → 5 (changed)``; what the state is, where nothing is said of what becomes of it."""
    if row["kind"] in ("current", "same", "kept"):
        return f"{row['path']} {row['before']} ({row['kind']})"
    return f"{row['path']} {row['before']} → {row['after']} ({row['kind']})"


def _claimed(shown: Mapping[str, Any]) -> str:
    """What the agent says of itself, under its label."""
    label = (shown.get("agent_words") or {}).get("label", "")
    said = "; ".join(f"{name}: {value}" for name, value in (shown.get("claimed") or {}).items())
    return f"({label}) {said}" if said else ""


def _waiting(terminal: Terminal, seen: set[str]) -> None:
    data = terminal.client.request("GET", "/approvals", params={"status": "pending", "limit": 500})
    for row in reversed(data["approvals"]):
        if row["approval_id"] not in seen:
            seen.add(row["approval_id"])
            _offer(terminal, row)


def _offer(terminal: Terminal, row: Mapping[str, Any]) -> None:
    if terminal.printer.format != "table":
        terminal.printer.data([row] if terminal.printer.format == "jsonl" else row)
        return
    terminal.printer.line(
        f"{cell(row['approval_id'])}  {cell(row['risk_tier'])}  {cell(row.get('sentence'))}  ({consent(row)})"
    )
    while terminal.interactive:
        answer = typer.prompt(
            "[a]pprove [d]eny [s]how, Enter skips", default="", show_default=False, err=True
        )
        if answer == "s":
            describe(terminal.printer, _get(terminal, row["approval_id"]))
        elif answer in ("a", "d"):
            _decide(terminal, row["approval_id"], answer)
            return
        else:
            return


def _decide(terminal: Terminal, approval_id: str, answer: str) -> None:
    """One vote from the live view; what goes wrong with it does not end the view."""
    try:
        approval = _get(terminal, approval_id)
        if answer == "d":
            vote(terminal, approval, "deny", {"reason": terminal.ask("Reason", option="--reason")})
            return
        code = terminal.ask("Your code", option="--otp") if _needs_code(approval) else None
        vote(terminal, approval, "approve", {"otp": code})
    except (Failure, ViennaError) as error:
        terminal.printer.fail(str(error))


def _get(terminal: Terminal, approval_id: str) -> dict[str, Any]:
    approval = terminal.client.request("GET", f"/approvals/{approval_id}")
    if not isinstance(approval, dict):
        raise Failure("the control plane answered something else than an approval", Code.ERROR)
    return approval


def _needs_code(approval: Mapping[str, Any]) -> bool:
    return bool(approval.get("mfa"))


def _reader(approval: Mapping[str, Any]) -> str:
    by = approval.get("claimed_by")
    return f"by {by} until {approval.get('claimed_until')}" if by else ""


def _barred(approval: Mapping[str, Any]) -> str:
    """Why whoever asks may not decide what waits; empty where they may, or where that was not said."""
    if approval["status"] != "pending" or approval.get("you_may_decide", True):
        return ""
    return f"may not decide: {approval.get('why_not')}"


def _after(data: Mapping[str, Any]) -> tuple[Any, ...]:
    rest = ("approval_id", "current_approvals", "required_approvers", "intent_status", "warrant_id")
    shown = tuple(field(name) for name in rest if name in data)
    return (*shown, field("standing", "standing.standing_id")) if data.get("standing") else shown


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was left out."""
    return {name: value for name, value in values.items() if value not in (None, "")}


for _verb in (approvals_together.claim, approvals_together.release, approvals_together.comment):
    command(app, _verb.__name__)(_verb)


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="approvals")
