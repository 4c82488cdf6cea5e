"""What a gate that was killed left behind is removed by the next one that starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from vienna_proxy.transport.embed import _PREFIX, _sweep


def left_by(pid: int, parent: Path) -> Path:
    folder = parent / f"{_PREFIX}-{pid}-abc"
    folder.mkdir()
    (folder / "ca.pem").write_text("key")
    return folder


def test_folders_of_gates_that_are_no_more_are_removed_and_no_others(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    dead, alive = left_by(ended.pid, tmp_path), left_by(os.getpid(), tmp_path)
    stranger = tmp_path / f"{_PREFIX}-of-somebody"
    stranger.mkdir()
    _sweep(tmp_path)
    assert not dead.exists()
    assert (alive / "ca.pem").exists()
    assert stranger.exists()


def test_two_gates_may_sweep_at_once(tmp_path: Path) -> None:
    """A link to nothing is listed and is not there, as a folder that the other one has just removed."""
    (tmp_path / f"{_PREFIX}-1-abc").symlink_to(tmp_path / "gone")
    _sweep(tmp_path)
