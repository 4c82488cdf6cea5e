"""``vienna bench``: the gate of the checkout beside stock mitmdump; arguments go to ``bench.gate``."""

from __future__ import annotations

import os
import sys

import typer

from vienna_cli.test import checkout


def bench(context: typer.Context) -> None:
    """Measure the gate beside stock mitmdump. Options: --rounds, --seconds, --out."""
    folder = checkout("bench")
    sys.stdout.flush()
    environ = {
        **os.environ,
        "PYTHONPATH": str(folder),
    }  # not a change of folder: --out is relative to this one
    command = [sys.executable, "-m", "bench.gate", *context.args]
    os.execve(sys.executable, command, environ)  # noqa: S606  # our own module


def register(app: typer.Typer) -> None:
    handed_on = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
    app.command("bench", context_settings=handed_on)(bench)
