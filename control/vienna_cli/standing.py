"""``vienna standing``: consent given in advance."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from vienna_cli.output import Code, Failure, field
from vienna_cli.terminal import Terminal, command, noun
from vienna_kernel.duration import seconds

app = noun("Consent given in advance: ls, show, create, preview, revoke.")

LIST = (
    field("id", "standing_id"),
    field("status"),
    field("action"),
    field("target"),
    ("agents", lambda row: ", ".join(agent["name"] for agent in row["agents"])),
    ("limits", lambda row: said(row)),
    ("used", lambda row: f"{row['used']} of {row['count']}"),
    field("until", "expires_at"),
)
ONE = (
    *LIST,
    field("most tier", "most_tier"),
    field("reason"),
    field("approval", "approval_id"),
    field("requested by", "requested_by"),
    (
        "uses",
        lambda row: "; ".join(f"{use['at']} {use['summary']} ({use['intent_id']})" for use in row["uses"]),
    ),
)
REQUESTED = (
    field("id", "standing_id"),
    field("approval", "approval_id"),
    field("status"),
    field("people needed", "required_approvers"),
    ("limits", lambda row: said(row["terms"])),
)
PREVIEW = (
    field("calls"),
    field("covered"),
    field("asked about", "held"),
    field("count is enough", "count_is_enough"),
    field("missed"),
    ("like", lambda row: "; ".join(one["summary"] for one in row["examples"])),
    ("not", lambda row: "; ".join(f"{one['summary']}: {one['why']}" for one in row["near_misses"])),
)
REVOKED = (field("id", "standing_id"), field("status"), field("revoked"))

_BOUND = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_]*)(?:(?P<word><=|>=|=)(?P<value>.+))?\Z", re.DOTALL)


class Tier(StrEnum):
    """Up to which tier it consents."""

    T0 = "T0"
    T1 = "T1"
    T2 = "T2"


Limits = Annotated[
    list[str] | None,
    typer.Option(
        "--limit",
        metavar="LIMIT",
        help="'amount<=100', 'amount>=5', 'order=O-1,O-2'; a name alone: it may be anything. Again for more.",
        show_default=False,
    ),
]
Count = Annotated[int, typer.Option("--count", min=1, help="How many uses.")]
Duration = Annotated[str, typer.Option("--for", help="How long: 15m, 8h, 7d; 30d at most.")]
Target = Annotated[
    str | None,
    typer.Option("--target", help="Exact, or like payments:order/*; else every target.", show_default=False),
]
Reason = Annotated[str | None, typer.Option("--reason", help="Those who decide read it.", show_default=False)]


@command(app, "ls")
def ls(
    terminal: Terminal,
    all_: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    action: Annotated[str | None, typer.Option(help="Only of this action.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
) -> None:
    """List standing warrants, newest first."""
    params: dict[str, Any] = {"limit": limit, **({} if all_ else {"open": "true"})}
    if action is not None:
        params["action"] = action
    data = terminal.client.request("GET", "/standing", params=params)
    terminal.printer.rows(data["standing"], LIST, key="standing_id")


@command(app, "show")
def show(terminal: Terminal, standing_id: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Show one, with its uses."""
    terminal.printer.record(
        terminal.client.request("GET", f"/standing/{standing_id}"), ONE, key="standing_id"
    )


@command(app, "create")
def create(
    terminal: Terminal,
    action: Annotated[str, typer.Option("--action", help="An action type.")],
    agent: Annotated[list[str], typer.Option("--agent", help="Name or id. Again for more.")],
    count: Count,
    duration: Duration,
    target: Target = None,
    limits: Limits = None,
    open_: Annotated[bool, typer.Option("--open", help="What has no limit may be anything.")] = False,
    currency: Annotated[
        str | None, typer.Option("--currency", help="Of bounds on amounts: EUR.", show_default=False)
    ] = None,
    most_tier: Annotated[Tier, typer.Option("--most-tier", help="Highest tier it consents to.")] = Tier.T2,
    reason: Reason = None,
) -> None:
    """Ask people for it. It takes what one such call takes, and you do not decide it."""
    reason = reason or terminal.ask("Reason", option="--reason")
    body = _body(action, agent, count, duration, target, limits, open_, currency, most_tier, reason)
    terminal.printer.record(
        terminal.client.request("POST", "/standing", json=body), REQUESTED, key="standing_id"
    )


