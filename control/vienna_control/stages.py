"""What one unit of work spends its time on, for whoever asked to know; nothing is kept where nobody did.

The unit runs in the writer's thread: what is recorded there is handed back with its result, not told meanwhile.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from types import TracebackType
from typing import NamedTuple


class Stage(NamedTuple):
    """A named part of a unit; instants in nanoseconds since the epoch."""

    name: str
    began: int
    ended: int


_RECORD: ContextVar[list[Stage] | None] = ContextVar("stages", default=None)


class stage:  # read as a statement: ``with stage("judge"):``
    """Record the time that the block takes, if somebody asked."""

    __slots__ = ("_began", "_name")

    def __init__(self, name: str) -> None:
        self._name = name
        self._began = 0

    def __enter__(self) -> None:
        if _RECORD.get() is not None:
            self._began = time.time_ns()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if (record := _RECORD.get()) is not None:
            record.append(Stage(self._name, self._began, time.time_ns()))


class recording:  # read as a statement: ``with recording(into):``
    """Within the block every ``stage`` is added to ``into``."""

    __slots__ = ("_into", "_token")

    def __init__(self, into: list[Stage]) -> None:
        self._into = into

    def __enter__(self) -> None:
        self._token = _RECORD.set(self._into)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _RECORD.reset(self._token)
