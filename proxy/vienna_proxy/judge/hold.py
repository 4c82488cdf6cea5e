"""Calls that wait for people: who waits for what, and the sign of life they get meanwhile.

1. A held call is woken by what it awaits, by a control plane that came back, by its caller hanging up, or by its
   budget; never by guessing.
2. Before 2 s are over the caller gets an interim response (RFC 9110 15.2) of the kind its client bears, so that its
   read timeout starts anew. This writes into mitmproxy's connection from outside; ``Interim`` is the only place that
   does, it is tried out at start, and without it a hold ends before the client's own patience does.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mitmproxy.connection import Client
from OpenSSL import SSL

from vienna_proxy.telemetry.account import Account

BEAT_SECONDS = 1.5  # so that the least patience that is common, 2 s, bears being late
_WOKEN_KEPT = 1024
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
_PING = b"\x89\x00"  # RFC 6455 5.5.2: between two messages; ours are written whole
WEBSOCKET = "websocket"

# Built with a Go before 1.24 they break off at the sixth interim response. Without any, Go waits for ever.
_GO = re.compile(r"go-http-client|gobindings|[/-]go\b|kubernetes/|terraform|github cli", re.I)

# Without a sign of life: what the client bears by default, less a second. The first match counts.
_PATIENCE = (
    (re.compile(r"stripe", re.I), 80.0),
    (re.compile(r"openai|anthropic", re.I), 600.0),
    (re.compile(r"pygithub", re.I), 15.0),
    (re.compile(r"slack", re.I), 30.0),
    (_GO, math.inf),
    (re.compile(r"boto|aws-sdk|aws-cli", re.I), 60.0),
    (re.compile(r"httpx", re.I), 5.0),
    (re.compile(r"node|undici", re.I), 300.0),
)
_DEFAULT_PATIENCE = 50.0
_NODE = re.compile(r"\b(node|undici)\b", re.I)
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,6})", re.I)
_ASYNC = re.compile(r"(?:^|,)\s*respond-async\s*(?:$|[,;])", re.I)


@dataclass(frozen=True, slots=True)
class Caller:
    """What the waiting client said about itself.

    Attributes:
        http_version: ``HTTP/1.1``, or ``WEBSOCKET`` for who said it over one.
        prefer: ``Prefer`` header (RFC 7240), empty when there is none.
        is_tunnel: It waits for a CONNECT; clients take an interim response to one for its answer.
    """

    user_agent: str
    http_version: str
    prefer: str = ""
    is_tunnel: bool = False

    @property
    def wants_async(self) -> bool:
        """``Prefer: respond-async``: answer 202 instead of holding."""
        return bool(_ASYNC.search(self.prefer))

    def beat(self, *, heartbeat: str) -> bytes | None:
        """The interim response this client bears, None when there is none."""
        if heartbeat == "off" or self.is_tunnel or self.http_version not in ("HTTP/1.1", WEBSOCKET):
            return None
        if self.http_version == WEBSOCKET:
            return _PING
        if _GO.search(self.user_agent):
            return None
        return _PROCESSING if _NODE.search(self.user_agent) else _CONTINUE

    def patience_seconds(self, *, most: float, beating: bool) -> float:
        """How long it may be held: at most ``most``, and what it asked for."""
        seconds = most
        if not beating and self.http_version != WEBSOCKET:  # nobody waits there for one answer
            known = (seconds for name, seconds in _PATIENCE if name.search(self.user_agent))
            seconds = min(most, next(known, _DEFAULT_PATIENCE) - 1)
        if (asked := _WAIT.search(self.prefer)) is not None:
            seconds = min(seconds, float(asked[1]))
        return seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Plea:
    """Who asks, and how: what is known of a call beside its bytes.

    Attributes:
        client: None for what the gate asks by itself.
        warrants: Tokens that the agent presented.
        account: Where is noted what is learnt of it on the way.
    """

    client: Client | None
    caller: Caller
    warrants: Sequence[str] = ()
    account: Account = field(default_factory=Account)


class Interim:
    """Interim responses into connections that mitmproxy holds.

    Attributes:
        works: Whether the start-up trial saw one arrive.
    """

    def __init__(self, connections: Mapping[Any, Any]) -> None:
        self._connections = connections
        self._tls: dict[str, SSL.Connection] = {}
        self.works = True

    def remember(self, client: Client, ssl_conn: SSL.Connection) -> None:
        """TLS towards the client is up."""
        self._tls[client.id] = ssl_conn

    def forget(self, client: Client) -> None:
        """The connection is gone."""
        self._tls.pop(client.id, None)

    def write(self, client: Client, head: bytes) -> bool:
        """Write an interim head to a client whose request is waiting; whether it went out."""
        handler = self._connections.get(client.id)
        transport = None if handler is None else handler.transports.get(client)
        writer = None if transport is None else transport.writer
        if writer is None or writer.is_closing():
            return False
        ssl_conn = self._tls.get(client.id)
        if ssl_conn is not None:
            try:
                ssl_conn.sendall(head)
                head = ssl_conn.bio_read(65535)
            except SSL.Error:
                return False
        elif client.tls:
            return False
        writer.write(head)
        return True


@dataclass(slots=True, eq=False)
class Held:
    """One call that waits.

    Attributes:
        awaited: The approval; for a retry of a call that is under way, that call's warrant.
        beat: Interim response of this client, None for silence.
        gone: The caller hung up.
        released: The gate stops: no more waiting.
        since: ``Holds.mark`` from before the question that was answered with *held*.
        woken: Something happened; ``stirred`` waits for it.
    """

    client: Client
    awaited: str
    intent_id: str
    beat: bytes | None
    gone: bool = False
    released: bool = False
    since: int = 0
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    async def stirred(self, seconds: float) -> bool:
        """Wait until woken, at most so long; whether it was."""
        try:
            async with asyncio.timeout(seconds):
                await self.woken.wait()
        except TimeoutError:
            return False
        self.woken.clear()
        return True

    def release(self) -> None:
        """The gate stops: no more waiting."""
        self.released = True
        self.woken.set()


class Holds:
    """All calls that wait at this gate."""

    def __init__(self, interim: Interim, *, most: Callable[[], int]) -> None:
        self._interim = interim
        self._most = most
        self._held: dict[str, Held] = {}
        self._woken: OrderedDict[str, int] = OrderedDict()
        self._wakes = self._all_woken = 0
        self._released = False

    def __len__(self) -> int:
        return len(self._held)

    def mark(self) -> int:
        """A moment in the order of wakes."""
        return self._wakes

    def add(self, held: Held) -> bool:
        """Take one more; False when too many wait already. One connection holds at most one call."""
        if len(self._held) >= self._most():
            return False
        self._held[held.client.id] = held
        if (
            max(self._woken.get(held.awaited, 0), self._all_woken) > held.since
        ):  # between the question and now
            held.woken.set()
        if self._released:
            held.release()
        return True

    def remove(self, held: Held) -> None:
        """It waits no more. Harmless when repeated."""
        if self._held.get(held.client.id) is held:
            del self._held[held.client.id]

    def awaits(self, awaited: str) -> bool:
        """Whether anybody waits for this."""
        return any(held.awaited == awaited for held in self._held.values())

    def wake(self, awaited: str) -> None:
        """The approval was decided, or the call answered: every call that waits for it asks again."""
        self._wakes += 1
        self._woken[awaited] = self._wakes
        self._woken.move_to_end(awaited)
        if len(self._woken) > _WOKEN_KEPT:
            self._woken.popitem(last=False)
        for held in self._held.values():
            if held.awaited == awaited:
                held.woken.set()

    def release(self) -> None:
        """The gate stops: every caller is told that its approval is pending; who comes to wait from here on, too."""
        self._released = True
        for held in self._held.values():
            held.release()

    def wake_all(self) -> None:
        """The control plane came back and may have decided meanwhile; or something was stopped."""
        self._wakes += 1
        self._all_woken = self._wakes
        for held in self._held.values():
            held.woken.set()

    def hung_up(self, client: Client) -> None:
        """The connection is gone."""
        if (held := self._held.get(client.id)) is not None:
            held.gone = True
            held.woken.set()

    async def run(self) -> None:
        """Give every waiting caller its sign of life, until cancelled."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            for count, held in enumerate(list(self._held.values())):
                if held.beat is not None and self._interim.works and not held.gone:
                    self._interim.write(held.client, held.beat)
                if count % 200 == 199:
                    await asyncio.sleep(0)
