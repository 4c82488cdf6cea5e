"""The spool: whole files or none, delivered ones gone, refused ones kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from vienna_kernel.wire import Outcome
from vienna_proxy.evidence.spool import Spool, Usage
from vienna_proxy.ports import UnavailableError


def outcome(attempt: str, status: int = 200) -> Outcome:
    return Outcome(
        id=1,
        intent_id="int-1",
        warrant_id="wrt-1",
        attempt=attempt,
        status=status,
        result="match",
        duration_ms=1,
    )


def test_what_is_put_is_there_after_a_restart(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.put("att-1", outcome("att-1"))
    spool.put("att-2", outcome("att-2"))
    spool.put("att-2", outcome("att-2", 500))
    again = Spool(tmp_path)
    assert [(key, frame.status) for key, frame in again.pending()] == [("att-1", 200), ("att-2", 500)]
    again.remove("att-1")
    again.remove("att-1")
    again.set_aside("att-2")
    assert again.pending() == []
    assert (tmp_path / "refused" / "att-2.json").exists()


def test_half_files_and_strangers_do_no_harm(tmp_path: Path) -> None:
    Spool(tmp_path)
    (tmp_path / "att-1.tmp").write_text('{"t": "outc')
    (tmp_path / "att-2.json").write_text('{"t": "outc')
    spool = Spool(tmp_path)
    assert spool.pending() == []
    assert not (tmp_path / "att-1.tmp").exists()
    assert (tmp_path / "refused" / "att-2.json").exists()


def test_a_disk_that_fails_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(tmp_path)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(UnavailableError, match="No space left"):
        spool.put("att-1", outcome("att-1"))
    assert spool.pending() == []


@pytest.mark.parametrize("key", ["../x", "a/b", "", "a\0"])
def test_keys_are_file_names(tmp_path: Path, key: str) -> None:
    with pytest.raises(UnavailableError):
        Spool(tmp_path).put(key, outcome("att-1"))


def test_what_is_delivered_while_the_folder_is_read_is_left_out(tmp_path: Path) -> None:
    """A link to nothing is listed and is not there, as a file that was just removed."""
    spool = Spool(tmp_path)
    (tmp_path / "att-1.json").symlink_to(tmp_path / "gone")
    assert spool.pending() == []
    assert spool.usage() == Usage(0, 0, 0)
