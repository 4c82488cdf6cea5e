"""Every guard that a test takes out of the gate and every fault it is tried with: its place, and what comes there.

Imported by the test, which only knows the names, and by the gate under test (``harness.unguarded``), which carries
them out. ``docs/security/doors.md`` names the place of each.
"""

from __future__ import annotations

import asyncio
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import h11
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers import TCPLayer
from mitmproxy.proxy.layers.http import HttpStream
from mitmproxy.proxy.layers.http._http1 import Http1Client, Http1Server

from vienna_kernel.call.authority import Authority
from vienna_kernel.verdict import Refused
from vienna_kernel.wire import Decision
from vienna_proxy.case import Case
from vienna_proxy.judge.consult import Grant
from vienna_proxy.transport.passage import PASSAGE
from vienna_proxy.transport.translate import outgoing, raw_request


@dataclass(frozen=True)
class Place:
    """One attribute of the running gate.

    Attributes:
        path: ``package.module:Class.attribute``; ``sidecar:…`` starts at the running gate.
        instead: What takes its place, given what stood there.
    """

    path: str
    instead: Callable[[Any], Any]


def says(value: Any) -> Callable[[Any], Any]:
    """A function that says the same to everyone."""
    return lambda _: lambda *_, **__: value


def becomes(value: Any) -> Callable[[Any], Any]:
    return lambda _: value


def _trusting(_: Any) -> Any:
    """The first place that a request names, whatever else it says."""

    def identify(claims: Any, **_: Any) -> Authority:
        if claims.connect is not None:
            return Authority(claims.connect[0].strip("[]").lower(), claims.connect[1])
        text = (claims.hosts or (claims.absolute,))[0].rpartition("@")[2]
        host, colon, port = text.rpartition(":")
        if not colon or not port.isdigit():
            host, port = text, {"http": "80", "https": "443"}[claims.scheme]
        return Authority(host.strip("[]").lower(), int(port))

    return identify


def _place(_: Any) -> Any:
    """CONNECT as it is written."""

    def place(tunnels: Any, flow: Any) -> Authority:
        target = flow.request.raw_target.decode("latin-1").rpartition("@")[2]
        host, _, port = target.rpartition(":")
        return Authority(host.strip("[]").lower() or target, int(port) if port.isdigit() else 443)

    return place


def _any_name(_: Any) -> Any:
    """Every header name but ours, an underscore in it or not."""

    def name(raw: bytes) -> str:
        from vienna_kernel.call import framing

        text = raw.decode("latin-1").lower()
        return "" if framing.is_ours(text) else text

    name.__wrapped__ = name  # type: ignore[attr-defined]
    name.cache_clear = lambda: None  # type: ignore[attr-defined]
    return name


def _any_transfer_coding(original: Any) -> Any:
    def read(raw: Any, **rest: Any) -> Any:
        lines = [(name, b"chunked" if name.lower() == b"transfer-encoding" else value) for name, value in raw]
        return original(tuple(lines), **rest)

    return read


def _no_trailers(original: Any) -> Any:
    class Quiet:
        def __init__(self, reader: Any) -> None:
            self.reader = reader
            self.read_eof = reader.read_eof

        def __call__(self, buffer: Any) -> Any:
            part = self.reader(buffer)
            return h11.EndOfMessage() if isinstance(part, h11.EndOfMessage) else part

    def read_body(server: Any, event: Any) -> Any:
        server.body_reader = Quiet(server.body_reader)
        yield from original(server, event)

    return read_body


def _deaf_to_clocks(original: Any) -> Any:
    def handle(layer: Any, event: Any) -> Any:
        if not isinstance(event, events.Wakeup):
            yield from original(layer, event)

    return handle


def _plain_layers(original: Any) -> Any:
    """What is inside a tunnel is none of our business."""

    async def next_layer(doors: Any, nextlayer: Any) -> None:
        if len(nextlayer.context.layers) == 3:
            nextlayer.layer = TCPLayer(nextlayer.context, ignore=True)
        else:
            await original(doors, nextlayer)

    return next_layer


def _loose_json(data: bytes) -> Any:
    return json.loads(data.decode("utf-8-sig", "replace"), parse_constant=str, parse_float=str)


def _handed_on_when_recorded(_: Any) -> Any:
    """The hook that everyone writes first: it works on the answer, which stands meanwhile."""

    async def response(gate: Any, flow: Any) -> None:
        case = flow.metadata["vienna"]
        await gate._offices.outcomes.buffered(case.grant, flow.response, flow.response.raw_content or b"")

    return response


def _expecting(_: Any) -> Any:
    def client_connected(peers: Any, client: Any) -> None:
        peers._connections.expect_head(client)

    return client_connected


