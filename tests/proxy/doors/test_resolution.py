"""Resolution: a name is connected to only where all its addresses may be called, and only there."""

from __future__ import annotations

from harness.doors import Door, Scene, Unguarded, laws


def named(host: str, *by: str, port: int | None = None) -> Door:
    """A call to a name that resolves to an address that may not be called; the landing answers there."""

    def attack(scene: Scene) -> bool:
        place = f"{host}:{port or scene.landing.port}".removesuffix(":80").encode()
        return scene.passed(b"GET http://%b/ HTTP/1.1\r\nHost: %b\r\n\r\n" % (place, place))

    return Door(attack, by or ("addresses are judged",))


def _control(scene: Scene) -> bool:
    """The control plane's own API, by a name that resolves to it."""
    scene.say(b"GET http://control.example/api/v1/approvals HTTP/1.1\r\nHost: control.example\r\n\r\n")
    return bool(scene.control.internal)


def _unproved(scene: Scene) -> bool:
    """An upstream at the right address whose certificate is for other names."""
    with scene.inside("other-certificate.example") as tunnel:
        scene.ask(tunnel, b"GET / HTTP/1.1\r\nHost: other-certificate.example\r\n\r\n")
    return bool(scene.upstream.received)


V4 = ("not public over IPv4",)
WRAPPED = ("addresses inside addresses",)

DOORS = {
    "loopback": named("loopback.example", *V4),
    "the unspecified address": named("unspecified.example", *V4),
    "a private network": named("private.example", *V4),
    "carrier-grade NAT": named("cgnat.example", *V4),
    "link-local": named("link-local.example", *V4),
    "multicast": named("multicast.example", *V4),
    "loopback over IPv6": named("loopback6.example", "not public over IPv6"),
    "a private network over IPv6": named("local6.example", "not public over IPv6"),
    "IPv4-mapped": named("mapped4.example", "addresses inside addresses"),
    "IPv4-compatible": named("compatible.example", "addresses are judged"),
    "NAT64": named("nat64.example", *WRAPPED),
    "6to4": named("6to4.example", "addresses are judged"),
    "Teredo": named("teredo.example", "addresses are judged"),
    "ISATAP": named("isatap.example", *WRAPPED),
    "one bad address beside a good one": named("both.example", *V4),
    "a metadata service": named("metadata.example", "metadata addresses", *V4),
    "a metadata service that is listed": named("listed.example", "metadata addresses", port=80),
    "the name of a metadata service": named(
        "metadata.google.internal", "metadata names", "addresses are judged"
    ),
    "localhost": named("localhost", "addresses are judged"),
    "a name under localhost": named("a.localhost", "addresses are judged"),
    "a certificate for other names": Door(
        _unproved, ("options are watched",), options={"ssl_insecure": True}
    ),
    "the control plane": Door(_control, ("our own ports",)),
}

test_is_shut, test_without_its_guard_the_door_is_open, test_each_guard_alone_keeps_it_shut = laws(DOORS)


def test_a_public_name_is_connected_to(unguarded: Unguarded) -> None:
    """Not everything is refused: what all these doors are shut to others for."""
    unguarded.hatch()
    unguarded.reset()
    assert unguarded.passed(b"GET http://public.example/ HTTP/1.1\r\nHost: public.example\r\n\r\n")
    assert unguarded.landing.heard
    assert unguarded.hatch() == ["public.example"]
