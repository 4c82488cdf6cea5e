"""Vienna's processes without their imports: forked from one process that has imported them already.

Most of a start is imports and the shipped mappings; a suite starts hundreds. What is forked is a process of its own
that runs the module's own ``main`` with its own arguments, environment, folder and streams. Starts as such are tested
in ``tests/cli``, where whatever starts others (``up``, ``run``, ``demo``) has nothing imported before.
"""

from __future__ import annotations

import array
import asyncio
import contextlib
import functools
import gc
import importlib
import json
import os
import random
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Any
from unittest import mock

PATIENT = "HARNESS_PATIENT"
"""A variable with which a gate gives a control plane that it is connected to ``_PATIENCE_SECONDS`` for an answer."""

_PATIENCE_SECONDS = 20.0
_MOST = 1024 * 1024
_READ_BY_IMPORTS = ("PYTHON", "LD_", "SSLKEYLOGFILE", "MITMPROXY_")  # only a start of its own obeys them


class Forked:
    """A forked process: as much of ``subprocess.Popen`` as the harness uses."""

    def __init__(self, line: socket.socket, stdout: IO[str]) -> None:
        self._line = line
        self.stdout = stdout
        self.pid = int(_message(line)["pid"])
        self.returncode: int | None = None

    def poll(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        if self.returncode is None:
            self._line.settimeout(timeout)
            try:
                self.returncode = int(_message(self._line)["code"])
            except (TimeoutError, BlockingIOError):
                raise subprocess.TimeoutExpired("forked", timeout or 0) from None
            self._line.close()
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # ended just now; its end is on its way to us
                os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _message(line: socket.socket) -> Any:
    data = line.recv(_MOST)
    assert data, "the process that forks has ended"
    return json.loads(data)


def can(module: str, env: dict[str, str]) -> bool:
    """Whether a start may be a fork: of our own processes, where nothing of it is for the interpreter."""
    ours = {name: value for name, value in os.environ.items() if name.startswith(_READ_BY_IMPORTS)}
    wanted = {name: value for name, value in env.items() if name.startswith(_READ_BY_IMPORTS)}
    return module in _PREPARED and wanted.items() <= ours.items()


def start(
    module: str,
    arguments: list[str],
    *,
    env: dict[str, str],
    stderr: IO[str],
    folder: Path | None = None,
    stdin: IO[str] | None = None,
) -> Forked:
    """Start ``python -m module arguments``; its standard output is a pipe, its standard input ``stdin`` or nothing."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    reading, writing = os.pipe()
    request = {"arguments": arguments, "env": env, "folder": str(folder or Path.cwd())}
    with theirs, open(os.devnull) as nothing:
        fds = array.array("i", [theirs.fileno(), (stdin or nothing).fileno(), writing, stderr.fileno()])
        _server(module).sendmsg(
            [json.dumps(request).encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds.tobytes())]
        )
    os.close(writing)
    return Forked(ours, os.fdopen(reading, "r"))


def run(
    module: str,
    arguments: list[str],
    *,
    env: dict[str, str],
    folder: Path,
    stdin: str = "",
    timeout: float = 60,
) -> subprocess.CompletedProcess[str]:
    """``subprocess.run`` of it, with text in and both texts out. Errors: ``subprocess.TimeoutExpired``."""
    with tempfile.TemporaryFile("w+") as given, tempfile.TemporaryFile("w+") as wrong:
        given.write(stdin)
        given.seek(0)
        done = start(module, arguments, env=env, stderr=wrong, folder=folder, stdin=given)
        late = threading.Timer(timeout, done.kill)
        late.start()
        try:
            with done.stdout as pipe:
                told = pipe.read()
            code = done.wait(timeout)
        finally:
            late.cancel()
        if code == -signal.SIGKILL:
            raise subprocess.TimeoutExpired(arguments, timeout, told)
        wrong.seek(0)
        return subprocess.CompletedProcess(arguments, code, told, wrong.read())


@functools.cache
def _server(module: str) -> socket.socket:
    """The process that forks this module, for as long as ours lives: it ends when this socket does."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        command = [sys.executable, "-m", "harness.forks", module, str(theirs.fileno())]
        # In a group of its own: Ctrl-C is for whoever started it, who then ends what was forked.
        subprocess.Popen(
            command,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=_environment(),
            process_group=0,
        )
    return ours


def _environment() -> dict[str, str]:
    paths = [os.path.dirname(os.path.dirname(os.path.abspath(__file__))), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}


# In the process that forks.


def _prepare_control() -> None:
    import alembic.command
    import alembic.context  # noqa: F401  # migrations import them at the first start of an installation

    from harness import starts
    from vienna_control.api import all_routes
    from vienna_control.policies import files
    from vienna_kernel.mapping.kept import compiled

    starts.hash_quickly()
    all_routes()
    sources = files.read(files.default_places())
    named = zip(sources.mappings, sources.texts, strict=True)
    compiled(tuple([(document.name, text) for document, (_, text) in named]))


def _prepare_gate() -> None:
    from vienna_kernel import shipped
    from vienna_kernel.mapping.kept import compiled, parsed

    files = []
    for path in sorted(shipped.root().rglob("*.yaml")):
        if shipped.counts(path.relative_to(shipped.root()).parts):
            text = path.read_text()
            said = parsed(text, path.name).data
            if said["kind"] == "Mapping":
                files.append((said["id"], text))
    compiled(tuple(files), ())  # as a bundle without further hosts is compiled


def _prepare_command() -> None:
    from vienna_cli.main import COMMANDS

    for module in sorted(set(COMMANDS.values())):
        importlib.import_module(f"vienna_cli.{module}")


_PREPARED = {
    "vienna_control": _prepare_control,
    "vienna_proxy": _prepare_gate,
    "vienna_cli": _prepare_command,
}


def _serve(module: str, requests: socket.socket) -> None:
    main = importlib.import_module(f"{module}.__main__").main
    _PREPARED[module]()
    gc.collect()
    gc.freeze()
    watched = selectors.DefaultSelector()
    watched.register(requests, selectors.EVENT_READ)
    while True:
        for key, _ in watched.select():
            if key.fileobj is requests:
                data, fds, _, _ = socket.recv_fds(requests, _MOST, 4)
                if not data:
                    for child in list(watched.get_map().values()):
                        if child.data:
                            os.kill(child.data[0], signal.SIGKILL)
                    return
                pid = os.fork()
                if pid == 0:
                    watched.close()
                    requests.close()
                    _become(main, module, json.loads(data), fds)
                line = socket.socket(fileno=fds[0])
                for fd in fds[1:]:
                    os.close(fd)
                line.send(json.dumps({"pid": pid}).encode())
                watched.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, line))
            else:
                pid, line = key.data
                _, status = os.waitpid(pid, 0)
                watched.unregister(key.fileobj)
                os.close(key.fd)
                with contextlib.suppress(OSError):
                    line.send(json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode())
                line.close()