def _connecting(_: Any) -> Any:
    def server_connect(peers: Any, data: Any) -> None:
        peers._connections.connecting(data.client, data.server)

    return server_connect


def _remembering(_: Any) -> Any:
    def established(peers: Any, data: Any) -> None:
        peers._interim.remember(data.conn, data.ssl_conn)

    return established


def _asked_but_not_heard(original: Any) -> Any:
    """The call is judged, and goes whatever the word is."""

    async def judge(court: Any, call: Any, plea: Any) -> Any:
        said = await original(court, call, plea)
        if isinstance(said, Grant):
            return said
        mapped = court._court.bundles.current.mappings.map(call)
        decision = Decision(id=1, verdict="granted", intent_id="int-1")
        return Grant(
            call=call,
            mapped=mapped,
            decision=decision,
            warrant_id="wrt-0",
            attempt="att-0",
            request=outgoing(call),
            released_at=0.0,
        )

    return judge


def _unbounded(original: Any) -> Any:
    return lambda data, codings, limit: original(data, codings, limit=1 << 30)


def _first_member(_: Any) -> Any:
    return lambda data, *_, **__: zlib.decompressobj(-15).decompress(data[10:])


def _read_as_anything(original: Any) -> Any:
    """What no mapping understands is a call to its host like any other."""

    def mapped(mappings: Any, call: Any, **rest: Any) -> Any:
        said = original(mappings, call, **rest)
        if not isinstance(said, Refused):
            return said
        return original(mappings, replace(call, body=b"", path="/elsewhere", content_type=None), **rest)

    return mapped


def _heading(_: Any) -> Any:
    def requestheaders(gate: Any, flow: Any) -> None:
        case = Case(meter=gate.meter, body_limit=65536)
        flow.metadata[PASSAGE] = flow.request.passage = case
        gate._offices.judge.head(raw_request(flow))

    return requestheaders


def _unread(_: Any) -> Any:
    """The path and the query as they stand there."""

    def canonical_target(rest: bytes) -> tuple[str, str]:
        path, _, query = rest.decode("latin-1").partition("?")
        return path, query

    return canonical_target


def _any_size(_: Any) -> Any:
    """Chunks where they are named, the first of several lengths, and whatever else may stand there."""

    def size(request: Any, response: Any = None) -> int | None:
        headers = (response or request).headers
        if "chunked" in headers.get("transfer-encoding", ""):
            return None
        length = headers.get("content-length", "").split(",")[0].strip().lstrip("+")
        return int(length) if length.isdigit() else (-1 if response else 0)

    return size


def _as_it_came(_: Any) -> Any:
    def incoming(response: Any, ours: Any, **_: Any) -> Any:
        for name, value in ours:
            if name not in response.headers:
                response.headers[name] = value
        return response

    return incoming


def _check_nothing(_: Any) -> Any:
    def check(stream: Any, request: bool) -> Any:
        return False
        yield commands.Log("")  # a generator like the original

    return check


class _Everything:
    """A pattern that everything matches."""

    def match(self, _: Any) -> bool:
        return True


class _Page:
    """A row of the gate's own pages that every request is in."""

    def __iter__(self) -> Any:
        return iter((_AnyText(), self))

    def match(self, _: Any) -> bool:
        return True


