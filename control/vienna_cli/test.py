"""``vienna test``: the test suites of the checkout; arguments go to pytest."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import typer

from vienna_cli.output import Code, Failure

_CLIENTS = "--clients"
_CLIENTS_FOLDER = "tests/clients"
_HELP = f"""\
Usage: vienna test [{_CLIENTS}] [PYTEST ARGUMENTS]

  vienna test             everything but the suite below
  vienna test {_CLIENTS}   real clients, unmodified, through a real gate; with --write-docs: writes docs/clients.md

What follows is the help of pytest, which takes all other arguments.
"""
_NEEDED = ("pytest", "pytest_asyncio", "pytest_timeout", "hypothesis")


def checkout(name: str) -> Path:
    """The repository this command was installed from, if it holds the folder ``name``.

    Errors: ``Failure`` when it was installed from a wheel.
    """
    for folder in Path(__file__).resolve().parents:
        if (folder / "pyproject.toml").is_file() and (folder / name).is_dir():
            return folder
    raise Failure(f"{name}/ is in the repository only: clone it and run ./vienna there", Code.USAGE)


def suite(given: list[str]) -> list[str]:
    """Arguments of pytest that choose the suite, and all others that were given.

    A suite with a name of its own runs only by that name, or where its folder or a file of it is named.
    """
    if _CLIENTS in given:
        return [_CLIENTS_FOLDER, *(one for one in given if one != _CLIENTS)]
    named = any(one.startswith(_CLIENTS_FOLDER) for one in given)
    return given if named else [f"--ignore={_CLIENTS_FOLDER}", *given]


_BY_MODULE = ("--dist", "loadfile", "--no-loadscope-reorder")
_ONE_BY_ONE = ("--dist", "load", "--maxschedchunk", "1")


def workers() -> int:
    """How many tests run at once: half as many again as there are cores, as many of them wait for processes."""
    return (os.process_cpu_count() or 2) * 3 // 2


def arguments(given: list[str], *, parallel: bool) -> list[str]:
    """Arguments of pytest: on all cores where that is possible and nothing else was said.

    A module stays whole, so what it shares is started once, and modules go in the order that the suite gives them.
    The suite of clients is one module of slow tests, so there each goes to whoever is free.
    """
    said = any(one in ("-p", "--pdb", "-n") or one.startswith(("-n", "--numprocesses")) for one in given)
    if said or not parallel:
        return given
    return ["-n", str(workers()), *(_ONE_BY_ONE if _CLIENTS_FOLDER in given else _BY_MODULE), *given]


def test(context: typer.Context) -> None:
    """Run a test suite; arguments go to pytest."""
    if any(one in ("-h", "--help") for one in context.args):
        typer.echo(_HELP)
    folder = checkout("tests")
    missing = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise Failure(
            f"the development packages are missing ({', '.join(missing)}): run ./vienna test in the checkout, "
            "which installs them, or: VIENNA_DEV=1 ./vienna test"
        )
    parallel = importlib.util.find_spec("xdist") is not None
    sys.stdout.flush()
    os.chdir(folder)
    os.execv(  # noqa: S606  # pytest of our own environment
        sys.executable, [sys.executable, "-m", "pytest", *arguments(suite(context.args), parallel=parallel)]
    )


def register(app: typer.Typer) -> None:
    handed_on = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
    app.command("test", context_settings=handed_on)(test)
