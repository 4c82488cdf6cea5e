"""Checkpoints kept outside the database: a file that only grows.

Whoever restores an old database, or cuts its tail together with its checkpoints, contradicts this file. It is written
after the commit that it tells of, so it is never ahead of the truth. Each note is followed by an empty line.
"""

from __future__ import annotations

import errno
import itertools
import os
from pathlib import Path

from vienna_control.ports import UnavailableError
from vienna_kernel.errors import MalformedError
from vienna_kernel.ledger.trail import Checkpoint, read_note

_SIGNATURE = "\u2014 "  # an em dash and a space, C2SP signed-note
_FULL_BYTES = 4 * 1024 * 1024


class CheckpointFile:
    """An append-only file of notes; a full one is set aside as ``<name>.<size of the log>``.

    Attributes:
        path: The file that is written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def notes(self) -> list[str]:
        """Its notes, oldest first; a last one that was not written to its end is left out.

        Errors: ``UnavailableError("audit", …)`` when the file cannot be read.
        """
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise UnavailableError("audit", f"cannot read {self.path}: {type(error).__name__}") from None
        return split_notes(text[: text.rfind("\n\n") + 1])

    def last(self) -> tuple[str, Checkpoint] | None:
        """The newest note and what it says, its signature not checked."""
        for note in reversed(self.notes()):
            try:
                return note, read_note(note)
            except MalformedError:
                continue
        return None

    def append(self, note: str) -> None:
        """Add a note, durably. Errors: ``UnavailableError("audit", …)`` when the disk does not take it."""
        try:
            if self.path.exists() and self.path.stat().st_size > _FULL_BYTES:
                self.path.replace(self.path.with_name(f"{self.path.name}.{read_note(note).size}"))
            descriptor = os.open(self.path, os.O_CREAT | os.O_RDWR | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                _append_whole(descriptor, f"{note}\n".encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            raise UnavailableError("audit", f"cannot write {self.path}: {error.strerror}") from None


def _append_whole(descriptor: int, data: bytes) -> None:
    """All of it, durably, or nothing: half a note would hide those that come after it."""
    before = _end_of_whole_lines(descriptor)
    os.ftruncate(descriptor, before)
    try:
        if os.write(descriptor, data) != len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, before)
        raise


def _end_of_whole_lines(descriptor: int) -> int:
    """Where the last empty line ends: what stands behind it was torn by a crash."""
    size = os.fstat(descriptor).st_size
    if size >= 2 and os.pread(descriptor, 2, size - 2) == b"\n\n":
        return size
    found = os.pread(descriptor, size, 0).rfind(b"\n\n")
    return found + 2 if found >= 0 else 0


def split_notes(text: str) -> list[str]:
    """The notes of a text that holds them one after another, each followed by an empty line (the last may lack it).

    A note is a body, an empty line, and signature lines. What is neither, as a crash may leave it, is left out.
    """
    parts = [part.strip("\n") for part in text.split("\n\n")]
    pairs = itertools.pairwise(part for part in parts if part)
    return [f"{body}\n\n{tail}\n" for body, tail in pairs if _signs(tail) and not _signs(body)]


def _signs(part: str) -> bool:
    return part.startswith(_SIGNATURE)
