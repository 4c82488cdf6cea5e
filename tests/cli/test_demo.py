"""The demonstration: every line of its story is really seen, and nothing of it is left behind."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

STORY = [
    "read",
    "ticket",
    "refund",
    "ceiling",
    "old_warrant",
    "drift",
    "observe",
    "raising",
    "stopped",
    "back",
    "trail",
    "end",
]
DEMO = [sys.executable, "-m", "vienna_cli", "demo"]


def environ(cli: Any, folder: Path) -> dict[str, str]:
    """Its temporary folder is ours to look at; settings of another installation must not matter."""
    return {
        **cli.environ,
        "TMPDIR": str(folder),
        "VIENNA_URL": "http://127.0.0.1:1",
        "VIENNA_API_KEY": "x" * 20,
    }


def children_of(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in listed.stdout.split()]


def test_played_by_itself_each_step_is_seen(cli: Any, tmp_path: Path) -> None:
    done = subprocess.run(
        [*DEMO, "--auto", "--json"], env=environ(cli, tmp_path), capture_output=True, text=True, timeout=240
    )
    steps = [json.loads(line) for line in done.stdout.splitlines()]
    missed = {
        step["step"]: [fact for fact in step.get("facts", []) if not fact["held"]]
        for step in steps
        if not step["seen"]
    }
    assert not missed, missed
    assert [step["step"] for step in steps] == STORY
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.glob("vienna-*")) == []


def test_at_a_terminal_a_no_is_told_to_the_waiting_agent_and_an_interrupt_ends_it_all(
    cli: Any, tmp_path: Path
) -> None:
    terminal, inner = pty.openpty()
    settings = {**environ(cli, tmp_path), "TERM": "dumb", "NO_COLOR": "1"}
    process = subprocess.Popen(DEMO, env=settings, stdin=inner, stdout=inner, stderr=inner)
    os.close(inner)
    try:
        screen = Screen(terminal)
        screen.until("alice: [a]pprove, [d]eny, [s]how")
        screen.type("s\n")
        screen.until("POST https://payments.example/v1/tickets")
        screen.until("alice: [a]pprove, [d]eny, [s]how")
        screen.type("d\n")
        assert "not now" in screen.until("bob: [a]pprove, [d]eny, [s]how")
        children = children_of(process.pid)
        assert len(children) >= 4, "toy, control plane, gate and a waiting agent"
        process.send_signal(signal.SIGINT)
        assert process.wait(60) in (1, 130)
    finally:
        os.close(terminal)
    assert [child for child in children if running(child)] == []
    assert list(tmp_path.glob("vienna-*")) == []


def test_without_a_terminal_it_asks_for_auto(cli: Any) -> None:
    done = cli("demo")
    assert done.returncode == 2
    assert "--auto" in done.stderr
    assert cli("demo", "--auto", "--web").returncode == 2


def test_sigterm_takes_everything_down(cli: Any, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*DEMO, "--auto"],
        env=environ(cli, tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout
    process.stdout.readline()
    children = children_of(process.pid)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 143
    process.stdout.close()
    assert [child for child in children if running(child)] == []
    assert list(tmp_path.glob("vienna-*")) == []


class Screen:
    """What a terminal has shown and nobody has looked at yet."""

    def __init__(self, terminal: int) -> None:
        self.terminal = terminal
        self.unread = ""

    def until(self, text: str) -> str:
        """Everything up to and with ``text``."""
        end = time.monotonic() + 90
        while text not in self.unread:
            ready, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            assert ready, f"waited for {text!r}, saw {self.unread!r}"
            self.unread += os.read(self.terminal, 4096).decode(errors="replace")
        seen, _, self.unread = self.unread.partition(text)
        return seen

    def type(self, text: str) -> None:
        os.write(self.terminal, text.encode())


def running(pid: int) -> bool:
    """Whether it still does anything; one that ended and was not yet collected does not."""
    told = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True
    ).stdout.strip()
    return bool(told) and not told.startswith("Z")
