"""How an agent's process is waited for, at a real terminal: it gets what is typed, and the terminal is as it was."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

WAITS = (
    "import subprocess, sys; from vienna_cli.attend import attend;"
    "sys.exit(attend(lambda: subprocess.Popen(sys.argv[1:])))"
)
ENDS_EARLY = """
import os, signal, subprocess, sys
from vienna_cli.attend import attend
def start():
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
    process.stdout.readline()
    os.kill(os.getpid(), signal.SIGTERM)
    return process
sys.exit(attend(start))
"""
CATCHES = """
import os, signal, sys
def caught(number, _):
    os.write(1, b"caught %d\\n" % number)  # whole, whatever comes next
    if number in (signal.SIGTERM, signal.SIGHUP):
        sys.exit(9)
for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1"):
    signal.signal(getattr(signal, name), caught)
print("up", flush=True)
while True:
    signal.pause()
"""
DIES_RAW = """
import os, signal, tty
tty.setraw(0)
print("up", flush=True)
signal.pause()
"""


AT_TERMINAL = "import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
"""In a session of its own: the terminal at standard input becomes its terminal, and it the foreground."""


@dataclass
class Terminal:
    """The far end of a terminal at which one command runs."""

    far: int
    near: int
    process: subprocess.Popen[bytes]
    _seen: bytes = field(default=b"")

    def until(self, text: bytes) -> bytes:
        """Everything it showed, once ``text`` was among it."""
        while text not in self._seen:
            ready, _, _ = select.select([self.far], [], [], 60)
            assert ready, self._seen
            self._seen += os.read(self.far, 4096)
        return self._seen

    def shown(self) -> bytes:
        """Everything it showed up to now."""
        while select.select([self.far], [], [], 0)[0]:
            self._seen += os.read(self.far, 4096)
        return self._seen

    def type(self, keys: bytes) -> None:
        os.write(self.far, keys)

    def code(self) -> int:
        return self.process.wait(60)

    def is_canonical(self) -> bool:
        return bool(termios.tcgetattr(self.near)[3] & termios.ICANON)


@pytest.fixture
def at_terminal() -> Iterator[Callable[[str], Terminal]]:
    """Starts an agent, waited for, as the foreground of a terminal of its own."""
    opened: list[Terminal] = []

    def start(code: str) -> Terminal:
        far, near = os.openpty()
        command = [sys.executable, "-c", AT_TERMINAL + WAITS, sys.executable, "-c", code]
        process = subprocess.Popen(command, stdin=near, stdout=near, stderr=near, start_new_session=True)
        opened.append(Terminal(far, near, process))
        return opened[-1]

    yield start
    for one in opened:
        one.process.kill()
        one.process.wait()
        os.close(one.far)
        os.close(one.near)


@pytest.mark.parametrize(
    ("keys", "number"), [(b"\x03", signal.SIGINT), (b"\x1c", signal.SIGQUIT)], ids=["Ctrl-C", "Ctrl-\\"]
)
def test_what_is_typed_reaches_the_agent_once(at_terminal, keys, number):
    """Were it handed on as well, it would come before what is sent to us after it."""
    terminal = at_terminal(CATCHES)
    terminal.until(b"up")
    terminal.type(keys)
    terminal.until(b"caught %d\r" % number)
    terminal.process.send_signal(signal.SIGUSR1)
    terminal.until(b"caught %d\r" % signal.SIGUSR1)
    terminal.process.terminate()
    assert terminal.code() == 9
    assert terminal.shown().count(b"caught %d\r" % number) == 1


def test_an_agent_that_ctrl_c_ends(at_terminal):
    terminal = at_terminal(
        "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); print('up'); signal.pause()"
    )
    terminal.until(b"up")
    terminal.type(b"\x03")
    assert terminal.code() == 128 + signal.SIGINT


def test_what_is_typed_is_the_agents_to_read(at_terminal):
    terminal = at_terminal("print('up', flush=True); print(input() * 2)")
    terminal.until(b"up")
    terminal.type(b"abc\n")
    terminal.until(b"abcabc")
    assert terminal.code() == 0


def test_the_terminal_is_as_it_was_when_the_agent_dies(at_terminal):
    terminal = at_terminal(DIES_RAW)
    terminal.until(b"up")
    assert not terminal.is_canonical()
    found = ["ps", "-o", "pid=", "--ppid", str(terminal.process.pid)]
    agent = int(subprocess.run(found, capture_output=True, text=True, check=True).stdout)
    os.kill(agent, signal.SIGKILL)
    assert terminal.code() == 128 + signal.SIGKILL
    assert terminal.is_canonical()


def line(process):
    """What it says next; an empty line when it says nothing for long."""
    ready, _, _ = select.select([process.stdout], [], [], 60)
    return process.stdout.readline() if ready else b""


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGUSR1"])
def test_what_is_sent_to_us_alone_goes_on_to_the_agent(name):
    number = getattr(signal, name)
    with subprocess.Popen(
        [sys.executable, "-c", WAITS, sys.executable, "-c", CATCHES],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        start_new_session=True,
    ) as process:
        assert line(process) == b"up\n"
        process.send_signal(number)
        assert line(process) == b"caught %d\n" % number
        if number not in (signal.SIGTERM, signal.SIGHUP):
            process.terminate()
        assert process.wait(60) == 9


def test_what_comes_while_the_agent_is_being_started_reaches_it():
    """Were it ours alone, we would end of it and the agent would run on."""
    done = subprocess.run([sys.executable, "-c", ENDS_EARLY, sys.executable, "-c", CATCHES], timeout=60)
    assert done.returncode == 9