def _become(main: Any, module: str, request: Any, fds: list[int]) -> None:
    """Be the process that was asked for, until its end."""
    code = 1
    try:
        os.close(fds[0])
        for fd, place in zip(fds[1:], (0, 1, 2), strict=True):
            os.dup2(fd, place)
            os.close(fd)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["env"])
        if PATIENT in request["env"]:
            _answer_late()
        random.seed()
        sys.argv = [module, *request["arguments"]]
        code = main() or 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _answer_late() -> None:
    """On a machine that is busy with a suite answers are late now and then; refusing for it has tests of its own."""
    from vienna_proxy.link.channel import ANSWER_SECONDS, Channel
    from vienna_proxy.ports import UnavailableError

    ask = Channel.ask

    async def patient(self: Channel, frame: Any, *, seconds: float = ANSWER_SECONDS) -> Any:
        asked = asyncio.create_task(ask(self, frame, seconds=_PATIENCE_SECONDS))
        try:
            await asyncio.wait([asked], timeout=seconds)
            if not asked.done() and not self.up.is_set():
                raise UnavailableError("control", "nobody is there to answer")
            return await asked
        finally:
            asked.cancel()

    mock.patch.object(Channel, "ask", patient).start()  # for as long as the process lives


if __name__ == "__main__":
    _serve(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))
