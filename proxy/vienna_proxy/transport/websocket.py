"""One WebSocket between an agent and an upstream: frames read strictly, each message of the agent judged.

1. What the agent says goes on only as a whole message, after it was granted, in the order in which it was said. While
   one waits, those behind it wait too, up to a bound; what the upstream says passes meanwhile.
2. Nothing else of the agent reaches the upstream: its pings are answered here, and no more than that there was one goes
   on; of its close only the code does. RFC 6455 gives it 125 bytes in each of them.
3. Messages of the upstream are counted, digested, and bounded, each and together.
4. No extension is spoken (``handshake`` offers none), so a frame is what it says. Fragments are put together; their
   number is bounded, and that of the frames of one receive (``fragments``).
5. A refusal ends it: the agent is told why in its close. What was granted and cannot be sent any more is told as that.

The layer never waits: a judgement is a hook whose completion is an event like any other (``_ask``).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from mitmproxy import http
from mitmproxy.connection import Connection
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.context import Context
from wsproto import events as frames
from wsproto.connection import CLIENT, SERVER, ConnectionState
from wsproto.connection import Connection as Frames

from vienna_proxy.transport.fragments import Fragments, Spoken, Turn
from vienna_proxy.transport.passage import Meter, Stopped, Terms, passage_of

REFUSED, TOO_LARGE, BUSY = 1008, 1009, 1013
MOST_WAITING = 256
MESSAGES_KEPT = 3
"""How many messages of the largest size are kept for one agent, those that wait and the one that is still coming."""

REASON_BYTES = 123

_NORMAL, _GOING_AWAY, _PROTOCOL_ERROR, _BROKEN = 1000, 1001, 1002, 1011
_UNSENT = frozenset({1005, 1006, 1015})  # RFC 6455 7.4.1: never stand in a frame
_LINGER_SECONDS = 5.0

type Commands = layer.CommandGenerator[None]


@dataclass(slots=True, eq=False)
class Message:
    """One message of the agent.

    Attributes:
        granted: The bytes that may leave; None: refused.
        refusal: Code and reason of the close that the agent gets then.
        sent: It left.
        gone: The agent is not there any more.
    """

    flow: http.HTTPFlow
    data: bytes
    is_text: bool
    granted: bytes | None = None
    refusal: tuple[int, str] = (REFUSED, "internal_error: the gate failed and refused")
    sent: bool = False
    gone: bool = False


@dataclass
class AgentMessageHook(commands.StartHook):  # type: ignore[no-untyped-call]
    """The agent said something, and it is refused unless that is changed."""

    message: Message


@dataclass
class MessageEndedHook(commands.StartHook):  # type: ignore[no-untyped-call]
    """A message that was granted left, or did not."""

    message: Message
    blocking = False


@dataclass
class ConversationEndedHook(commands.StartHook):  # type: ignore[no-untyped-call]
    """Nothing more is said."""

    flow: http.HTTPFlow
    blocking = False


class Conversation(layer.Layer):
    """The frames of both sides; see the module."""

    def __init__(self, context: Context, flow: http.HTTPFlow, terms: Terms, meter: Meter) -> None:
        super().__init__(context)
        self._flow = flow
        self._terms = terms
        self._meter = meter
        self._metered = 0
        self._agent, self._upstream = Frames(SERVER), Frames(CLIENT)
        self._said, self._heard = Fragments(terms.most_said), Fragments(terms.most_heard)
        self._waiting: deque[Message | int] = deque()
        self._asked: Message | None = None
        self._over = False

    def _handle_event(self, event: events.Event) -> Commands:
        if isinstance(event, events.HookCompleted) and isinstance(event.command, AgentMessageHook):
            yield from self._judged(event.command.message)
        elif isinstance(event, events.DataReceived):
            yield from self._received(event.connection, event.data)
        elif isinstance(event, events.ConnectionClosed):
            yield from self._lost(event.connection)
        elif isinstance(event, Stopped):
            yield from self._end(*event.message)
        elif isinstance(event, events.Wakeup) and self._over:
            yield commands.CloseConnection(self.context.client)

    def _received(self, connection: Connection, data: bytes) -> Commands:
        of_agent = connection == self.context.client
        side = self._agent if of_agent else self._upstream
        if side.state is ConnectionState.CLOSED or (self._over and not of_agent):
            return
        side.receive_data(data)
        turn = Turn()
        for frame in side.events():
            if not turn.has_room(frame):
                yield from self._flooded(of_agent=of_agent)
                return
            if not self._over:
                yield from self._of_agent(frame) if of_agent else self._of_upstream(frame)
            elif of_agent and isinstance(frame, frames.CloseConnection):
                yield commands.CloseConnection(self.context.client)

    def _flooded(self, *, of_agent: bool) -> Commands:
        """What is left of this receive is not read."""
        if self._over:
            yield commands.CloseConnection(self.context.client)
        elif of_agent:
            yield from self._end(REFUSED, "rate_limited: too many frames at once")
        else:
            self._terms.broken = True
            yield from self._end(REFUSED, "response_invalid: too many frames of the upstream at once")

    # The agent's side

    def _of_agent(self, frame: frames.Event) -> Commands:
        if isinstance(frame, (frames.TextMessage, frames.BytesMessage)):
            yield from self._of_message(frame)
        elif isinstance(frame, frames.Ping):
            yield from self._to_agent(frame.response())
            yield from self._to_upstream(frames.Ping())
        elif isinstance(frame, frames.CloseConnection):
            if self._agent.state is not ConnectionState.REMOTE_CLOSING:
                yield from self._end(_PROTOCOL_ERROR, "malformed_request: not a frame of RFC 6455")
                return
            self._waiting.append(int(frame.code))  # what was said before it still goes first
            yield from self._next()

    def _of_message(self, frame: Spoken) -> Commands:
        before = self._said.size
        if not self._said.add(frame):
            most = self._said.most
            yield from self._end(
                TOO_LARGE, f"body_too_large: a message of more than {most} bytes, or of too many fragments"
            )
            return
        self._count(self._said.size - before)
        if not self._has_room():
            yield from self._end(BUSY, "rate_limited: too much was said while a message waits")
        elif frame.message_finished:
            self._waiting.append(Message(self._flow, self._said.take(), isinstance(frame.data, str)))
            yield from self._next()

    def _count(self, size: int) -> None:
        """Bytes of the agent's that are in memory, beside those of all other calls."""
        self._metered += size
        self._meter.taken += size

    def _has_room(self) -> bool:
        """Whether what waits, the message that is judged and the one that comes are not too much."""
        few = len(self._waiting) < MOST_WAITING and self._metered <= MESSAGES_KEPT * self._terms.most_said
        return few and self._meter.taken <= self._meter.most

    def _next(self) -> Commands:
        """Ask about the message whose turn it is."""
        if self._asked is not None or self._over or not self._waiting:
            return
        turn = self._waiting.popleft()
        if isinstance(turn, Message):
            self._asked = turn
            yield self._ask(turn)
        else:
            yield from self._end(turn, "", upstream=turn)

    def _ask(self, message: Message) -> commands.Command:
        """A hook that mitmproxy tells the completion of, and that this layer does not stop for.

        A layer stops where ``blocking`` is True, and sets it to itself so that no outer layer does; here it is so from
        the start. What completes is told to whoever stands in ``blocking``.
        """
        hook = AgentMessageHook(message)
        hook.blocking = self  # type: ignore[assignment]
        return hook

    def _judged(self, message: Message) -> Commands:
        self._asked = None
        if not self._over:
            self._count(-len(message.data))
        if message.granted is None:
            yield from self._end(*message.refusal)
            return
        if not self._over:
            message.sent = True
            yield from self._to_upstream(_event(message.granted, is_text=message.is_text))
        yield MessageEndedHook(message)
        yield from self._next()

    # The upstream's side

    def _of_upstream(self, frame: frames.Event) -> Commands:
        if isinstance(frame, (frames.TextMessage, frames.BytesMessage)):
            yield from self._of_answer(frame)
        elif isinstance(frame, frames.Ping):
            yield from self._to_upstream(frame.response())
            yield from self._to_agent(frames.Ping())
        elif isinstance(frame, frames.CloseConnection):
            orderly = self._upstream.state is ConnectionState.REMOTE_CLOSING
            self._terms.broken = not orderly
            if orderly:
                yield from self._end(int(frame.code), frame.reason or "", upstream=int(frame.code))
            else:
                yield from self._end(_BROKEN, "response_invalid: the upstream spoke no WebSocket")

    def _of_answer(self, frame: Spoken) -> Commands:
        before = self._heard.size
        small = self._heard.add(frame)
        self._meter.taken += self._heard.size - before
        if not small:
            self._terms.broken = True
            yield from self._end(TOO_LARGE, "response_invalid: a message of the upstream is too large")
        elif frame.message_finished:
            data = self._hear()
            self._terms.passed += len(data)
            if self._terms.most_all is not None and self._terms.passed > self._terms.most_all:
                self._terms.cut = True
                yield from self._end(REFUSED, "response_drift: the upstream said more than was agreed")
                return
            self._terms.tap(data)
            yield from self._to_agent(_event(data, is_text=isinstance(frame.data, str)))
        elif self._meter.taken > self._meter.most:
            self._terms.broken = True
            yield from self._end(BUSY, "rate_limited: too many bodies are in memory")

    def _hear(self) -> bytes:
        """What the upstream said so far, no longer counted as kept."""
        data = self._heard.take()
        self._meter.taken -= len(data)
        return data

    # The end

    def _lost(self, connection: Connection) -> Commands:
        if connection == self.context.client:
            self._terms.agent_gone = not self._over
            yield from self._end(_GOING_AWAY, "")
            yield commands.CloseConnection(self.context.client)
        elif not self._over:
            self._terms.broken = True
            yield from self._end(_BROKEN, "outcome_unknown: the upstream hung up")

    def _end(self, code: int, reason: str, *, upstream: int = _GOING_AWAY) -> Commands:
        """Say to both that it is over. The agent has a while to take note of it; closed at once, it might not.

        ``upstream``: the code that the upstream gets.
        """
        if self._over:
            return
        self._over = True
        self._waiting.clear()
        self._count(-self._metered)
        self._hear()
        if self._asked is not None:
            self._asked.gone = True
        yield from self._close(self._upstream, self.context.server, upstream, None)
        yield from self._close(self._agent, self.context.client, code, reason or None)
        yield commands.CloseConnection(self.context.server)
        if self._agent.state is ConnectionState.CLOSED or code == _PROTOCOL_ERROR:
            yield commands.CloseConnection(self.context.client)
        else:
            yield commands.RequestWakeup(_LINGER_SECONDS)
        yield ConversationEndedHook(self._flow)

    def _close(self, side: Frames, connection: Connection, code: int, reason: str | None) -> Commands:
        if side.state in (ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING):
            event = frames.CloseConnection(_NORMAL if code in _UNSENT else code, reason)
            yield commands.SendData(connection, side.send(event))

    def _to_agent(self, event: frames.Event) -> Commands:
        yield from self._say(self._agent, self.context.client, event)

    def _to_upstream(self, event: frames.Event) -> Commands:
        yield from self._say(self._upstream, self.context.server, event)

    def _say(self, side: Frames, connection: Connection, event: frames.Event) -> Commands:
        if side.state is ConnectionState.OPEN:  # who has said goodbye hears no more
            yield commands.SendData(connection, side.send(event))


def _event(data: bytes, *, is_text: bool) -> frames.Event:
    return frames.TextMessage(data.decode()) if is_text else frames.BytesMessage(data)


def conversation_of(context: Context, flow: http.HTTPFlow) -> Conversation | None:
    """What goes on after an upgrade that the gate let pass; None: it did not."""
    passage = passage_of(flow)
    if passage is None or passage.terms is None:
        return None
    return Conversation(context, flow, passage.terms, passage.meter)