@command(app, "preview")
def preview(
    terminal: Terminal,
    approval: Annotated[
        str | None, typer.Option("--approval", help="Like the call of this approval.", show_default=False)
    ] = None,
    action: Annotated[str | None, typer.Option("--action", show_default=False)] = None,
    agent: Annotated[list[str] | None, typer.Option("--agent", show_default=False)] = None,
    count: Count = 1,
    duration: Duration = "15m",
    target: Target = None,
    limits: Limits = None,
    open_: Annotated[bool, typer.Option("--open", help="What has no limit may be anything.")] = False,
    currency: Annotated[str | None, typer.Option("--currency", show_default=False)] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=30, help="How far back.")] = 7,
) -> None:
    """Say what it would have covered in recorded traffic, and what it would only just have missed."""
    body: dict[str, Any] = {"days": days}
    if approval is not None:
        body |= {"approval_id": approval, "like": like(count, duration, limits, target)}
    elif action and agent:
        body["standing"] = _body(
            action, agent, count, duration, target, limits, open_, currency, Tier.T2, "preview"
        )
    else:
        raise Failure("give --approval, or --action and --agent", Code.USAGE)
    terminal.printer.record(terminal.client.request("POST", "/standing/preview", json=body), PREVIEW)


@command(app, "revoke")
def revoke(
    terminal: Terminal, standing_id: Annotated[str, typer.Argument(metavar="ID")], reason: Reason = None
) -> None:
    """End it now, with whatever of it was not used yet."""
    body = {"reason": reason or terminal.ask("Reason", option="--reason")}
    answer = terminal.client.request("POST", f"/standing/{standing_id}/revoke", json=body)
    terminal.printer.record(answer, REVOKED, key="standing_id")


def like(
    count: int, duration: str, limits: Sequence[str] | None, target: str | None = None
) -> dict[str, Any]:
    """``LikeBody``: the same again, but for these limits."""
    body: dict[str, Any] = {
        "count": count,
        "minutes": max(1, _seconds(duration) // 60),
        "limits": _limits(limits or ()),
    }
    return body | ({"target": target} if target is not None else {})


def _body(
    action: str,
    agents: Sequence[str],
    count: int,
    duration: str,
    target: str | None,
    limits: Sequence[str] | None,
    open_: bool,
    currency: str | None,
    most_tier: Tier,
    reason: str,
) -> dict[str, Any]:
    body = {
        "action": action,
        "agents": list(agents),
        "target": target,
        "limits": _limits(limits or ()),
        "open": open_,
        "currency": currency,
        "count": count,
        "expires_at": (datetime.now(UTC) + timedelta(seconds=_seconds(duration))).isoformat(),
        "most_tier": most_tier.value,
        "reason": reason,
    }
    return {name: value for name, value in body.items() if value is not None}


def _seconds(text: str) -> int:
    try:
        return seconds(text)
    except ValueError as error:
        raise Failure(f"--for: {error}", Code.USAGE) from None


def _limits(texts: Sequence[str]) -> dict[str, dict[str, Any]]:
    limits: dict[str, dict[str, Any]] = {}
    for text in texts:
        found = _BOUND.match(text)
        if found is None:
            raise Failure(
                f"--limit {text}: expected name<=value, name>=value, name=a,b or a name", Code.USAGE
            )
        limit = limits.setdefault(found["name"], {})
        match found["word"]:
            case "<=":
                limit["max"] = found["value"]
            case ">=":
                limit["min"] = found["value"]
            case "=":
                limit["one_of"] = [given(value) for value in found["value"].split(",")]
            case _:
                limit["optional"] = True
    return limits


def given(text: str) -> Any:
    """A value as it is typed: JSON where it is some, else text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def said(terms: Mapping[str, Any]) -> str:
    """``amount ≤ 100 EUR, order: anything``."""
    words = []
    unit = f" {terms['currency']}" if terms.get("currency") else ""
    for name, limit in terms["limits"].items():
        parts = [f"≥ {limit['min']}{unit}"] if "min" in limit else []
        parts += [f"≤ {limit['max']}{unit}"] if "max" in limit else []
        parts += ["one of " + ", ".join(map(str, limit["one_of"]))] if "one_of" in limit else []
        words.append(f"{name} {' and '.join(parts)}" if parts else f"{name}: anything")
    return ", ".join([*words, *(["all else: anything"] if terms.get("open") else [])])


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="standing")
