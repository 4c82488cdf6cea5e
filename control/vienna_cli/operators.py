"""``vienna operators``: the people of an installation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from vienna_cli.output import field
from vienna_cli.setup import PasswordFile
from vienna_cli.terminal import Terminal, called, command, noun

app = noun("The people: list, show, add, change, disable, reset, accept.")

LIST = (
    field("id"),
    field("email"),
    field("name"),
    field("role"),
    field("groups"),
    field("mfa"),
    field("password", "has_password"),
    field("disabled"),
)
_INVITED = (
    field("id", "operator.id"),
    field("email", "operator.email"),
    field("role", "operator.role"),
    field("until", "expires_at"),
    field("token"),
)
_WELCOME = (field("email"), field("role"), field("next"))

Id = Annotated[str, typer.Argument(metavar="ID", help="Id (op-…) or e-mail address.")]
Role = Annotated[
    str | None,
    typer.Option("--role", help="admin, approver, operator, auditor or viewer.", show_default=False),
]
Groups = Annotated[
    list[str] | None, typer.Option("--group", help="A group; give it again for more.", show_default=False)
]
Name = Annotated[str | None, typer.Option("--name", help="What people call them.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@command(app, "ls")
def ls(
    terminal: Terminal,
    role: Role = None,
    group: Annotated[str | None, typer.Option(help="Only of this group.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=500)] = 50,
) -> None:
    """List people."""
    params = {"limit": limit, "role": role, "group": group}
    data = terminal.client.request("GET", "/operators", params=_said(params))
    terminal.printer.rows(data["operators"], LIST)


@command(app, "show")
def show(terminal: Terminal, who: Id) -> None:
    """Show one person."""
    terminal.printer.record(terminal.client.request("GET", f"/operators/{_id(terminal, who)}"), LIST)


@command(app, "add")
def add(
    terminal: Terminal,
    email: Annotated[str, typer.Argument(metavar="EMAIL")],
    role: Role = None,
    group: Groups = None,
    name: Name = None,
) -> None:
    """Invite a person. The token is shown here only; with it they set their own password."""
    body = _said({"email": email, "role": role, "groups": group, "name": name})
    _invited(terminal, terminal.client.request("POST", "/operators", json=body))


@command(app, "change")
def change(
    terminal: Terminal,
    who: Id,
    role: Role = None,
    group: Groups = None,
    no_groups: Annotated[bool, typer.Option("--no-groups", help="Out of every group.")] = False,
    name: Name = None,
    enable: Annotated[bool, typer.Option("--enable", help="Let a disabled person back in.")] = False,
) -> None:
    """Change role, groups (all of them are given) or name. Sessions and keys that carried the power of before end."""
    body = _said({"role": role, "groups": [] if no_groups else group, "name": name})
    body |= {"disabled": False} if enable else {}
    changed = terminal.client.request("PATCH", f"/operators/{_id(terminal, who)}", json=body)
    terminal.printer.record(changed, LIST)


@command(app, "disable")
def disable(terminal: Terminal, who: Id, yes: Yes = False) -> None:
    """Take a person out: no login, no key, no vote. What they did stays."""
    terminal.confirm(f"Disable {who}?", yes=yes)
    terminal.printer.record(terminal.client.request("DELETE", f"/operators/{_id(terminal, who)}"), LIST)


@command(app, "reset")
def reset(
    terminal: Terminal,
    who: Id,
    mfa: Annotated[bool, typer.Option("--mfa", help="The second factors instead of the password.")] = False,
    yes: Yes = False,
) -> None:
    """Take a password away and invite anew; or, with --mfa, take the second factors away. Both raise an alert."""
    terminal.confirm(f"Take the {'second factors' if mfa else 'password'} of {who} away?", yes=yes)
    path = f"/operators/{_id(terminal, who)}"
    if mfa:
        terminal.printer.record(terminal.client.request("DELETE", f"{path}/mfa"), LIST)
    else:
        _invited(terminal, terminal.client.request("POST", f"{path}/invitation"))


@command(app, "accept")
def accept(
    terminal: Terminal,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", help="File with the invitation's token.", show_default=False),
    ] = None,
    password_file: PasswordFile = None,
) -> None:
    """Set your own password with an invitation; no key is needed."""
    token = terminal.secret("Invitation", file=token_file, option="--token-file")
    password = terminal.secret("Password", file=password_file, option="--password-file", twice=True)
    body = {"token": token, "password": password}
    welcome = terminal.stranger.request("POST", "/auth/invitation", json=body)
    terminal.printer.record(welcome, _WELCOME, key="operator_id")


def _invited(terminal: Terminal, made: Mapping[str, Any]) -> None:
    terminal.printer.record(made, _INVITED, key="token")
    terminal.printer.say(f"hand the token over yourself; they run: {called()} operators accept")


def _id(terminal: Terminal, who: str) -> str:
    """The id of a person named by id or by address; what is not found is left to the control plane to say."""
    if "@" not in who:
        return who
    found = terminal.client.request("GET", "/operators", params={"q": who.lower(), "limit": 500})
    return next((str(one["id"]) for one in found["operators"] if one["email"] == who.lower()), who)


def _said(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was left out."""
    return {name: value for name, value in values.items() if value is not None}


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="operators")
