"""Each guard proved at start against the mitmproxy that is installed: bytes in, bytes out, no socket.

A guard rests on parts of mitmproxy that it may change at any release. So before the gate listens, every guard is
shown the input it is for; if the answer is not the guarded one, the gate refuses to start.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from mitmproxy import options
from mitmproxy.connection import Client, ConnectionState, Server
from mitmproxy.net import tls as net_tls
from mitmproxy.proxy import commands, events, layer, server
from mitmproxy.proxy.context import Context
from mitmproxy.proxy.layers import http as layers_http
from mitmproxy.proxy.layers import modes
from mitmproxy.proxy.layers.http import HttpLayer, HTTPMode
from mitmproxy.proxy.mode_specs import ProxyMode

from vienna_proxy.ports import StartError
from vienna_proxy.transport.exchange import GuardedStream
from vienna_proxy.transport.guards import GuardedServer
from vienna_proxy.transport.passage import PASSAGE, Meter, Passage
from vienna_proxy.transport.upstream import GuardedClient

_HEAD = b"POST http://proof.invalid/ HTTP/1.1\r\nHost: proof.invalid\r\n"


class _Bench:
    """One connection of an agent to mitmproxy's HTTP layer, played by hand."""

    def __init__(self, opts: options.Options) -> None:
        client = Client(
            peername=("127.0.0.1", 1),
            sockname=("127.0.0.1", 2),
            timestamp_start=time.time(),
            proxy_mode=ProxyMode.parse("regular"),
            state=ConnectionState.OPEN,
        )
        self.context = Context(client, opts)
        modes.HttpProxy(self.context)
        self.layer: layer.Layer = HttpLayer(self.context, HTTPMode.regular)
        self.said = b""
        self.upstream = b""
        self.hooks: list[str] = []
        self.closed = False
        self.server: Server | None = None
        self.give(events.Start())

    def give(self, event: events.Event) -> None:
        waiting = [event]
        while waiting:
            for command in self.layer.handle_event(waiting.pop(0)):
                waiting += self._do(command)

    def receive(self, data: bytes) -> _Bench:
        self.give(events.DataReceived(self.context.client, data))
        return self

    def answer(self, data: bytes) -> _Bench:
        if self.server is None:
            raise StartError("mitmproxy did not connect where it should")
        self.give(events.DataReceived(self.server, data))
        return self

    def _do(self, command: commands.Command) -> list[events.Event]:
        if isinstance(command, commands.SendData):
            if command.connection is self.context.client:
                self.said += command.data
            else:
                self.upstream += command.data
        elif isinstance(command, commands.CloseConnection):
            self.closed = self.closed or command.connection is self.context.client
        elif isinstance(command, commands.OpenConnection):
            self.server = command.connection
            command.connection.state = ConnectionState.OPEN
            return [events.OpenConnectionCompleted(command, None)]
        elif isinstance(command, commands.RequestWakeup):
            self.hooks.append("wakeup")
            self.wakeup = events.Wakeup(command)
        elif isinstance(command, commands.StartHook):
            self.hooks.append(command.name)
            if command.name == "requestheaders":
                command.args()[0].metadata[PASSAGE] = Passage(Meter(1 << 20), 1000)
            if command.blocking:
                return [events.HookCompleted(command, None)]
        return []


def _refused(bench: _Bench, *, asked: bool = False) -> bool:
    return bench.said.startswith(b"HTTP/1.1 4") and bench.closed and ("request" in bench.hooks) is asked


def _slow(opts: options.Options) -> bool:
    bench = _Bench(opts).receive(b"GET http://proof.invalid/ HT")
    if "wakeup" not in bench.hooks or bench.said:
        return False
    bench.give(bench.wakeup)
    return _refused(bench)


def _interim(opts: options.Options) -> bool:
    bench = _Bench(opts).receive(_HEAD + b"Content-Length: 0\r\n\r\n")
    bench.answer(
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    )
    return bench.said.startswith(b"HTTP/1.1 200 OK\r\n") and b"103" not in bench.said


