"""The live view of ``vienna run``: a line on standard error for each call, and counts at the end.

1. What a call was taken for is read from the control plane, with an operator's key: the agent has no part in it.
2. Nothing here can hold the agent up or end it: where the control plane cannot be asked, it is said once.
3. While the agent's program has taken the terminal over (an editor, a full-screen program), lines wait for the end.
"""

from __future__ import annotations

import json
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from vienna_cli.output import Format, Printer
from vienna_cli.seen import Seen, lines, summary
from vienna_client import UnreachableError, ViennaClient, ViennaError

_LOOK_SECONDS = 1.0
"""What a gate refuses alone arrives without an event."""
_PAGE = 100


class Voice:
    """Says things around an agent's run: for people, or as JSON lines; never on standard output."""

    def __init__(self, printer: Printer) -> None:
        self.printer = printer
        self._kept: list[str] = []

    @property
    def as_data(self) -> bool:
        return self.printer.format is not Format.TABLE

    def say(self, text: str, **data: Any) -> None:
        """One thing: its line, or its data."""
        if self.printer.quiet:
            return
        self._kept.append(json.dumps(data or {"event": "note", "text": text}) if self.as_data else text)
        if not _taken_over():
            self.release()

    def release(self) -> None:
        """Say what was kept back."""
        kept, self._kept = self._kept, []
        for line in kept:
            if self.as_data:
                sys.stderr.write(line + "\n")
                sys.stderr.flush()
            else:
                self.printer.say(line)


class Live:
    """Watches the calls of one agent from now on.

    Args:
        nobody_asked: What is held is agreed to by nobody, as with ``--approve-all``.
    """

    def __init__(self, client: ViennaClient, agent: str, voice: Voice, *, nobody_asked: bool) -> None:
        self._client = client
        self._agent = agent
        self._voice = voice
        self._nobody_asked = nobody_asked
        self._since = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self._calls: dict[str, Seen] = {}
        self._told: dict[str, str] = {}
        self._news = threading.Event()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._listen, self._look)]

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Lines appear while the block runs."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._ended.set()
            self._news.set()
            self._threads[1].join()

    def conclude(self) -> None:
        """Whatever was not told yet, then the counts."""
        try:
            self._sweep(whole=True)
        except (UnreachableError, ViennaError) as error:
            self._voice.say(f"the control plane cannot be asked any more, so calls may be missing: {error}")
        for call in self._calls.values():
            if call.intent_id not in self._told:
                self._tell(call)
        self._voice.release()
        told = summary(self._calls.values())
        self._voice.say("\n".join(lines(told, nobody_asked=self._nobody_asked)), **told)

    def _listen(self) -> None:
        """Wakes the other thread for each event, until the control plane has gone."""
        try:
            for _ in self._client.events():
                self._news.set()
        except (UnreachableError, ViennaError):
            return

    def _look(self) -> None:
        while not self._ended.is_set():
            self._news.wait(_LOOK_SECONDS)
            self._news.clear()
            try:
                self._sweep(whole=False)
            except (UnreachableError, ViennaError):
                continue  # ``conclude`` says it, if it is still so

    def _sweep(self, *, whole: bool) -> None:
        """Tells what is new, oldest first; looks through every page when ``whole``, else as far as there is news."""
        changed: list[str] = []
        for page in self._pages():
            mine = [row for row in page if row["agent"] == self._agent]
            news = [row["intent_id"] for row in mine if self._is_news(row)]
            changed += news
            if not news and not whole:
                break
        for intent_id in reversed(changed):
            self._consider(Seen.of(self._client.intent(intent_id)))

    def _pages(self) -> Iterator[list[dict[str, Any]]]:
        params: dict[str, Any] = {"from": self._since, "limit": _PAGE}
        while True:
            page = self._client.request("GET", "/intents", params=params)
            yield page["intents"]
            if not page["has_more"]:
                return
            params["cursor"] = page["next_cursor"]

    def _is_news(self, row: dict[str, Any]) -> bool:
        known = self._calls.get(row["intent_id"])
        return known is None or known.status != row["status"]

    def _consider(self, call: Seen) -> None:
        """Tells what happened to a call; that it is on its way, or waits for nobody, is nothing to tell yet."""
        self._calls[call.intent_id] = call
        passing = call.status in ("received", "executing") or (call.status == "approved" and not call.agreed)
        if passing or (self._nobody_asked and call.status in ("pending_approval", "approved")):
            return
        self._tell(call)

    def _tell(self, call: Seen) -> None:
        if self._told.get(call.intent_id) != call.here:
            self._told[call.intent_id] = call.here
            self._voice.say(call.line(nobody_asked=self._nobody_asked), **call.data())


def _taken_over() -> bool:
    """Whether a program reads the terminal key by key, and so most likely draws on all of it."""
    if not sys.stderr.isatty():
        return False
    try:
        return not termios.tcgetattr(sys.stderr.fileno())[3] & termios.ICANON
    except termios.error:
        return False
