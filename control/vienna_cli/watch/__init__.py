"""``vienna approvals watch``: what waits for people, live.

``queue`` is what waits and what changed of it; ``feed`` reads it from the control plane; ``plain`` says each change in
a line. At a terminal ``view`` is what its keys (``keys``) do, by ``desk``; ``screen`` draws it; ``loop`` runs it.
"""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from vienna_cli.output import Format
from vienna_cli.terminal import Terminal
from vienna_cli.watch import loop, plain


def watch(
    terminal: Terminal,
    plain_: Annotated[
        bool, typer.Option("--plain", help="A line for each change, and nothing to decide with.")
    ] = False,
    bell: Annotated[bool, typer.Option("--bell", help="Ring for each new one.")] = False,
) -> None:
    """Show what waits, as it comes, and decide it by key. Not at a terminal: a line for each change."""
    if plain_ or terminal.printer.format is not Format.TABLE or terminal.printer.quiet or not _draws():
        plain.run(terminal)
    else:
        loop.run(terminal, bell=bell)


def _draws() -> bool:
    """Whether somebody sits at a terminal that can be drawn on."""
    able = os.environ.get("TERM", "dumb") not in ("", "dumb", "unknown")
    return able and sys.stdin.isatty() and sys.stdout.isatty()
