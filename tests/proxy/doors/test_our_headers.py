"""Our headers: nobody but the gate speaks in them, in either direction, and no one can have them taken off."""

from __future__ import annotations

import pytest

from harness.doors import Door, Scene, laws

GET = b"GET http://tap.example/ HTTP/1.1\r\nHost: tap.example\r\n"


def sent(name: str) -> Door:
    """A line of the agent's arrives at the upstream."""

    def attack(scene: Scene) -> bool:
        scene.say(GET + name.encode() + b": forged\r\n\r\n")
        return any(b"forged" in heard for heard in scene.tap.heard)

    return Door(attack, ("ours alone", "header names") if "_" in name else ("ours alone",))


def came(name: str) -> Door:
    """A line of the upstream's arrives at the agent."""

    def attack(scene: Scene) -> bool:
        scene.tap.answer = f"HTTP/1.1 200 OK\r\n{name}: forged\r\nContent-Length: 0\r\n\r\n".encode()
        return b"forged" in scene.say(GET + b"\r\n")

    return Door(attack, ("the hop's lines of an answer",))


def _stripped(scene: Scene) -> bool:
    """The upstream has the gate's own mark taken off its answer."""
    scene.tap.answer = (
        b"HTTP/1.1 200 OK\r\nConnection: Vienna-Decision, Vienna-Intent\r\nContent-Length: 0\r\n\r\n"
    )
    said = scene.say(GET + b"\r\n").lower()
    return b"\r\nvienna-decision: granted\r\n" not in said or b"\r\nconnection: vienna" in said


def named(*names: str) -> Door:
    """The agent names a line in Connection that decides how the request is read."""
    return Door(
        lambda scene: scene.passed(GET + b"Connection: " + ", ".join(names).encode() + b"\r\n\r\n"),
        ("lines that Connection may not name",),
    )


def _presented(scene: Scene) -> bool:
    """A warrant that does not hold is overlooked, and the call goes as any other."""
    return scene.passed(GET + b"Vienna_Warrant: not-a-warrant\r\n\r\n")


FORGED = [
    "Vienna-Intent",
    "VIENNA-DECISION",
    "vienna_intent",
    "X-Vienna-Agent",
    "Signature",
    "Signature-Input",
    "Content-Digest",
    "content_digest",
]

DOORS = {
    **{f"{name} of the agent": sent(name) for name in FORGED},
    **{f"{name} of the upstream": came(name) for name in FORGED},
    "a mark that the upstream has taken off": Door(_stripped, ("the hop's lines of an answer",)),
    **{
        f"{name} named in Connection": named(name)
        for name in ("Host", "Content-Length", "Content-Type", "Authorization", "Expect")
    },
    "a presented warrant in another spelling": Door(_presented, ("presented warrants",)),
}

test_is_shut, test_without_its_guard_the_door_is_open, test_each_guard_alone_keeps_it_shut = laws(DOORS)


@pytest.mark.parametrize("name", ["TE", "Keep-Alive", "Proxy-Authorization", "X-Hop"])
def test_lines_of_the_hop_stay_here(scene: Scene, name: str) -> None:
    scene.say(GET + f"Connection: X-Hop\r\n{name}: secret\r\n\r\n".encode())
    (heard,) = scene.tap.heard
    assert b"secret" not in heard
    assert b"connection" not in heard.lower()
