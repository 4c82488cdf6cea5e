"""A door of the gate: an attack over real sockets, and the guards that keep it shut.

``laws(DOORS)`` makes three tests of a table of doors: each is shut; each is open once all its guards are out, so that
the attack is one; and each guard alone, the others out, keeps it shut, so that none is named for nothing.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from harness.answers import SECONDS, answer_to
from harness.guards import FAULTS, GUARDS
from harness.tap import Tap
from harness.vienna import until


@dataclass(frozen=True)
class Door:
    """One way past the gate.

    Attributes:
        attack: Whether it came through.
        guards: Names of ``harness.guards.GUARDS``; it is open once all are out. Empty: no few guards keep it shut,
            or mitmproxy does; it is only seen to be.
        given: Faults of ``harness.guards.FAULTS`` during the attack.
        options: Options of mitmproxy that are otherwise once the guards are out.
        timed: The gate's own deadlines are too long to wait for; tried with the shorter ones of the other gate only.
    """

    attack: Callable[[Scene], bool]
    guards: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    timed: bool = False


@dataclass
class Scene:
    """A gate, what is before it and behind it.

    Attributes:
        gate: An agent's way to it (``GateProcess`` of ``tests/proxy/conftest.py``).
        control: The control plane, which grants everything that the gate asks about.
        upstream: HTTPS, under the hosts of ``harness.apis``.
        tap: Plain HTTP at port 80 of any of these hosts, and of ``tap.example``.
        landing: Where connections end that should have gone to an address not of this machine, or to 127.0.0.2.
        is_open: All guards are out. The attack comes through, and what shows that is waited for.
    """

    gate: Any
    control: Any
    upstream: Any
    tap: Tap
    landing: Tap
    is_open: bool = field(default=False, kw_only=True)

    def reset(self) -> None:
        """As if nothing had happened yet."""
        self.control.script = type(self.control).grants
        self.control.forget()
        self.control.internal.clear()
        self.upstream.received.clear()
        self.upstream._rules.clear()
        self.upstream.connections = 0
        self.tap.reset()
        self.landing.reset()

    def say(self, *parts: bytes, seconds: float = SECONDS) -> bytes:
        """The whole final answer to these bytes; as much as came when the gate hangs up or is silent for long."""
        with self.gate.connect() as plain:
            return answer_to(plain, *parts, seconds=seconds)

    @staticmethod
    def ask(plain: socket.socket, *parts: bytes, seconds: float = SECONDS) -> bytes:
        """As ``say``, on a connection that is open already."""
        return answer_to(plain, *parts, seconds=seconds)

    @contextmanager
    def inside(self, host: str = "payments.example", **rest: Any) -> Iterator[socket.socket]:
        """TLS inside a tunnel."""
        with self.gate.tunnel(host, **rest) as inside:
            yield inside

    def passed(self, *parts: bytes) -> bool:
        """Whether these bytes made the gate send anything to anyone."""
        self.say(*parts)
        return self.reached

    @property
    def reached(self) -> bool:
        """Whether anyone behind the gate heard of it."""
        if self.is_open:
            until("somebody behind the gate to hear of it", lambda: self._connections > 0)
        return self._connections > 0

    @property
    def _connections(self) -> int:
        return self.tap.connections + self.upstream.connections + self.landing.connections

    def patience(self, most: float) -> float:
        """Seconds to wait for what a gate that is shut does within ``most``, and one that is open never does."""
        return most if self.is_open else SECONDS


class Hatch:
    """The test's end of ``harness.unguarded``."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)

    def __call__(
        self, *out: str, given: tuple[str, ...] = (), options: Mapping[str, Any] | None = None
    ) -> list[str]:
        """Take these out and put all others back; names that were asked of the resolver since."""
        told = {"out": out, "given": given, "options": dict(options or {})}
        with socket.socket(socket.AF_UNIX) as hatch:
            hatch.settimeout(SECONDS)
            hatch.connect(self._path)
            hatch.sendall(json.dumps(told).encode() + b"\n")
            said = b""
            while more := hatch.recv(65536):
                said += more
        return list(json.loads(said))


@dataclass
class Unguarded(Scene):
    """A gate whose guards can be taken out."""

    hatch: Hatch = field(kw_only=True)

    @contextmanager
    def without(self, door: Door, *kept: str) -> Iterator[Unguarded]:
        """The gate during the attack, the door's guards out but for those that are ``kept``."""
        out = [name for name in door.guards if name not in kept]
        is_out = len(out) == len(door.guards)
        self.hatch(*out, given=door.given, options=door.options if is_out else None)
        self.reset()
        self.is_open = is_out and bool(out)
        try:
            yield self
        finally:
            self.is_open = False
            self.hatch()
            self.reset()


def laws(doors: Mapping[str, Door]) -> tuple[Any, Any, Any]:
    """Three tests of a table of doors; see the module. The third is None where each door has one guard."""
    for door in doors.values():
        assert set(door.guards) <= set(GUARDS), door.guards
        assert set(door.given) <= set(FAULTS), door.given

    @pytest.mark.parametrize("door", doors)
    def is_shut(scene: Scene, unguarded: Unguarded, door: str) -> None:
        if not (doors[door].given or doors[door].timed):
            assert not doors[door].attack(scene)
        with unguarded.without(doors[door], *doors[door].guards) as given:
            assert not doors[door].attack(given)

    @pytest.mark.parametrize("door", [name for name, door in doors.items() if door.guards])
    def is_open(unguarded: Unguarded, door: str) -> None:
        with unguarded.without(doors[door]) as scene:
            assert doors[door].attack(scene)

    pairs = [(name, guard) for name, door in doors.items() if len(door.guards) > 1 for guard in door.guards]

    @pytest.mark.parametrize(("door", "guard"), pairs, ids=[f"{door}-{guard}" for door, guard in pairs])
    def is_shut_by(unguarded: Unguarded, door: str, guard: str) -> None:
        with unguarded.without(doors[door], guard) as scene:
            assert not doors[door].attack(scene)

    return is_shut, is_open, is_shut_by if pairs else None
