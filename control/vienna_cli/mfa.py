"""``vienna mfa``: one's own one-time codes and recovery codes."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from vienna_cli.output import field
from vienna_cli.setup import Otp, PasswordFile
from vienna_cli.terminal import Terminal, called, command, noun

app = noun("Your second factor: show, totp, recovery, remove.")

_SHOWN = (field("one-time codes", "totp"), field("recovery codes left", "recovery_codes_left"))
_OFFER = (field("secret"), field("uri", "otpauth_uri"), field("until", "expires_at"))


@command(app, "show")
def show(terminal: Terminal) -> None:
    """Show what is enrolled."""
    terminal.printer.record(terminal.client.request("GET", "/mfa"), _SHOWN, key="totp")


@command(app, "totp")
def totp(
    terminal: Terminal,
    confirm: Annotated[
        str | None,
        typer.Option("--confirm", help="A code of the secret offered before.", show_default=False),
    ] = None,
    otp: Otp = None,
    password_file: PasswordFile = None,
) -> None:
    """Enrol an authenticator: a secret is offered, and holds once a code of it is given.

    Where one is enrolled, a code of it is needed (--otp); where none is, your password.
    """
    if confirm is None:
        offer = terminal.client.request("POST", "/mfa/totp", json=_proof(terminal, otp, password_file))
        terminal.printer.record(offer, _OFFER, key="secret")
        if not terminal.interactive:
            terminal.printer.say(f"now: {called()} mfa totp --confirm CODE")
            return
        confirm = terminal.ask("A code of it", option="--confirm")
    _codes(terminal, terminal.client.request("POST", "/mfa/totp/confirm", json={"otp": confirm}))


@command(app, "recovery")
def recovery(terminal: Terminal, otp: Otp = None) -> None:
    """Make ten new recovery codes. The old ones end."""
    code = otp or terminal.ask("Your code", option="--otp")
    _codes(terminal, terminal.client.request("POST", "/mfa/recovery-codes", json={"otp": code}))


@command(app, "remove")
def remove(
    terminal: Terminal,
    otp: Otp = None,
    recovery_code: Annotated[bool, typer.Option("--recovery", help="Type a recovery code instead.")] = False,
) -> None:
    """Remove your one-time codes, with one of them or with a recovery code."""
    if recovery_code:
        body = {"recovery_code": terminal.secret("Recovery code", file=None, option="--otp")}
    else:
        body = {"otp": otp or terminal.ask("Your code", option="--otp")}
    terminal.printer.record(
        terminal.client.request("POST", "/mfa/totp/remove", json=body), _SHOWN, key="totp"
    )


def _proof(terminal: Terminal, otp: str | None, password_file: Any) -> dict[str, str]:
    if otp:
        return {"otp": otp}
    if password_file is None and terminal.client.request("GET", "/mfa")["totp"]:
        return {"otp": terminal.ask("Your code", option="--otp")}
    option = "--password-file"
    return {"password": terminal.secret("Password", file=password_file, option=option)}


def _codes(terminal: Terminal, data: dict[str, Any]) -> None:
    codes = data["recovery_codes"]
    if terminal.printer.format != "table":
        terminal.printer.data(data)
        return
    terminal.printer.say("recovery codes; each works once; they are shown here only:")
    for code in codes:
        terminal.printer.line(code)


def register(parent: typer.Typer) -> None:
    parent.add_typer(app, name="mfa")
