from __future__ import annotations

import os
from pathlib import Path

import pytest

from vienna_control.audit import CheckpointFile
from vienna_control.audit import witness as module
from vienna_control.audit.witness import split_notes
from vienna_control.ports import UnavailableError
from vienna_kernel.ledger.checkpoint import checkpoint_note
from vienna_kernel.signing import SigningKey

KEY = SigningKey.generate_from(b"log".ljust(32, b"."))


def _note(size: int) -> str:
    return checkpoint_note("vienna/test", size, bytes(32), "2026-01-05T10:00:00.000Z", KEY)


def test_notes_are_read_back_in_order(tmp_path: Path) -> None:
    file = CheckpointFile(tmp_path / "checkpoints")
    assert file.notes() == []
    assert file.last() is None
    for size in (1, 2, 30):
        file.append(_note(size))
    assert file.notes() == [_note(1), _note(2), _note(30)]
    last = file.last()
    assert last is not None
    assert last[1].size == 30
    assert file.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("left", range(1, len(_note(2)) + 1, 7))
def test_a_note_that_was_cut_off_while_written_is_left_out(tmp_path: Path, left: int) -> None:
    file = CheckpointFile(tmp_path / "checkpoints")
    file.append(_note(1))
    with file.path.open("a") as handle:
        handle.write(_note(2)[:left])
    assert file.notes() == [_note(1)]
    file.append(_note(3))
    assert file.notes() == [_note(1), _note(3)]


def test_a_disk_that_takes_half_a_note_keeps_none_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = CheckpointFile(tmp_path / "checkpoints")
    file.append(_note(1))
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda to, data: write(to, data[:100]))
        with pytest.raises(UnavailableError, match="No space left"):
            file.append(_note(2))
    file.append(_note(3))
    assert file.notes() == [_note(1), _note(3)]


def test_a_full_file_is_set_aside_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FULL_BYTES", 500)
    file = CheckpointFile(tmp_path / "checkpoints")
    for size in range(1, 8):
        file.append(_note(size))
    kept = [note for path in sorted(tmp_path.iterdir()) for note in split_notes(path.read_text())]
    assert sorted(kept) == sorted(_note(size) for size in range(1, 8))
    assert len(list(tmp_path.iterdir())) > 1


def test_a_file_that_cannot_be_written_or_read_is_said(tmp_path: Path) -> None:
    folder = CheckpointFile(tmp_path)
    with pytest.raises(UnavailableError, match="audit"):
        folder.append(_note(1))
    with pytest.raises(UnavailableError, match="audit"):
        folder.notes()
    (tmp_path / "x").write_bytes(b"\xff\xfe")
    with pytest.raises(UnavailableError):
        CheckpointFile(tmp_path / "x").notes()