class _AnyText:
    """Equal to everything."""

    def __eq__(self, _: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


def _never(_: Any) -> Any:
    def rung(_: Any) -> Any:
        yield from ()

    return rung


def _whatever_it_holds(_: Any) -> Any:
    return lambda content, window, most: zlib.decompress(content, window)


GUARDS: dict[str, tuple[Place, ...]] = {}


def guard(
    name: str, path: str, instead: Callable[[Any], Any], *more: tuple[str, Callable[[Any], Any]]
) -> None:
    """A guard and where it is; some stand in several places at once."""
    GUARDS[name] = tuple(Place(*row) for row in ((path, instead), *more))


_KERNEL, _TRANSPORT = "vienna_kernel", "vienna_proxy.transport"
_SERVER, _CLIENT = f"{_TRANSPORT}.guards:GuardedServer", f"{_TRANSPORT}.upstream:GuardedClient"
_STREAM = f"{_TRANSPORT}.exchange:GuardedStream"

# Identity and resolution

guard("one place", f"{_KERNEL}.call.request:identify", _trusting)
guard("CONNECT is read", "vienna_proxy.transport.tunnel:Tunnels._place", _place)
guard("names are judged", f"{_TRANSPORT}.addresses:AddressPolicy.judge_name", says(None))
guard("addresses are judged", f"{_TRANSPORT}.addresses:AddressPolicy.judge", says(None))
guard("metadata names", f"{_TRANSPORT}.addresses:_METADATA_NAMES", becomes(frozenset()))
guard("metadata addresses", f"{_TRANSPORT}.addresses:_METADATA", becomes(frozenset()))
guard("our own ports", f"{_TRANSPORT}.addresses:AddressPolicy._is_ours", says(False))
guard("addresses inside addresses", f"{_TRANSPORT}.addresses:carried", lambda _: lambda address: [address])
guard("not public over IPv4", f"{_KERNEL}.addresses:_NOT_PUBLIC_4", becomes(()))
guard("not public over IPv6", f"{_TRANSPORT}.addresses:_is_public", says(True))

guard("options are watched", f"{_TRANSPORT}.embed:Embedded.wrong", says(None))
guard("the judge's word", "vienna_proxy.judge.decide:Judge.judge", _asked_but_not_heard)

# Framing

guard("heads are read strictly", f"{_SERVER}.read_headers", becomes(Http1Server.read_headers))
guard("header lines", f"{_TRANSPORT}.guards:judge_head", says(None))
guard("header values", f"{_KERNEL}.call.framing:_VALUE", lambda _: _Everything())
guard("header names", f"{_KERNEL}.call.framing:_name", _any_name)
guard("lines that tell", f"{_KERNEL}.call.framing:_judge_lines", says(None))
guard("mitmproxy's check of headers", f"{_STREAM}.check_invalid", _check_nothing)
guard("mitmproxy's body length", "mitmproxy.net.http.http1:expected_http_body_size", _any_size)
guard("version and method", f"{_KERNEL}.call.request:_judge_start", says(None))
guard("a plain number", f"{_KERNEL}.call.framing:_LENGTH", lambda _: _Everything())
guard("transfer codings", f"{_KERNEL}.call.request:read_framing", _any_transfer_coding)
guard("bodies are kept whole", f"{_STREAM}.check_body_size", becomes(HttpStream.check_body_size))
guard("no trailers", f"{_SERVER}.read_body", _no_trailers)
guard("codings asked for", f"{_KERNEL}.call.framing:_codings", says(()))
guard("bytes of a head", f"{_TRANSPORT}.heads:HEAD_BYTES", becomes(1 << 30))
guard("bytes of headers", f"{_KERNEL}.call.framing:MAX_HEADER_BYTES", becomes(1 << 30))
guard("lines of a head", f"{_TRANSPORT}.heads:HEAD_LINES", becomes(1 << 30))
guard("lines of headers", f"{_KERNEL}.call.framing:MAX_HEADER_LINES", becomes(1 << 30))
guard("a clock for heads", f"{_SERVER}._handle_event", _deaf_to_clocks)
guard("a clock for silence", f"{_TRANSPORT}.connections:Connections.expect_head", says(None))
guard("what heads alone refuse", "vienna_proxy.gate:Gate._head", says(None))
guard("no body that nothing declares", f"{_KERNEL}.mapping.body:BODYLESS", becomes(frozenset()))
guard("hop-by-hop lines", f"{_KERNEL}.call.framing:_GONE", becomes(frozenset({"host", "content-length"})))
guard("lines that Connection may not name", f"{_KERNEL}.call.framing:_NOT_STRIPPABLE", becomes(frozenset()))
guard("a bound on what is sent ahead", f"{_TRANSPORT}.guards:PIPELINE_BYTES", becomes(1 << 30))
guard("a clock for what comes after the answer", f"{_SERVER}._handle_event", _deaf_to_clocks)

# Target and method

guard("canonical targets", f"{_KERNEL}.call.request:canonical_target", _unread)
guard("a bound on targets", f"{_KERNEL}.call.target:MAX_TARGET_BYTES", becomes(1 << 30))
guard(
    "encoded separators",
    f"{_KERNEL}.mapping.reading:has_encoded_separator",
    says(False),
)
guard("overrides in queries", f"{_KERNEL}.call.target:_OVERRIDES", becomes(frozenset()))
guard("overrides in bodies", f"{_KERNEL}.mapping.body:_overrides", says(False))

# Bodies

guard("JSON strictly", f"{_KERNEL}.decode.json:loads", becomes(_loose_json))
guard("forms strictly", f"{_KERNEL}.decode.form:loads", lambda _: lambda data, *_: [("a", "1")])
guard(
    "multipart strictly",
    f"{_KERNEL}.decode.multipart:loads",
    says({"purpose": "batch", "file": {"filename": "f", "digest": "sha256:0", "bytes": 1}}),
)
guard("parameters are declared", f"{_KERNEL}.mapping.clause:_unknown", says([]))
guard(
    "charsets", f"{_KERNEL}.call.framing:_content_type", lambda _: lambda text: (text or "").partition(";")[0]
)
guard("a bound on what is decompressed", f"{_KERNEL}.call.request:undo_all", _unbounded)
guard("coded bodies strictly", f"{_KERNEL}.call.request:undo_all", _first_member)
guard("protocols strictly", f"{_KERNEL}.mapping.reading:MappingSet.map", _read_as_anything)
guard("queries strictly", f"{_KERNEL}.decode.form:pairs", says([]))
guard("bodies are counted", f"{_TRANSPORT}.passage:Passage.take", says(None))

# Tunnels and our headers

guard("a closed list of layers", f"{_TRANSPORT}.doors:NextLayer.next_layer", _plain_layers)
guard("the hello of an unopened tunnel", f"{_TRANSPORT}.doors:is_for", says(True))
guard("the hop's lines of an answer", "vienna_proxy.gate:incoming", _as_it_came)
guard("ours alone", f"{_KERNEL}.call.framing:is_ours", says(False))
guard("presented warrants", "vienna_proxy.gate:presented_warrants", says([]))

# Responses and the gate's own pages

guard("answers are read strictly", f"{_CLIENT}.read_headers", becomes(Http1Client.read_headers))
guard("answers end as they must", f"{_CLIENT}.read_body", becomes(Http1Client.read_body))
guard("a clock for upstreams", f"{_CLIENT}._rung", _never)
guard("a clock for connecting", f"{_TRANSPORT}.connections:Connections.connecting", says(None))
guard("a bound on what is verified", "vienna_proxy.transport.translate:_inflated", _whatever_it_holds)
guard("pages of the gate", "vienna_proxy.internal:_ROWS", becomes((_Page(),)))

# Exceptions

guard("the refusal that stands first", "sidecar:_gate._closed", becomes(None))
guard("a head that stands refused", "vienna_proxy.gate:Gate.requestheaders", _heading)
guard("the answer that stands first", "vienna_proxy.gate:Gate.response", _handed_on_when_recorded)
guard("a connection without a clock", "vienna_proxy.peers:Peers.client_connected", _expecting)
guard("a tunnel without its TLS", "vienna_proxy.peers:Peers.tls_established_client", _remembering)
guard("an upstream without a clock", "vienna_proxy.peers:Peers.server_connect", _connecting)

guard("an addon of somebody else", f"{_TRANSPORT}.embed:_ADDONS", becomes(("nobody",)))

FAULTS: dict[str, Place] = {
    "the process goes on": Place("sidecar:failed", lambda _: asyncio.get_running_loop().create_future()),
    "it opens again afterwards": Place("sidecar:_gate._shut", becomes(False)),  # what it becomes
}
"""A part of the gate that fails, by the hook that needs it and the way in which it fails."""

WAYS = ("raises", "recurses", "runs out of memory", "hangs")


def _fails(way: str) -> Callable[..., Any]:
    def deep() -> Any:  # without *args: 3.13.0 does not count the calls of a function that takes any
        return deep()

    def fail(*_: Any, **__: Any) -> Any:
        if way == "recurses":
            return deep()
        raise MemoryError if way == "runs out of memory" else RuntimeError("broken")

    async def fail_later(*_: Any, **__: Any) -> Any:
        if way == "hangs":
            await asyncio.Event().wait()
        fail()

    return fail if way != "hangs" else fail_later


def _fails_later(way: str) -> Callable[..., Any]:
    fail = _fails(way)

    async def later(*_: Any, **__: Any) -> Any:
        said = fail()
        return await said if asyncio.iscoroutine(said) else said

    return later


_JUDGE, _OUTCOMES = "vienna_proxy.judge.decide:Judge", "vienna_proxy.evidence.outcome:Outcomes"
_NEEDED = {
    "http_connect": ("vienna_proxy.transport.tunnel:Tunnels.judge", True),
    "requestheaders": (f"{_JUDGE}.head", False),
    "request": (f"{_JUDGE}.whole", False),
    "request, while it waits": (f"{_JUDGE}.judge", True),
    "responseheaders": (f"{_OUTCOMES}.stream_begins", True),
    "response": (f"{_OUTCOMES}.buffered", True),
    "error": (f"{_OUTCOMES}.failed", True),
    "client_connected": (f"{_TRANSPORT}.connections:Connections.expect_head", False),
    "tls_established_client": ("vienna_proxy.judge.hold:Interim.remember", False),
    "server_connect": (f"{_TRANSPORT}.connections:Connections.connecting", False),
    "next_layer": (f"{_TRANSPORT}.doors:starts_like_tls_record", False),
}
for _hook, (_path, _later) in _NEEDED.items():
    for _way in WAYS:
        _failing = _fails_later(_way) if _later else _fails(_way)
        FAULTS[f"{_hook} {_way}"] = Place(_path, becomes(_failing))
