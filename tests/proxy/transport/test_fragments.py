"""Messages put together, and the frames of one receive counted."""

from __future__ import annotations

from mitmproxy import options
from mitmproxy.connection import Client, ConnectionState, Server
from mitmproxy.proxy import events
from mitmproxy.proxy.context import Context
from mitmproxy.test import tflow
from wsproto import events as frames

from vienna_proxy.transport.fragments import MOST_AT_ONCE, MOST_CONTROL, MOST_FRAGMENTS, Fragments, Turn
from vienna_proxy.transport.passage import Meter, Terms
from vienna_proxy.transport.websocket import Conversation


def piece(data: str, *, frame_finished: bool = True) -> frames.TextMessage:
    return frames.TextMessage(data, frame_finished=frame_finished, message_finished=False)


def conversation(meter: Meter) -> tuple[Conversation, Server]:
    client = Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), state=ConnectionState.OPEN)
    context = Context(client, options.Options())
    context.server = server = Server(address=("127.0.0.1", 3))
    server.state = ConnectionState.OPEN
    terms = Terms(most_said=1000, most_heard=1000, most_all=None, tap=lambda data: None)
    talk = Conversation(context, tflow.tflow(), terms, meter)
    list(talk.handle_event(events.Start()))
    return talk, server


def told(talk: Conversation, server: Server, data: bytes) -> None:
    list(talk.handle_event(events.DataReceived(server, data)))


def test_a_message_is_put_together() -> None:
    message = Fragments(4)
    assert message.add(piece("ä"))
    assert message.add(frames.BytesMessage(bytearray(b"bc")))
    assert message.size == 4
    assert message.take() == "äbc".encode()
    assert message.size == 0


def test_it_has_its_bounds() -> None:
    message = Fragments(4)
    assert message.add(piece("abcd"))
    assert not message.add(piece("e"))


def test_fragments_of_nothing_count_and_pieces_of_a_frame_do_not() -> None:
    message = Fragments(4)
    assert all(message.add(piece("", frame_finished=False)) for _ in range(MOST_FRAGMENTS + 1))
    assert all(message.add(piece("")) for _ in range(MOST_FRAGMENTS))
    assert not message.add(piece(""))
    message.take()
    assert message.add(piece(""))


def test_frames_of_one_receive_are_bounded() -> None:
    turn = Turn()
    assert all(turn.has_room(piece("")) for _ in range(MOST_AT_ONCE))
    assert not turn.has_room(piece(""))


def test_pings_and_pongs_are_bounded_more() -> None:
    turn = Turn()
    assert all(turn.has_room(frames.Ping() if i % 2 else frames.Pong()) for i in range(MOST_CONTROL))
    assert turn.has_room(piece(""))
    assert not turn.has_room(frames.Pong())


def test_what_the_upstream_has_not_finished_is_counted_as_kept() -> None:
    """Beside the bodies of all calls, until it is whole or the conversation over."""
    meter = Meter(100)
    talk, server = conversation(meter)
    told(talk, server, b"\x02\x0a" + b"x" * 10)
    assert meter.taken == 10
    told(talk, server, b"\x80\x0a" + b"x" * 10)
    assert meter.taken == 0
    told(talk, server, b"\x02\x50" + b"x" * 80)
    assert (meter.taken, talk._over) == (80, False)
    told(talk, server, b"\x00\x50" + b"x" * 80)
    assert (meter.taken, talk._over) == (0, True)
