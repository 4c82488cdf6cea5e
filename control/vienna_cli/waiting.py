"""Work that goes on at the control plane: asked about until it has ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from vienna_cli.output import Code, Failure
from vienna_cli.terminal import Terminal

_POLL_SECONDS = 0.5
_PATIENCE_SECONDS = 600.0


def until_ended(
    terminal: Terminal, place: str, told: Any, *, while_: str, progress: Callable[[Any], str]
) -> Any:
    """What ``place`` answers once its ``status`` is another than ``while_``.

    ``told``: what was answered last. ``progress``: how far it is; said when it has changed. Raises ``Failure``
    (``PENDING``) after ten minutes: the work goes on.
    """
    end, said = time.monotonic() + _PATIENCE_SECONDS, ""
    while told["status"] == while_:
        if time.monotonic() > end:
            raise Failure(f"it goes on: ask again with GET {place}", Code.PENDING)
        if (text := progress(told)) != said:
            terminal.printer.say(text)
            said = text
        time.sleep(_POLL_SECONDS)
        told = terminal.client.request("GET", place)
    return told
