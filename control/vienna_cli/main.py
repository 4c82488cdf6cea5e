"""The command tree, and how whatever ends a command becomes its exit code."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Annotated

import typer

from vienna_cli.output import Code, Failure, Format, Printer
from vienna_cli.terminal import called, noun
from vienna_client import UnreachableError, ViennaError

HELP = "Governs what AI agents do: every outbound request is understood, decided, warranted, verified and recorded."

COMMANDS = {
    "demo": "demo.command",
    "test": "test",
    "up": "up",
    "control": "up",
    "proxy": "up",
    "redirect": "up",
    "run": "run",
    "setup": "setup",
    "login": "setup",
    "operators": "operators",
    "api-keys": "api_keys",
    "join-tokens": "join_tokens",
    "mfa": "mfa",
    "approvals": "approvals",
    "groups": "groups",
    "delegate": "delegate",
    "break-glass": "break_glass",
    "standing": "standing",
    "agents": "agents",
    "sidecars": "sidecars",
    "freeze": "freeze",
    "unfreeze": "freeze",
    "traffic": "traffic",
    "explain": "explain",
    "warrants": "warrants",
    "roster": "roster",
    "audit": "audit",
    "reports": "reports",
    "policies": "policies",
    "mappings": "mappings",
    "doctor": "doctor",
    "settings": "settings",
    "bench": "bench",
    "integrations": "integrations",
    "openapi": "openapi",
}
"""Commands, and the module of each; only what is asked for is imported, since some of them take long."""

_REFUSALS = frozenset({"unauthenticated", "mfa_required", "forbidden"})


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        typer.echo(f"vienna {version('vienna-sidecar')}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say it and end.")
    ] = False,
) -> None:
    pass


def tree(asked: str | None) -> typer.Typer:
    """The command tree: the part of it that ``asked`` names, else all of it."""
    app = noun(HELP)
    app.callback(help=HELP)(_options)
    wanted = [COMMANDS[asked]] if asked in COMMANDS else dict.fromkeys(COMMANDS.values())
    for module in wanted:
        importlib.import_module(f"vienna_cli.{module}").register(app)
    return app


def outcome(error: ViennaError) -> tuple[str, Code]:
    """What to say about an error of the control plane, and with which code to end."""
    lines = [error.message or error.code]
    if isinstance(error.details, list):
        said = [
            f"{item.get('field', '')}: {item.get('message', item)}"
            for item in error.details
            if isinstance(item, dict)
        ]
        lines += [f"  {one}" for one in said if one != error.message]
    if error.code == "unauthenticated" and os.environ.get("VIENNA_API_KEY"):
        lines.append("  the key is the one in VIENNA_API_KEY")
    return "\n".join(lines), Code.DENIED if error.code in _REFUSALS else Code.ERROR


def main() -> None:
    """Entry point of ``vienna``."""
    printer = Printer(Format.TABLE)
    try:
        tree(sys.argv[1] if len(sys.argv) > 1 else None)()
    except Failure as failure:
        printer.fail(failure.message)
        sys.exit(failure.code)
    except ViennaError as error:
        text, code = outcome(error)
        printer.fail(text)
        sys.exit(code)
    except UnreachableError as error:
        printer.fail(f"{error}\n  start one with: {called()} up   or name another with --url or VIENNA_URL")
        sys.exit(Code.UNREACHABLE)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(Code.ERROR)
