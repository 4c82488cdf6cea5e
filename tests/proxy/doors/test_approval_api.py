"""The approval API: not reachable for an agent, by any name, any address, or through the gate's own pages."""

from __future__ import annotations

import pytest

from harness.doors import Door, Scene, laws


def at(place: str, *by: str) -> Door:
    """The control plane's API where it listens; ``{}`` is its port."""

    def attack(scene: Scene) -> bool:
        host = place.format(scene.control.port)
        scene.say(
            f"POST http://{host}/api/v1/approvals/apr-1/approve HTTP/1.1\r\nHost: {host}\r\n"
            "Content-Length: 0\r\n\r\n".encode()
        )
        return bool(scene.control.internal)

    return Door(attack, by)


def page(path: str, method: str = "POST") -> Door:
    """The same behind the gate's own pages, with the gate's own credential."""

    def attack(scene: Scene) -> bool:
        told = scene.say(
            f"{method} http://vienna.internal{path} HTTP/1.1\r\nHost: vienna.internal\r\n"
            "Content-Length: 0\r\n\r\n".encode()
        )
        return not told.startswith(b"HTTP/1.1 404 ")

    return Door(attack, ("pages of the gate",))


ADDRESS = ("one place", "names are judged", "addresses are judged")

DOORS = {
    "by its address": at("127.0.0.1:{}", *ADDRESS),
    "by its address in another spelling": at("0x7f.1:{}", "one place", "addresses are judged"),
    "by a name that resolves to it": at("control.example", "our own ports"),
    "by a name of this machine": at("this.example:{}", "addresses are judged"),
    "approve": page("/api/v1/approvals/apr-1/approve"),
    "deny": page("/api/v1/approvals/apr-1/deny"),
    "approvals": page("/api/v1/approvals", "GET"),
    "policies": page("/api/v1/policies", "GET"),
    "the bundle": page("/api/v1/sidecars/bundle", "GET"),
    "a sidecar of its own": page("/api/v1/sidecars/enrol"),
    "the audit trail": page("/api/v1/audit", "GET"),
}

test_is_shut, test_without_its_guard_the_door_is_open, test_each_guard_alone_keeps_it_shut = laws(DOORS)


@pytest.mark.parametrize(
    "path", ["/intents/../approvals", "/intents/a%2Fb", "//api/v1/intents", "/intents/x/approve"]
)
def test_pages_have_one_spelling(scene: Scene, path: str) -> None:
    told = scene.say(f"GET http://vienna.internal{path} HTTP/1.1\r\nHost: vienna.internal\r\n\r\n".encode())
    assert told.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 404 "))
    assert scene.control.internal == []
