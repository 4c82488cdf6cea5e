"""Waiting for an agent's process as a shell would: it gets every signal, and leaves the terminal as it was.

1. What is typed at the terminal (Ctrl-C, Ctrl-\\) the kernel sends to the agent by itself, since it shares our process
   group; we only must not end of it before the agent does.
2. What is sent to us alone goes on to the agent; what came while it was being started, once it has been.
3. A program that drew on the terminal and died leaves it in no state to type in: it gets its old one back.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_TYPED = (signal.SIGINT, signal.SIGQUIT)
_SENT = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


def attend(start: Callable[[], subprocess.Popen[bytes]]) -> int:
    """Start a process; its exit code, once it ended, 128 + n when signal n ended it. Errors: those of ``start``."""
    process: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def hand_on(number: int, _: object) -> None:
        if process is None:
            early.append(number)
        elif number not in _TYPED or not _at_the_terminal():
            process.send_signal(number)

    before = {number: signal.signal(number, hand_on) for number in (*_TYPED, *_SENT)}
    try:
        with restored():
            process = start()
            for number in early:
                process.send_signal(number)
            status = process.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return 128 - status if status < 0 else status


@contextmanager
def leaving_in_order() -> Iterator[None]:
    """While nothing of the agent's runs yet: a request to end unwinds, so that what was started is stopped."""

    def leave(number: int, _: object) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def restored() -> Iterator[None]:
    """The terminal's settings at the end are those at the start."""
    terminal = _terminal()
    settings: list[Any] = termios.tcgetattr(terminal) if terminal is not None else []
    try:
        yield
    finally:
        if terminal is not None:
            # From the background this would stop us (SIGTTOU): an agent may have left us there.
            ignored = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            try:
                termios.tcsetattr(terminal, termios.TCSADRAIN, settings)
            except termios.error:
                pass  # it has gone
            finally:
                signal.signal(signal.SIGTTOU, ignored)


def _terminal() -> int | None:
    for stream in (0, 2, 1):
        if os.isatty(stream):
            return stream
    return None


def _at_the_terminal() -> bool:
    """Whether we are in the foreground of a terminal, where a typed signal reached the agent already."""
    terminal = _terminal()
    try:
        return terminal is not None and os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
