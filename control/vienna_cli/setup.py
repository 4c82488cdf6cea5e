"""``vienna setup`` and ``vienna login``: the first admin of an installation, and a key for the commands to come."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vienna_cli.output import field
from vienna_cli.terminal import Terminal, called, command

TOKEN_FILE = "setup.token"  # noqa: S105  # the name of a file

PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="File with the password; - is standard input.", show_default=False),
]
Otp = Annotated[str | None, typer.Option("--otp", help="Your six-digit code.", show_default=False)]
Email = Annotated[str | None, typer.Option("--email", help="E-mail address.", show_default=False)]

_WELCOME = (field("id", "operator_id"), field("email"), field("role"), field("next"))
_IN = (field("email", "operator.email"), field("role", "operator.role"), field("key", "apiKey"))


def setup(
    terminal: Terminal,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", help="Default: setup.token in the data directory.", show_default=False),
    ] = None,
    email: Email = None,
    password_file: PasswordFile = None,
) -> None:
    """Make the first admin of a new installation, with the token that its log names."""
    file = token_file or terminal.installation.data_dir / TOKEN_FILE
    token = terminal.secret("Setup token", file=file, option="--token-file")
    body = {
        "token": token,
        "email": email or terminal.ask("E-mail address", option="--email"),
        "password": terminal.secret("Password", file=password_file, option="--password-file", twice=True),
    }
    made = terminal.stranger.request("POST", "/auth/setup", json=body)
    terminal.printer.record(made, _WELCOME, key="operator_id")
    terminal.printer.say(
        f"now: {called()} login, then {called()} mfa totp; or go on in a browser: {made['console']}"
    )


def login(
    terminal: Terminal,
    email: Email = None,
    password_file: PasswordFile = None,
    otp: Otp = None,
    recovery_code_file: Annotated[
        Path | None,
        typer.Option("--recovery-code-file", help="File with a recovery code.", show_default=False),
    ] = None,
) -> None:
    """Log in, and print a key that ends with the session: export VIENNA_API_KEY=$(vienna login -q …)."""
    body = {
        "username": email or terminal.ask("E-mail address", option="--email"),
        "password": terminal.secret("Password", file=password_file, option="--password-file"),
    }
    if recovery_code_file is not None:
        option = "--recovery-code-file"
        body["recovery_code"] = terminal.secret("Recovery code", file=recovery_code_file, option=option)
    elif otp or terminal.interactive:
        code = otp or typer.prompt("Code (empty: none)", err=True, default="", show_default=False)
        body |= {"otp": code} if code else {}
    data = terminal.stranger.request("POST", "/auth/login", json=body)
    terminal.printer.record(data, _IN, key="apiKey")
    if not data["mfaEnrolled"]:
        terminal.printer.say(f"no second factor is enrolled: {called()} mfa totp")


def register(parent: typer.Typer) -> None:
    command(parent, "setup")(setup)
    command(parent, "login")(login)
