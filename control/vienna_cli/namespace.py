"""A namespace whose only way out is the gate; no root needed.

1. This file is run as a program by ``enter``: it leaves every network behind (``unshare`` of user and network
   namespace), brings ``lo`` up, listens on it, hands that socket out over ``SCM_RIGHTS``, waits for the word, and
   becomes the agent. It imports only the standard library, since it starts anew for every run.
2. The socket was made inside, so the agent reaches it; it is accepted outside, where ``Relay`` copies each connection
   to the gate. Nothing else leads out: no route, no other interface.
3. Unix sockets with a path are files, not network: they stay reachable (``reachable_sockets``).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence

INSIDE_PORT = 8080
INSIDE_PROXY = f"http://127.0.0.1:{INSIDE_PORT}"

_SIOCSIFFLAGS = 0x8914
_IFF_UP_RUNNING = 0x1 | 0x40
_SO_ACCEPTCON = 0x10000  # include/uapi/linux/net.h
_READ_BYTES = 65536
_READY = b"r"
_GO = b"g"
_WHY = {errno.ENOSPC: "no further ones are allowed", errno.EPERM: "they are forbidden"}


class IsolationError(Exception):
    """The kernel does not let us make such a namespace; the message says why."""


class Relay:
    """Copies each connection made inside to the gate outside, on a thread of its own."""

    def __init__(self, listener: socket.socket, gate: tuple[str, int]) -> None:
        self._listener = listener
        self._gate = gate
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(2)

    def _run(self) -> None:
        self._listener.setblocking(False)
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, sock=self._listener))
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _serve(self, inside: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        try:
            outside, forth = await asyncio.open_connection(*self._gate)
        except OSError:
            back.close()
            return
        try:
            await asyncio.gather(_copy(inside, forth), _copy(outside, back))
        finally:
            forth.close()
            back.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    """One direction until its end, which is handed on; the other may still have something to say."""
    with contextlib.suppress(OSError):  # either end hung up
        while data := await source.read(_READ_BYTES):
            sink.write(data)
            await sink.drain()
        sink.write_eof()


def enter(
    command: Sequence[str], environ: Mapping[str, str], gate: tuple[str, int], *, quiet: bool = False
) -> tuple[subprocess.Popen[bytes], Relay]:
    """Starts a command inside, its relay running; what it prints is dropped when ``quiet``.

    Errors: ``IsolationError`` when the kernel refuses; nothing was run then.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(  # noqa: S603  # the agent's own command is what was asked for
            [sys.executable, "-I", __file__, str(theirs.fileno()), *command],
            env=dict(environ),
            pass_fds=[theirs.fileno()],
            stdout=subprocess.DEVNULL if quiet else None,
            stderr=subprocess.DEVNULL if quiet else None,
        )
        theirs.close()
        word, descriptors, _, _ = socket.recv_fds(ours, 300, 1)
        if word != _READY or not descriptors:
            process.wait()
            raise IsolationError(word.decode(errors="replace") or "the namespace did not come up")
        relay = Relay(socket.socket(fileno=descriptors[0]), gate)
        ours.sendall(_GO)
    return process, relay


def reachable_sockets(environ: Mapping[str, str]) -> list[str]:
    """Unix sockets that somebody listens at and that we may write to, the notorious ones first.

    Behind one of them may be somebody who is outside: the Docker daemon, an ssh agent, a session's message bus.
    """
    named = [
        "/var/run/docker.sock",
        "/run/podman/podman.sock",
        "/run/containerd/containerd.sock",
        environ.get("SSH_AUTH_SOCK", ""),
        environ.get("DOCKER_HOST", "").removeprefix("unix://"),
        environ.get("DBUS_SESSION_BUS_ADDRESS", "").removeprefix("unix:path=").partition(",")[0],
    ]
    places = dict.fromkeys([*sorted(named), *sorted(_listening())])
    return [place for place in places if place.startswith("/") and os.access(place, os.W_OK)]


def _listening() -> list[str]:
    """Paths of the sockets in ``/proc/net/unix`` that accept connections; none where there is no such file."""
    try:
        with open("/proc/net/unix", errors="replace") as file:
            rows = [line.split(maxsplit=7) for line in file]
    except OSError:
        return []
    accepting = (row for row in rows[1:] if len(row) == 8 and int(row[3], 16) & _SO_ACCEPTCON)
    return [row[7].rstrip("\n") for row in accepting]


def _unshare() -> None:
    user, group = os.getuid(), os.getgid()
    os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _loopback() -> socket.socket:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh", b"lo", _IFF_UP_RUNNING))
    listener = socket.socket()
    listener.bind(("127.0.0.1", INSIDE_PORT))
    listener.listen(128)
    return listener


def _inside(descriptor: int, command: Sequence[str]) -> None:
    with socket.socket(fileno=descriptor) as outside:
        try:
            _unshare()
            listener = _loopback()
        except OSError as error:
            why = _WHY.get(error.errno or 0, error.strerror)
            outside.sendall(f"{why} (user and network namespaces)".encode())
            sys.exit(1)
        socket.send_fds(outside, [_READY], [listener.fileno()])
        listener.close()
        if outside.recv(1) != _GO:
            sys.exit(1)
    try:
        os.execvp(command[0], list(command))  # noqa: S606  # the agent's own command
    except OSError as error:
        sys.stderr.write(f"error: cannot run {command[0]}: {error.strerror}\n")
        sys.exit(127 if isinstance(error, FileNotFoundError) else 126)


if __name__ == "__main__":
    _inside(int(sys.argv[1]), sys.argv[2:])