def _switching(opts: options.Options) -> bool:
    bench = _Bench(opts).receive(_HEAD + b"Content-Length: 0\r\n\r\n")
    bench.answer(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n")
    return b" 101 " not in bench.said and "error" in bench.hooks


def _response_trailers(opts: options.Options) -> bool:
    bench = _Bench(opts).receive(_HEAD + b"Content-Length: 0\r\n\r\n")
    bench.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\n\r\n")
    return "response" in bench.hooks and b"X-T" not in bench.said


def _aborted(opts: options.Options) -> bool:
    bench = _Bench(opts).receive(_HEAD + b"Content-Length: 0\r\n\r\n")
    bench.answer(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
    bench.give(events.ConnectionClosed(bench.server))  # type: ignore[arg-type]  # it connected above
    return "error" in bench.hooks and b"half" not in bench.said


def _endless_chunk_head(opts: options.Options) -> bool:
    bench = _Bench(opts).receive(_HEAD + b"Content-Length: 0\r\n\r\n")
    bench.answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + b"x" * 70000)
    return "error" in bench.hooks


def _silent(opts: options.Options) -> bool:
    bench = _Bench(opts).receive(_HEAD + b"Content-Length: 0\r\n\r\n")
    return "wakeup" in bench.hooks


def _lingering(opts: options.Options) -> bool:
    bench = _Bench(opts).receive(_HEAD + b"Content-Length: 2000\r\n\r\n").receive(b"x" * 1500)
    if bench.closed or "wakeup" not in bench.hooks:
        return False
    bench.give(bench.wakeup)
    return bench.closed


def _large(opts: options.Options, *, head: bytes, body: bytes) -> bool:
    bench = _Bench(opts).receive(_HEAD + head + b"\r\n").receive(body)
    return bench.said.startswith(b"HTTP/1.1 4") and "request" not in bench.hooks


def _request(opts: options.Options, data: bytes) -> bool:
    return _refused(_Bench(opts).receive(data))


type _Proof = Callable[[options.Options], bool]

PROOFS: dict[str, _Proof] = {
    "slow request heads end": _slow,
    "folded request headers are refused": partial(_request, data=_HEAD + b"X-A: 1\r\n two\r\n\r\n"),
    "a lone LF is refused": partial(_request, data=_HEAD + b"X-A: 1\n\r\n\r\n"),
    "a NUL is refused": partial(_request, data=_HEAD + b"X-A: \x00\r\n\r\n"),
    "too many header lines are refused": partial(_request, data=_HEAD + b"X-A: 1\r\n" * 101 + b"\r\n"),
    "too large a head is refused": partial(_request, data=_HEAD + b"X-A: " + b"1" * 70000),
    "HTTP/2 prior knowledge is refused": partial(_request, data=b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "Content-Length beside Transfer-Encoding is refused": partial(
        _request, data=_HEAD + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ),
    "request trailers are refused": partial(
        _request, data=_HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-T: 1\r\n\r\n"
    ),
    "a body above the limit is refused": partial(_large, head=b"Content-Length: 2000\r\n", body=b"x" * 1500),
    "a chunked body above the limit is refused": partial(
        _large, head=b"Transfer-Encoding: chunked\r\n", body=b"5DC\r\n" + b"x" * 1500 + b"\r\n"
    ),
    "an endless chunk extension is refused": partial(
        _request, data=_HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"x" * 70000
    ),
    "an endless chunk extension of the upstream is an aborted response": _endless_chunk_head,
    "who goes on sending after the answer is cut off": _lingering,
    "a silent upstream is waited for with a clock": _silent,
    "interim answers of the upstream are dropped": _interim,
    "switching protocols is refused": _switching,
    "response trailers are dropped": _response_trailers,
    "an aborted response is no response": _aborted,
}


def prove(opts: options.Options) -> None:
    """Show each guard its input. Raises ``StartError`` naming the first that does not hold."""
    _prove_parts()
    for name, proof in PROOFS.items():
        try:
            held = proof(opts)
        except (AttributeError, AssertionError, TypeError, ValueError, NotImplementedError) as error:
            raise StartError(
                f"a guard could not be proved: {name} ({type(error).__name__}: {error})"
            ) from None
        if not held:
            raise StartError(f"a guard does not hold with the mitmproxy that is installed: {name}")


def _prove_parts() -> None:
    """The names and signatures that the guards replace or call."""
    parts: Any = layers_http
    installed = [
        getattr(parts.Http1Server, "func", None),
        getattr(parts.Http1Client, "func", None),
        getattr(parts.HttpStream, "__base__", None),
    ]
    if installed != [GuardedServer, GuardedClient, GuardedStream]:
        raise StartError("the transport guards are not installed")
    source = inspect.getsource(HttpLayer)
    if any(f"{name}(" not in source for name in ("Http1Server", "HttpStream")):
        raise StartError("mitmproxy's HTTP layer does not look up the parts that the guards replace")
    if "Http1Client(" not in inspect.getsource(layers_http.HttpClient):
        raise StartError("mitmproxy's HTTP client does not look up the part that the guard replaces")
    if "writer" not in server.ConnectionIO.__dataclass_fields__:
        raise StartError("mitmproxy's connections are not what the gate expects")
    if net_tls.log_master_secret is not None:
        raise StartError("SSLKEYLOGFILE is set: TLS secrets would be written to a file; unset it")
