"""Frames that the control plane does not have yet, durable in a folder: one file each, synced before it counts.

A file is written aside, synced, renamed, and the folder synced; so it is whole or not there. Delivered frames are
removed; what the control plane will not take is set aside, never thrown away.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from vienna_kernel.wire import FromGate, Outcome, Report, from_gate
from vienna_proxy.ports import UnavailableError

_KEY = re.compile(r"[A-Za-z0-9._-]{1,128}\Z")


@dataclass(frozen=True, slots=True)
class Usage:
    """What waits: how many frames, their bytes, and how many are set aside."""

    frames: int
    bytes: int
    refused: int


class Spool:
    """The folder ``state_dir/spool``. Its calls touch the disk: make them in a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._refused = folder / "refused"
        self._refused.mkdir(mode=0o700, parents=True, exist_ok=True)
        for stray in folder.glob("*.tmp"):
            stray.unlink()

    def put(self, key: str, frame: Outcome | Report) -> None:
        """Durable when this returns. The same key again replaces. Raises ``UnavailableError``."""
        if not _KEY.match(key):
            raise UnavailableError("spool", "not a key for a file")
        target, aside = self._folder / f"{key}.json", self._folder / f"{key}.tmp"
        try:
            with aside.open("wb") as file:
                file.write(frame.model_dump_json().encode())
                file.flush()
                os.fsync(file.fileno())
            aside.replace(target)
            self._sync()
        except OSError as error:
            raise UnavailableError("spool", f"cannot write {target.name}: {error.strerror}") from None

    def remove(self, key: str) -> None:
        """It was delivered. Harmless when it is not there."""
        (self._folder / f"{key}.json").unlink(missing_ok=True)

    def set_aside(self, key: str) -> None:
        """The control plane will not take it: kept in ``refused`` for a person to look at."""
        file = self._folder / f"{key}.json"
        with suppress(FileNotFoundError):
            file.replace(self._refused / file.name)

    def pending(self) -> list[tuple[str, FromGate]]:
        """What waits, oldest first, without what is delivered meanwhile; files that have no reading are set aside."""
        found: list[tuple[str, FromGate]] = []
        waiting = ((_status(file), file) for file in self._folder.glob("*.json"))
        for _, file in sorted((status.st_mtime_ns, file) for status, file in waiting if status is not None):
            try:
                found.append((file.stem, from_gate.validate_json(file.read_bytes())))
            except FileNotFoundError:
                continue
            except (ValidationError, OSError):
                self.set_aside(file.stem)
        return found

    def usage(self) -> Usage:
        """How full it is now."""
        files = [status for status in map(_status, self._folder.glob("*.json")) if status is not None]
        return Usage(
            len(files), sum(one.st_size for one in files), sum(1 for _ in self._refused.glob("*.json"))
        )

    def _sync(self) -> None:
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _status(file: Path) -> os.stat_result | None:
    """None when it was delivered meanwhile."""
    try:
        return file.stat()
    except FileNotFoundError:
        return None
