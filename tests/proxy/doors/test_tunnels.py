"""Tunnels: HTTP/1.1, in TLS that we open or plain, and nothing else; what is not opened is TLS to its own host."""

from __future__ import annotations

import contextlib
import socket
import ssl

from harness.doors import Door, Scene, laws
from harness.vienna import until

WATCH = "options are watched"


def _open(scene: Scene, host: str, port: int = 443) -> socket.socket:
    plain = scene.gate.connect()
    head = f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"
    assert scene.ask(plain, head.encode()).startswith(b"HTTP/1.1 200")
    return plain


def through(data: bytes, *by: str, host: str = "tap.example", port: int = 80) -> Door:
    """Bytes in a tunnel, and whether the other end hears of them."""

    def attack(scene: Scene) -> bool:
        with _open(scene, host, port) as plain:
            scene.ask(plain, data, seconds=1)
        return scene.reached

    return Door(attack, by)


def hello(name: str | None, *, encrypted: bool = False) -> bytes:
    """A TLS hello as Python sends it, with an extension for an encrypted one beside it."""
    trust = ssl.create_default_context()
    trust.check_hostname, out = False, ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        trust.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    record = out.read()
    if not encrypted:
        return record
    extension = b"\xfe\x0d\x00\x04\x00\x01\x02\x03"
    at = 5 + 4 + 2 + 32  # record, handshake, version, random
    at += 1 + record[at]  # session
    at += 2 + int.from_bytes(record[at : at + 2])  # ciphers
    at += 1 + record[at]  # compressions
    length = int.from_bytes(record[at : at + 2]) + len(extension)
    body = record[9:at] + length.to_bytes(2) + record[at + 2 :] + extension
    handshake = record[5:6] + len(body).to_bytes(3) + body
    return record[:3] + len(handshake).to_bytes(2) + handshake


def _alpn(*names: str) -> Door:
    def attack(scene: Scene) -> bool:
        """HTTP/2 is agreed on."""
        trust = ssl.create_default_context(cafile=scene.gate.process.ready["ca"])
        trust.set_alpn_protocols(list(names))
        with (
            _open(scene, "payments.example") as plain,
            trust.wrap_socket(plain, server_hostname="payments.example") as inside,
        ):
            return inside.selected_alpn_protocol() not in (None, "http/1.1")

    return Door(attack, (WATCH,), options={"http2": True})


def _switched(scene: Scene) -> bool:
    """The upstream switches to another protocol, unasked, and speaks it with the agent."""
    switch = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nHELLO"
    scene.tap.answer = lambda one: one.sendall(switch)
    get = b"GET http://tap.example/ HTTP/1.1\r\nHost: tap.example\r\n\r\n"
    said = scene.say(get, seconds=scene.patience(2))
    return b" 101 " in said or b"HELLO" in said


def _h3_offered(scene: Scene) -> bool:
    """The upstream's offer of another way to it reaches the agent."""
    scene.tap.answer = b'HTTP/1.1 200 OK\r\nAlt-Svc: h3=":443"\r\nContent-Length: 0\r\n\r\n'
    said = scene.say(b"GET http://tap.example/ HTTP/1.1\r\nHost: tap.example\r\n\r\n")
    return b"alt-svc" in said.lower()


def _first_words(data: bytes) -> Door:
    """Bytes to the gate's own port that are not HTTP."""
    return Door(lambda scene: bool(scene.say(data, seconds=1)[:9].strip(b"HTP/1. ")) or scene.reached)


UNOPENED = "the hello of an unopened tunnel"
WEBSOCKET = (
    b"GET http://tap.example/ HTTP/1.1\r\nHost: tap.example\r\nConnection: Upgrade\r\nUpgrade: %b\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)

DOORS = {
    "raw TCP in a tunnel": through(b"\x00\x01\x02\x03\r\n\r\n", "a closed list of layers"),
    "SSH in a tunnel": through(b"SSH-2.0-OpenSSH_9.6\r\n", "a closed list of layers"),
    "HTTP/2 in a tunnel": through(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), "a closed list of layers"),
    "HTTP/2 by ALPN": _alpn("h2", "http/1.1"),
    "a WebSocket that no mapping has": Door(lambda scene: scene.passed(WEBSOCKET % b"websocket")),
    "another upgrade": Door(lambda scene: scene.passed(WEBSOCKET % b"tcp")),
    "a switch of protocols that nobody asked for": Door(_switched, ("answers are read strictly",)),
    "an offer of HTTP/3": Door(_h3_offered, ("the hop's lines of an answer",)),
    "SOCKS": _first_words(b"\x05\x01\x00"),
    "TLS to the proxy itself": _first_words(hello("payments.example")),
    "raw TCP in an unopened tunnel": through(b"\x00\x01\x02\x03", UNOPENED, host="closed.example", port=443),
    "SSH in an unopened tunnel": through(
        b"SSH-2.0-OpenSSH_9.6\r\n", UNOPENED, host="closed.example", port=443
    ),
    "another name in the hello of an unopened tunnel": through(
        hello("elsewhere.example"), UNOPENED, host="closed.example", port=443
    ),
    "no name in the hello of an unopened tunnel": through(
        hello(None), UNOPENED, host="closed.example", port=443
    ),
    "an encrypted hello in an unopened tunnel": through(
        hello("closed.example", encrypted=True), UNOPENED, host="closed.example", port=443
    ),
}

test_is_shut, test_without_its_guard_the_door_is_open, test_each_guard_alone_keeps_it_shut = laws(DOORS)


def test_tls_to_its_own_host_goes_through_an_unopened_tunnel(scene: Scene) -> None:
    """In one piece or many."""
    whole = hello("closed.example")
    for pieces in ([whole], [whole[:1], whole[1:60], whole[60:]]):
        scene.reset()
        with _open(scene, "closed.example") as plain:
            for piece in pieces:
                scene.ask(plain, piece, seconds=0.2)
            until("the other end to hear of it", lambda: scene.reached)
