"""What waits, read from the control plane: whenever it tells of a change, and now and then besides.

Threads of its own, so that whoever looks is never held up. A connection that ends is made again, which is said.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from vienna_cli.watch.queue import Row
from vienna_client import UnreachableError, ViennaClient, ViennaError

_PAGE = 500
_MOST_PAGES = 10
_LOOK_SECONDS = 10.0
"""What changes without an event (a claim that lapses, a gate that goes) is seen by then."""
_AT_MOST_EVERY_SECONDS = 0.2
_RECONNECT_SECONDS = 2.0
_ENDS = {"approval_resolved": "", "approval_expired": "expired"}


@dataclass(frozen=True, slots=True)
class Listed:
    """What waits, newest first, and ids of what was touched since the last."""

    rows: Sequence[Row]
    touched: frozenset[str]


@dataclass(frozen=True, slots=True)
class Ended:
    approval_id: str
    status: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why nothing is known at the moment; ``final``: it is not tried again."""

    why: str
    final: Exception | None = None


type News = Listed | Ended | Trouble


class Feed:
    """Tells news from ``start`` on, from its own threads."""

    def __init__(self, client: ViennaClient, tell: Callable[[News], None]) -> None:
        self._client = client
        self._tell = tell
        self._changed = threading.Event()
        self._over = threading.Event()
        self._touched: set[str] = set()
        self._lock = threading.Lock()

    def start(self) -> None:
        for work in (self._listen, self._look):
            threading.Thread(target=work, daemon=True).start()

    def stop(self) -> None:
        """Nothing more is told once what is being read has come."""
        self._over.set()
        self._changed.set()

    def _listen(self) -> None:
        last = ""
        while not self._over.is_set():
            try:
                for event in self._client.events(last_event_id=last):
                    last = event.id or last
                    self._heard(event.name, event.data)
            except (UnreachableError, ViennaError):
                pass  # whoever reads the list is told the same, and says it
            self._changed.set()
            self._over.wait(_RECONNECT_SECONDS)

    def _heard(self, name: str, data: Any) -> None:
        if not name.startswith("approval_") and name != "reset":
            return
        told = data if isinstance(data, dict) else {}
        approval_id = str(told.get("approval_id") or "")
        if name in _ENDS:
            self._tell(Ended(approval_id, str(told.get("status") or _ENDS[name] or "ended")))
        with self._lock:
            self._touched.add(approval_id)
        self._changed.set()

    def _look(self) -> None:
        patience = _RECONNECT_SECONDS
        while not self._over.is_set():
            self._changed.clear()
            with self._lock:
                touched, self._touched = frozenset(self._touched), set()
            try:
                self._tell(Listed(self._read(), touched))
                patience = _LOOK_SECONDS
            except UnreachableError as error:
                self._tell(Trouble(str(error)))
                patience = _RECONNECT_SECONDS
            except ViennaError as error:
                final = error if error.code in ("unauthenticated", "forbidden") else None
                self._tell(Trouble(error.message or error.code, final))
                patience = _RECONNECT_SECONDS
            self._over.wait(_AT_MOST_EVERY_SECONDS)
            self._changed.wait(patience)

    def _read(self) -> list[Row]:
        params: dict[str, Any] = {"status": "pending", "limit": _PAGE}
        rows: list[Row] = []
        for _ in range(_MOST_PAGES):
            page = self._client.request("GET", "/approvals", params=params)
            rows += page["approvals"]
            if not page.get("has_more"):
                break
            params["cursor"] = page["next_cursor"]
        return rows
