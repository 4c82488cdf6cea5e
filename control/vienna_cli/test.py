"""``vienna test``: the whole test suite of the checkout; arguments go to pytest."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import typer

from vienna_cli.output import Code, Failure

_NEEDED = ("pytest", "pytest_asyncio", "pytest_timeout", "hypothesis")


def checkout(name: str) -> Path:
    """The repository this command was installed from, if it holds the folder ``name``.

    Errors: ``Failure`` when it was installed from a wheel.
    """
    for folder in Path(__file__).resolve().parents:
        if (folder / "pyproject.toml").is_file() and (folder / name).is_dir():
            return folder
    raise Failure(f"{name}/ is in the repository only: clone it and run ./vienna there", Code.USAGE)


def arguments(given: list[str], *, parallel: bool) -> list[str]:
    """Arguments of pytest: on all cores, none of them idle, where that is possible and nothing else was said."""
    said = any(one in ("-p", "--pdb", "-n") or one.startswith(("-n", "--numprocesses")) for one in given)
    return given if said or not parallel else ["-n", "auto", "--dist", "worksteal", *given]


def test(context: typer.Context) -> None:
    """Run the test suite; arguments go to pytest."""
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
        sys.executable, [sys.executable, "-m", "pytest", *arguments(context.args, parallel=parallel)]
    )


def register(app: typer.Typer) -> None:
    handed_on = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
    app.command("test", context_settings=handed_on)(test)
