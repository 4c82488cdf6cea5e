"""``vienna integrations``: where events go outside, and what became of them."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from vienna_cli.output import Code, Failure, field
from vienna_cli.terminal import Terminal, command, noun

app = noun("Channels: ls, add, test, remove, deliveries, redeliver; and who is who in Slack.")

LIST = (
    field("id", "integration_id"),
    field("type"),
    field("name"),
    ("events", lambda row: ", ".join(row["events"])),
    field("on", "enabled"),
    field("failing since", "failing_since"),
)
TESTED = (field("ok"), field("response_code"), field("latency_ms"), field("error"))
DELIVERIES = (
    field("id", "delivery_id"),
    field("event"),
    field("status"),
    field("attempts"),
    field("code", "response_code"),
    field("ms", "latency_ms"),
    field("error"),
    field("created at", "created_at"),
)
_HOURS = re.compile(
    r"((?P<days>[a-z]{3}([-,][a-z]{3})*) +)?(?P<start>[0-9]{2}:[0-9]{2})-(?P<end>[0-9]{2}:[0-9]{2})"
)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_ID = Annotated[str, typer.Argument(metavar="ID")]


@command(app, "ls")
def ls(terminal: Terminal) -> None:
    """List channels, newest first."""
    data = terminal.client.request("GET", "/integrations", params={"limit": 500})
    terminal.printer.rows(data["integrations"], LIST, key="integration_id")


@command(app, "add")
def add(
    terminal: Terminal,
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="slack, teams, email, webhook or pagerduty.")],
    name: Annotated[str, typer.Argument(metavar="NAME")],
    events: Annotated[list[str], typer.Option("--event", help="An event to be told of; again for more.")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="A setting of its type.")
    ] = None,
    secret: Annotated[
        list[str] | None,
        typer.Option("--secret", metavar="KEY=FILE", help="A secret of its type, read from a file."),
    ] = None,
    tier: Annotated[list[str] | None, typer.Option(help="Only of this tier; again for more.")] = None,
    agent: Annotated[list[str] | None, typer.Option(help="Only of this agent, or like billing-*.")] = None,
    action: Annotated[list[str] | None, typer.Option(help="Only of this action, or like stripe.*.")] = None,
    hours: Annotated[
        str | None,
        typer.Option(
            metavar="HOURS", help="Nothing at other times: 'mon-fri 08:00-18:00'.", show_default=False
        ),
    ] = None,
    day: Annotated[
        str | None,
        typer.Option(
            metavar="HOURS", help="When people are awake, for what may wait: 08:00-20:00.", show_default=False
        ),
    ] = None,
    zone: Annotated[str, typer.Option(help="Of these hours: an IANA name.")] = "UTC",
) -> None:
    """Add a channel. A webhook without a secret gets one, which is shown here only."""
    sealed = {key: _text(path) for key, path in _pairs(secret or (), "--secret")}
    made = type_ == "webhook" and "secret" not in sealed
    if made:
        sealed["secret"] = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    routing: dict[str, Any] = {
        "tiers": tier or [],
        "agents": agent or [],
        "actions": action or [],
        "zone": zone,
    }
    routing |= {name: _hours(name, text) for name, text in (("hours", hours), ("day", day)) if text}
    body = {
        "type": type_,
        "name": name,
        "events": events,
        "config": {key: _value(text) for key, text in _pairs(set_ or (), "--set")},
        "secrets": sealed,
        "routing": routing,
    }
    told = terminal.client.request("POST", "/integrations", json=body)
    shown = {**told, "secret": sealed["secret"]} if made else told
    terminal.printer.record(shown, (*LIST, field("secret")) if made else LIST, key="integration_id")


def _hours(option: str, text: str) -> dict[str, Any]:
    """``mon-fri,sun 08:00-18:00`` as the API has it; without days: every day."""
    found = _HOURS.fullmatch(text.strip().lower())
    if found is None:
        raise Failure(f"--{option} {text}: expected 'mon-fri 08:00-18:00'", Code.USAGE)
    days = [day for part in (found["days"] or "mon-sun").split(",") for day in _days(option, part)]
    return {"days": days, "from": found["start"], "to": found["end"]}


def _days(option: str, part: str) -> Sequence[str]:
    first, _, last = part.partition("-")
    if first not in _DAYS or (last or first) not in _DAYS or _DAYS.index(first) > _DAYS.index(last or first):
        raise Failure(f"--{option}: {part}: expected days from mon to sun, or two in this order", Code.USAGE)
    return _DAYS[_DAYS.index(first) : _DAYS.index(last or first) + 1]


@command(app, "test")
def test(terminal: Terminal, integration: _ID) -> None:
    """Send a real event now; ends with 1 when it is not taken."""
    told = terminal.client.request("POST", f"/integrations/{integration}/test")
    terminal.printer.record(told, TESTED, key="ok")
    if not told["ok"]:
        raise Failure(f"not taken: {told['error']}")


@command(app, "remove")
def remove(
    terminal: Terminal,
    integration: _ID,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a channel and whatever waits for it."""
    terminal.confirm(f"Remove {integration}?", yes=yes)
    done = terminal.client.request("DELETE", f"/integrations/{integration}")
    terminal.printer.record(done, (field("id", "integration_id"), field("removed")), key="integration_id")


@command(app, "deliveries")
def deliveries(
    terminal: Terminal,
    integration: _ID,
    status: Annotated[
        str | None, typer.Option(help="waiting, sent, dead or dropped.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
) -> None:
    """Show what was sent, waits, or was given up; newest first."""
    params: dict[str, Any] = {"limit": limit} | ({"status": status} if status else {})
    data = terminal.client.request("GET", f"/integrations/{integration}/deliveries", params=params)
    terminal.printer.rows(data["deliveries"], DELIVERIES, key="delivery_id")


@command(app, "redeliver")
def redeliver(
    terminal: Terminal, integration: _ID, delivery: Annotated[str, typer.Argument(metavar="DELIVERY")]
) -> None:
    """Send one once more, under the same id."""
    path = f"/integrations/{integration}/deliveries/{delivery}/redeliver"
    terminal.printer.record(terminal.client.request("POST", path), DELIVERIES, key="delivery_id")


@command(app, "slack-user")
def slack_user(
    terminal: Terminal,
    user: Annotated[str, typer.Argument(metavar="USER", help="A member id of Slack, like U012AB3CD.")],
    operator: Annotated[
        str | None, typer.Option(help="E-mail address or id; else yourself.", show_default=False)
    ] = None,
) -> None:
    """Say who a user of Slack is: what they press there is that operator's vote."""
    body = {"user_id": user} | ({"operator": operator} if operator else {})
    told = terminal.client.request("POST", "/integrations/slack/users", json=body)
    terminal.printer.record(told, (field("user", "user_id"), field("operator", "operator_id")), key="user_id")


def _pairs(texts: Sequence[str], option: str) -> list[tuple[str, str]]:
    pairs = [text.partition("=") for text in texts]
    if wrong := next((text for text, (_, found, _rest) in zip(texts, pairs, strict=True) if not found), None):
        raise Failure(
            f"{option} {wrong}: expected KEY={'FILE' if option == '--secret' else 'VALUE'}", Code.USAGE
        )
    return [(key, value) for key, _, value in pairs]


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise Failure(f"--secret: cannot read {path}", Code.USAGE) from None


def _value(text: str) -> Any:
    """JSON where it is a list or a number, else the text itself."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, list | int) else text


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="integrations")
