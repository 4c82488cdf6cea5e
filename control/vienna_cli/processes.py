"""Control plane and gate as child processes: started, waited for until they are ready, watched, stopped.

1. Each runs in a process group of its own, so that a Ctrl-C at the terminal reaches us alone and we stop them in order.
2. On Linux they are told to end when we are killed without a chance to say so.
3. The first line of their standard output that is a JSON object with ``ready`` is the ready line.
4. A request to end that comes while one is being started is heard once it is among those that are stopped at the end
   (``begun``). What a signal handler raises while Python forks is lost; and a child that nobody knows of would be left.
"""

from __future__ import annotations

import ctypes
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from vienna_cli.output import Failure

START_SECONDS = 60.0
STOP_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1
_TAIL_LINES = 12
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

type Sink = Callable[[str], None]

_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def discard(_: str) -> None:
    """A sink for lines that nobody wants."""


class Child:
    """One started process.

    Attributes:
        name: As people call it: ``control plane``, ``gate``.
        ready: The ready line; empty until ``wait_ready`` returned.
    """

    def __init__(self, name: str, arguments: Sequence[str], environ: Mapping[str, str], sink: Sink) -> None:
        self.name = name
        self.ready: dict[str, Any] = {}
        self._sink = sink
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._lines: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._process = subprocess.Popen(  # noqa: S603  # our own modules, no shell
            [sys.executable, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environ),
            process_group=0,
            preexec_fn=_die_with_parent,  # one system call, nothing allocated
            text=True,
            errors="replace",
        )
        self._readers = [
            threading.Thread(target=self._read_out, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._read_err, args=(self._process.stderr,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """Exit status; None while it runs."""
        return self._process.poll()

    def wait_ready(self, patience_seconds: float = START_SECONDS) -> Child:
        """Returns when it accepts traffic. Errors: ``Failure`` with the last lines it wrote."""
        try:
            ready = self._lines.get(timeout=patience_seconds)
        except queue.Empty:
            self.stop(0.5)
            raise Failure(
                f"the {self.name} was not ready within {patience_seconds:.0f} s\n{self.tail}".rstrip()
            ) from None
        if ready is None:
            status = self._process.wait()
            self._hear_out()
            raise Failure(f"the {self.name} did not start (it ended with {status})\n{self.tail}".rstrip())
        self.ready = ready
        return self

    @property
    def tail(self) -> str:
        """The last lines it wrote to standard error, indented; empty where the sink told them already."""
        return "\n".join(f"  {line}" for line in self._tail) if self._sink is discard else ""

    def stop(self, patience_seconds: float = STOP_SECONDS) -> int:
        """Asks it to finish, ends it by force when it does not, and hears it out. Its exit status."""
        if self.status is None:
            self._process.terminate()
        try:
            status = self._process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        self._hear_out()
        return status

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self._process.kill()
        self._process.wait()

    def _hear_out(self) -> None:
        for reader in self._readers:
            reader.join(1)

    def _read_out(self, stream: IO[str]) -> None:
        waiting = True
        for line in stream:
            ready = _ready(line) if waiting else None
            if ready is not None:
                waiting = False
                self._lines.put(ready)
            else:
                self._sink(line.rstrip("\n"))
        self._lines.put(None)

    def _read_err(self, stream: IO[str]) -> None:
        for line in stream:
            self._tail.append(line.rstrip("\n"))
            self._sink(line.rstrip("\n"))


def _ready(line: str) -> dict[str, Any] | None:
    try:
        data = json.loads(line)
    except ValueError:
        return None
    return data if isinstance(data, dict) and data.get("ready") else None


def begun(running: list[Child], start: Callable[[], Child]) -> Child:
    """Start one, not yet ready, and put it first among those that are stopped at the end."""
    with _deferred():
        child = start()
        running.insert(0, child)
    return child


@contextmanager
def _deferred() -> Iterator[None]:
    """Requests to end wait until the block is over; what is ignored stays so, here and in what is started."""
    came: list[int] = []

    def note(number: int, _: object) -> None:
        came.append(number)

    ours = threading.current_thread() is threading.main_thread()
    handlers = {number: signal.getsignal(number) for number in _ENDINGS if ours}
    before = {number: handler for number, handler in handlers.items() if callable(handler)}
    for number in before:
        signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for one in came:
            signal.raise_signal(one)


def stop_all(children: Sequence[Child], patience_seconds: float = STOP_SECONDS - 1) -> None:
    """Stops in the order given, all within the time given."""
    until = time.monotonic() + patience_seconds
    for child in children:
        child.stop(max(0.2, until - time.monotonic()))


def child_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for control plane and gate when we start both: ``dev`` unless it says otherwise."""
    return {"VIENNA_ENV": "dev", "PYTHONUNBUFFERED": "1", **environ}


def control_plane(
    *,
    config: Path | None,
    data_dir: Path,
    listen: str | None,
    environ: Mapping[str, str],
    sink: Sink,
    module: str = "vienna_control",
) -> Child:
    """A control plane, not yet ready."""
    arguments = ["-m", module, "--json", "--data-dir", str(data_dir)]
    arguments += ["-c", str(config)] if config else []
    arguments += ["--listen", listen] if listen else []
    return Child("control plane", arguments, environ, sink)


def gate(
    *,
    config: Path | None,
    control: Child,
    listen: str | None,
    state_dir: Path,
    environ: Mapping[str, str],
    sink: Sink,
    module: str = "vienna_proxy",
) -> Child:
    """A gate that enrols with a control plane of ours, not yet ready."""
    arguments = ["-m", module, "--json", "--control", str(control.ready["control"])]
    arguments += ["--key-file", str(control.ready["join_token"]), "--state-dir", str(state_dir)]
    arguments += ["-c", str(config)] if config else []
    arguments += ["--listen", listen] if listen else []
    return Child("gate", arguments, environ, sink)
