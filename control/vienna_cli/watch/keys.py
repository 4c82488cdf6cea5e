"""Keys of a terminal, one at a time and unseen."""

from __future__ import annotations

import codecs
import os
import re
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

from vienna_cli.attend import restored

_SEQUENCE = re.compile(r"\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Za-z])")
_NAMES = {
    **dict.fromkeys(("\x1b[A", "\x1bOA"), "up"),
    **dict.fromkeys(("\x1b[B", "\x1bOB"), "down"),
    **dict.fromkeys(("\x1b[C", "\x1bOC"), "right"),
    **dict.fromkeys(("\x1b[D", "\x1bOD"), "left"),
    **dict.fromkeys(("\x1b[H", "\x1bOH", "\x1b[1~"), "home"),
    **dict.fromkeys(("\x1b[F", "\x1bOF", "\x1b[4~"), "end"),
    "\x1b[5~": "pgup",
    "\x1b[6~": "pgdn",
    "\x1b": "esc",
    **dict.fromkeys(("\r", "\n"), "enter"),
    **dict.fromkeys(("\x7f", "\x08"), "backspace"),
    "\x15": "ctrl-u",
}


@contextmanager
def typed() -> Iterator[Keys]:
    """Keys come as they are pressed; the terminal is as it was afterwards. Ctrl-C still interrupts."""
    fd = sys.stdin.fileno()
    with restored():
        tty.setcbreak(fd, termios.TCSANOW)
        settings = termios.tcgetattr(fd)
        settings[6][termios.VSUSP] = os.fpathconf(
            fd, "PC_VDISABLE"
        ).to_bytes()  # a screen left drawn is no prompt
        termios.tcsetattr(fd, termios.TCSANOW, settings)
        yield Keys(fd)


class Keys:
    """Attributes: ``fd``: to wait for."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def read(self) -> list[str]:
        """What was pressed: names of keys, or the character. Raises ``EOFError`` when the terminal has gone."""
        try:
            data = os.read(self.fd, 1024)
        except OSError:
            data = b""
        if not data:
            raise EOFError
        return list(named(self._decoder.decode(data)))


def named(text: str) -> Iterator[str]:
    """The keys of what came at once; what is no key of ours is left out."""
    at = 0
    while at < len(text):
        found = _SEQUENCE.match(text, at)
        key = found.group() if found else text[at]
        at += len(key)
        if key in _NAMES:
            yield _NAMES[key]
        elif len(key) == 1 and key.isprintable():
            yield key
