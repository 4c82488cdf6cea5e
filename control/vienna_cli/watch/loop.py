"""The live view at a terminal: news and keys in, the screen out; whatever happens, the terminal is clean afterwards."""

from __future__ import annotations

import io
import os
import queue as threads
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

from rich.console import Console, Group
from rich.live import Live

from vienna_cli.attend import leaving_in_order
from vienna_cli.terminal import Terminal
from vienna_cli.watch.desk import Desk
from vienna_cli.watch.feed import Feed, News
from vienna_cli.watch.keys import Keys, typed
from vienna_cli.watch.screen import drawn
from vienna_cli.watch.view import View

_BELL = "\a"


class _Inbox:
    """News of other threads, and a file that can be read from whenever there is some."""

    def __init__(self) -> None:
        self._news = threads.SimpleQueue[News]()
        self.fd, self._wake = os.pipe()
        os.set_blocking(self.fd, False)
        os.set_blocking(self._wake, False)

    def put(self, news: News) -> None:
        self._news.put(news)
        with suppress(BlockingIOError):  # it is full, so it wakes already
            os.write(self._wake, b"!")

    def taken(self) -> Iterator[News]:
        with suppress(BlockingIOError):
            while os.read(self.fd, 1024):
                pass
        while not self._news.empty():
            yield self._news.get()


class _Painter:
    """Draws what has changed, all of it in one go."""

    def __init__(self, console: Console, live: Live) -> None:
        self._console = console
        self._live = live
        self._last: object = None

    def paint(self, view: View) -> None:
        size = self._console.size
        lines = drawn(view, datetime.now(UTC), width=size.width, height=size.height)
        looks = (size, [(line.plain, line.style) for line in lines])
        if looks != self._last:
            self._last = looks
            self._live.update(Group(*lines), refresh=True)


def run(terminal: Terminal, *, bell: bool) -> None:
    """Until q or an interrupt. Raises what the control plane refuses whoever asks."""
    inbox, view = _Inbox(), View(Desk(terminal.client))
    feed = Feed(terminal.client, inbox.put)
    with leaving_in_order(), typed() as keys, _screen() as painter:
        feed.start()
        try:
            while not view.over:
                painter.paint(view)
                _turn(view, keys, inbox, bell=bell)
        finally:
            feed.stop()


def _turn(view: View, keys: Keys, inbox: _Inbox, *, bell: bool) -> None:
    """Wait for whatever is next, a second at most, since something counts down."""
    ready, _, _ = select.select([keys.fd, inbox.fd], [], [], 1.0)
    now = datetime.now(UTC)
    if keys.fd in ready:
        try:
            view.keys(keys.read(), now)
        except EOFError:
            view.over = True
            return
    for news in inbox.taken() if inbox.fd in ready else ():
        view.news(news)
    view.tick(now)
    if view.rings and bell:
        sys.stdout.write(_BELL)
        sys.stdout.flush()
    view.rings = False


@contextmanager
def _screen() -> Iterator[_Painter]:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what this terminal has no sign for
    console = Console(file=sys.stdout, highlight=False, no_color=bool(os.environ.get("NO_COLOR")) or None)
    live = Live(
        console=console,
        screen=True,
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
        vertical_overflow="crop",
    )
    with live:
        yield _Painter(console, live)
