"""``python -m harness.unguarded``: the gate with a hatch, through which a test takes guards out while it runs.

The gate is the shipped one, started by its own ``main``. Around it is a world of loopback: names resolve to what the
test says, and a connection to an address beyond this machine lands at a stand-in, so that no packet leaves it.

``VIENNA_TEST_HATCH`` is JSON: ``socket`` (where the hatch listens), ``names`` (name to addresses), ``landing`` (a
port at 127.0.0.2 and ::1), ``canary_seconds`` (how often what the gate rests on is looked at). The hatch takes one
line of JSON per connection: ``{"out": [guards], "given": [faults], "options": {…}}`` is what holds from then on, all
else as shipped; the answer is a line with what was asked of the resolver since.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

from mitmproxy.proxy import server as mitmproxy_server

from harness.guards import FAULTS, GUARDS, Place
from vienna_kernel.call import authority, framing
from vienna_proxy import __main__ as process
from vienna_proxy import compose
from vienna_proxy.transport import connections, embed, exchange

HEAD_SECONDS, LINGER_SECONDS, DEADLINE_SECONDS = 1.0, 1.0, 2.0

_TOLD: dict[str, Any] = json.loads(os.environ["VIENNA_TEST_HATCH"])
_asked: list[str] = []


def _faster() -> None:
    """The gate's own deadlines, short enough for a test."""
    connections._SILENCE_SECONDS = HEAD_SECONDS + 0.4
    compose.Rules = partial(exchange.Rules, head_seconds=HEAD_SECONDS, linger_seconds=LINGER_SECONDS)  # type: ignore[misc]
    compose._CANARY_SECONDS = embed.ASSERT_SECONDS = _TOLD["canary_seconds"]


def _world() -> None:
    """Names and addresses as the test says."""
    resolve, connect = socket.getaddrinfo, asyncio.SelectorEventLoop.sock_connect

    def getaddrinfo(
        host: Any, port: Any, family: int = 0, type: int = 0, proto: int = 0, flags: int = 0
    ) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if (found := _TOLD["names"].get(name.lower().rstrip("."))) is None:
            return resolve(host, port, family, type, proto, flags | socket.AI_NUMERICHOST)
        _asked.append(name)
        return [row for one in found for row in resolve(one, port, family, type, proto)]

    async def sock_connect(loop: Any, sock: socket.socket, address: Any) -> None:
        if sock.family == socket.AF_INET6 and address[0] != "::1":
            address = ("::1", _TOLD["landing"])
        elif sock.family == socket.AF_INET and not str(address[0]).startswith("127."):
            address = ("127.0.0.2", _TOLD["landing"])
        await connect(loop, sock, address)

    socket.getaddrinfo = getaddrinfo
    asyncio.SelectorEventLoop.sock_connect = sock_connect  # type: ignore[method-assign]


class Hatch:
    """Takes guards out of the running gate and puts them back."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    async def open(self, sidecar: compose.Sidecar) -> None:
        """Listen for what is to be taken out."""
        self._sidecar = sidecar
        options = sidecar.master.options
        self._options = {name: getattr(options, name) for name in options._options}
        await asyncio.start_unix_server(self._serve, _TOLD["socket"])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.set(json.loads(await reader.readline()))
        writer.write(json.dumps(_asked).encode() + b"\n")
        _asked.clear()
        writer.close()

    def set(self, told: dict[str, Any]) -> None:
        """What holds from now on."""
        options = self._sidecar.master.options
        if changed := {name: was for name, was in self._options.items() if getattr(options, name) != was}:
            options.update(**changed)
        while self._undo:
            self._undo.pop()()
        for name in told.get("out", ()):
            for place in GUARDS[name]:
                self._replace(place)
        for name in told.get("given", ()):
            self._replace(FAULTS[name])
        asyncio.get_running_loop()._vetted.clear()  # type: ignore[attr-defined]
        framing._name.cache_clear()
        authority._canonical.cache_clear()
        if told.get("options"):
            options.update(**told["options"])

    def _replace(self, place: Place) -> None:
        owner, name = self._found(place.path)
        own = name in vars(owner) if hasattr(owner, "__dict__") else False
        before = getattr(owner, name)
        raw = vars(owner).get(name, before) if own else before
        setattr(owner, name, place.instead(before))
        self._undo.append(lambda: setattr(owner, name, raw) if own else delattr(owner, name))

    def _found(self, path: str) -> tuple[Any, str]:
        """The owner and the name of ``package.module:Class.attribute``; ``sidecar:…`` is the running gate."""
        module, _, rest = path.partition(":")
        owner: Any = self._sidecar if module == "sidecar" else importlib.import_module(module)
        *way, last = rest.split(".")
        for step in way:
            owner = getattr(owner, step)
        return owner, last


class Opened(compose.Sidecar):
    """The gate, with a hatch once it is ready."""

    async def start(self, tell: Callable[[str], None]) -> dict[str, Any]:
        ready = await super().start(tell)
        self._gate._deadline_seconds = DEADLINE_SECONDS
        await Hatch().open(self)
        return ready


if __name__ == "__main__":
    assert mitmproxy_server  # the names below are looked up in it when connections come
    _faster()
    _world()
    process.Sidecar = Opened  # type: ignore[misc]
    sys.exit(process.main())
