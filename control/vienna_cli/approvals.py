"""``vienna approvals``: what waits for people, and their yes or no."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any

import typer

from vienna_cli import approvals_together, standing, surroundings, watch
from vienna_cli.facts import consent, describe
from vienna_cli.output import Code, Failure, field
from vienna_cli.terminal import Terminal, command, noun

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
    ("consent", consent),
    field("until", "expires_at"),
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
        describe(terminal.printer, {**surroundings.read(terminal.client, approval_id), **approval})


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


def vote(terminal: Terminal, approval: Mapping[str, Any], verdict: str, body: Mapping[str, Any]) -> None:
    """Casts a vote on what was read, and says where the approval stands after it."""
    sent = {**_said(body), "shown_digest": approval.get("shown_digest")}
    after = terminal.client.request(
        "POST", f"/approvals/{approval['approval_id']}/{verdict}", json=_said(sent)
    )
    terminal.printer.record(after, (field("status"), *_after(after)), key="approval_id")


def _get(terminal: Terminal, approval_id: str) -> dict[str, Any]:
    approval = terminal.client.request("GET", f"/approvals/{approval_id}")
    if not isinstance(approval, dict):
        raise Failure("the control plane answered something else than an approval", Code.ERROR)
    return approval


def _needs_code(approval: Mapping[str, Any]) -> bool:
    return bool(approval.get("mfa"))


def _after(data: Mapping[str, Any]) -> tuple[Any, ...]:
    rest = ("approval_id", "current_approvals", "required_approvers", "intent_status", "warrant_id")
    shown = tuple(field(name) for name in rest if name in data)
    return (*shown, field("standing", "standing.standing_id")) if data.get("standing") else shown


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was left out."""
    return {name: value for name, value in values.items() if value not in (None, "")}


command(app, "watch")(watch.watch)
for _verb in (approvals_together.claim, approvals_together.release, approvals_together.comment):
    command(app, _verb.__name__)(_verb)


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="approvals")
