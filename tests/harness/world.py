"""What is out there, as a pod sees it: somebody who answers at many ports, and the harness's upstream."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from pathlib import Path

from harness.pod import DISCARD, ECHO_OPEN, WORLD, Pod, enter
from harness.upstream import Upstream


class World:
    """Whoever is out there: answers ``out`` to everything that arrives at any of its ports, and remembers it.

    Attributes:
        heard: Way and port of whatever arrived: bytes over TCP, or a datagram.
        discarded: Bytes that arrived at ``DISCARD``, which answers nothing.
    """

    TCP = (ECHO_OPEN, DISCARD, 22, 53, 80, 443, 853, 5432, 15001)
    UDP = (53, 443, 4000)

    def __init__(self, pod: Pod) -> None:
        self._pod = pod
        self.heard: list[tuple[str, int]] = []
        self.discarded = 0
        self._stop, self._stopped = socket.socketpair()

    def __enter__(self) -> World:
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.close()
        self._thread.join(10)
        self._stopped.close()

    def _run(self, ready: threading.Event) -> None:
        enter(self._pod.world)
        with contextlib.ExitStack() as stack, selectors.DefaultSelector() as selector:
            for kind, ports in ((socket.SOCK_STREAM, self.TCP), (socket.SOCK_DGRAM, self.UDP)):
                for family in (socket.AF_INET, socket.AF_INET6):
                    for port in ports:
                        door = stack.enter_context(_door(family, kind, port))
                        act = self._accepted if kind == socket.SOCK_STREAM else self._datagram
                        selector.register(door, selectors.EVENT_READ, act)
            selector.register(self._stopped, selectors.EVENT_READ, None)
            ready.set()
            while True:
                for key, _ in selector.select():
                    if key.data is None:
                        return
                    key.data(key.fileobj, stack, selector)

    def _accepted(
        self, door: socket.socket, stack: contextlib.ExitStack, selector: selectors.BaseSelector
    ) -> None:
        peer = stack.enter_context(door.accept()[0])
        selector.register(peer, selectors.EVENT_READ, self._stream)

    def _stream(
        self, peer: socket.socket, stack: contextlib.ExitStack, selector: selectors.BaseSelector
    ) -> None:
        with contextlib.suppress(OSError):
            if said := peer.recv(512):
                if peer.getsockname()[1] == DISCARD:
                    self.discarded += len(said)
                    return
                self.heard.append(("tcp", peer.getsockname()[1]))
                peer.send(b"out")
                return
        selector.unregister(peer)
        if peer.getsockname()[1] != ECHO_OPEN:
            peer.close()

    def _datagram(self, door: socket.socket, *_: object) -> None:
        _, peer = door.recvfrom(4096)
        self.heard.append(("udp", door.getsockname()[1]))
        door.sendto(b"out", peer)


def _door(family: int, kind: int, port: int) -> socket.socket:
    door = socket.socket(family, kind)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        door.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    door.bind(("", port))
    if kind == socket.SOCK_STREAM:
        door.listen()
    return door


class UpstreamInTheWorld(Upstream):
    """The harness's upstream, at ``WORLD``."""

    def __init__(self, folder: Path, pod: Pod) -> None:
        super().__init__(folder, at=WORLD)
        self._pod = pod

    def _run(self) -> None:
        enter(self._pod.world)
        super()._run()
