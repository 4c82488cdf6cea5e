"""Identity of the target: everything in a request that says where it goes says the same, in one spelling."""

from __future__ import annotations

import pytest

from harness.doors import Door, Scene, laws
from vienna_kernel import wire

GET = b"GET / HTTP/1.1\r\nHost: %b\r\n\r\n"


def inside(request: bytes, *, sni: str | None = None, by: tuple[str, ...] = ("one place",)) -> Door:
    """A request in a tunnel to payments.example."""

    def attack(scene: Scene) -> bool:
        with scene.inside(sni=sni) as tunnel:
            scene.ask(tunnel, request)
        return scene.reached

    return Door(attack, by)


def plain(host: bytes, target: bytes = b"http://tap.example/", by: tuple[str, ...] = ("one place",)) -> Door:
    return Door(
        lambda scene: scene.passed(b"GET " + target + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"), by
    )


def literal(text: str) -> Door:
    """An address where a name should be; the landing answers to it."""

    def attack(scene: Scene) -> bool:
        place = f"{text}:{scene.landing.port}".encode()
        return scene.passed(b"GET http://%b/ HTTP/1.1\r\nHost: %b\r\n\r\n" % (place, place))

    return Door(attack, ("one place", "addresses are judged"))


def tunnel(text: str) -> Door:
    """The same in a CONNECT: the tunnel opens."""

    def attack(scene: Scene) -> bool:
        return scene.say(f"CONNECT {text}:443 HTTP/1.1\r\nHost: {text}:443\r\n\r\n".encode()).startswith(
            b"HTTP/1.1 200"
        )

    return Door(attack, ("CONNECT is read",))


DOORS = {
    "SNI is not the host of CONNECT": inside(GET % b"payments.example", sni="api.stripe.com"),
    "Host is not the host of CONNECT": inside(GET % b"api.stripe.com"),
    "Host has another port than CONNECT": inside(GET % b"payments.example:444"),
    "two Host lines": inside(b"GET / HTTP/1.1\r\nHost: payments.example\r\nHost: payments.example\r\n\r\n"),
    "no Host line": inside(b"GET / HTTP/1.1\r\n\r\n"),
    "an absolute target inside a tunnel": inside(
        b"GET https://payments.example/ HTTP/1.1\r\nHost: payments.example\r\n\r\n"
    ),
    "CONNECT inside a tunnel": inside(
        b"CONNECT api.stripe.com:443 HTTP/1.1\r\nHost: api.stripe.com:443\r\n\r\n", by=()
    ),
    "Host is not the host of the target": plain(b"unmapped.example"),
    "user information in the target": plain(b"tap.example", b"http://u:p@tap.example/", by=()),
    "user information in Host": plain(b"u@tap.example"),
    "a host with two dots at its end": plain(b"tap.example..", b"http://tap.example../", by=()),
    "a host that is not ASCII": plain("bücher.example".encode(), "http://bücher.example/".encode(), by=()),
    "an A-label that is another spelling": plain(b"xn--tap-.example", b"http://xn--tap-.example/", by=()),
    "an address": literal("127.0.0.2"),
    "an address with two parts": literal("127.2"),
    "an address in hexadecimal": literal("0x7f000002"),
    "an address in octal": literal("0177.0.0.2"),
    "an address as one number": literal("2130706434"),
    "an IPv6 address": literal("[::1]"),
    "an IPv4 address in an IPv6 one": literal("[::ffff:127.0.0.2]"),
    "CONNECT to an address": tunnel("127.0.0.2"),
    "CONNECT to a number": tunnel("2130706434"),
    "CONNECT to an IPv6 address": tunnel("[::1]"),
    "CONNECT with user information": Door(tunnel("u@payments.example").attack),
    "CONNECT to localhost": tunnel("localhost"),
}

test_is_shut, test_without_its_guard_the_door_is_open, test_each_guard_alone_keeps_it_shut = laws(DOORS)


@pytest.mark.parametrize("host", ["Payments.Example", "payments.example.", "PAYMENTS.EXAMPLE:443"])
def test_one_host_has_one_spelling(scene: Scene, host: str) -> None:
    """Upper case, one trailing dot and the default port are the same place, and it is named in one way."""
    with scene.inside() as tunnel:
        assert scene.ask(tunnel, f"GET /v1/orders/O-1 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).startswith(
            b"HTTP/1.1 200"
        )
    (consult,) = scene.control.heard(wire.Consult)
    assert consult.call.origin == "https://payments.example"
    assert scene.upstream.received[0].header("host") == "payments.example"
    assert scene.upstream.received[0].sni == "payments.example"
