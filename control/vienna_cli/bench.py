"""``vienna bench NAME``: the benchmarks of the checkout; what follows the name goes to ``bench.NAME``."""

from __future__ import annotations

import os
import sys

import typer

from vienna_cli.output import Code, Failure
from vienna_cli.test import checkout

BENCHMARKS = {
    "gate": "the gate beside stock mitmdump: throughput and added latency",
    "console": "lists, filters and details at 100,000 intents and 1,000 approvals that wait",
    "kernel": "policy, mapping, warrants and ledger, part by part beside their goals",
    "rollout": "three agents watched for a day and enforced the next: what breaks, what is asked, what is caught",
    "phone": "from the ring of a telephone to a vote by passkey, in seconds and taps",
    "start": "from exec to ready: the control plane and the gate",
}
"""Name and what it measures; the first is meant when none is named."""


def bench(context: typer.Context) -> None:
    """Measure gate, console, kernel, rollout, phone or start. ``--json FILE`` keeps the figures."""
    arguments = list(context.args)
    if not arguments or arguments[0].startswith("-"):
        arguments.insert(0, next(iter(BENCHMARKS)))
    name, *options = arguments
    if name not in BENCHMARKS:
        raise Failure(f"there is no benchmark {name!r}; there are {', '.join(BENCHMARKS)}", Code.USAGE)
    folder = checkout("bench")
    if context.args[:1] in (["--help"], ["-h"]):
        print("usage: vienna bench [NAME] [options of NAME]\n")
        for known, what in BENCHMARKS.items():
            print(f"  {known:<8} {what}")
        print()
    sys.stdout.flush()
    environ = {
        **os.environ,
        "PYTHONPATH": str(folder),
    }  # not a change of folder: --json is relative to this one
    command = [sys.executable, "-m", f"bench.{name}", *options]
    os.execve(sys.executable, command, environ)  # noqa: S606  # our own module


def register(app: typer.Typer) -> None:
    handed_on = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
    app.command("bench", context_settings=handed_on)(bench)
