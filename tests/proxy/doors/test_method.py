"""Method: the one in the request line is the one that is executed."""

from __future__ import annotations

import pytest

from harness.doors import Door, Scene, laws
from vienna_kernel.call.framing import _OVERRIDES

JSON = b"Content-Type: application/json\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


def method(token: bytes, *by: str) -> Door:
    return Door(
        lambda scene: scene.passed(
            token + b" http://tap.example/ HTTP/1.1\r\nHost: tap.example\r\nContent-Length: 0\r\n\r\n"
        ),
        by,
    )


def header(name: str) -> Door:
    return Door(
        lambda scene: scene.passed(
            b"POST http://tap.example/x HTTP/1.1\r\nHost: tap.example\r\n"
            + name.encode()
            + b": DELETE\r\n\r\n"
        ),
        ("lines that tell",),
    )


def post(target: bytes, kind: bytes, body: bytes, *by: str) -> Door:
    head = b"POST http://tap.example%b HTTP/1.1\r\nHost: tap.example\r\n%bContent-Length: %d\r\n\r\n"
    return Door(lambda scene: scene.passed(head % (target, kind, len(body)), body), by)


DOORS = {
    "a method in lower case": method(b"get", "version and method"),
    "a method with a digit": method(b"G3T", "version and method"),
    "TRACE": method(b"TRACE", "version and method"),
    "PRI": Door(lambda scene: scene.passed(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")),
    **{f"the header {name}": header(name) for name in sorted(_OVERRIDES)},
    "_method in the query": post(b"/x?_method=DELETE", JSON, b"{}", "overrides in queries"),
    "$method in the query": post(b"/x?%24method=DELETE", JSON, b"{}", "overrides in queries"),
    "_method in a form": post(b"/x", FORM, b"_method=DELETE", "overrides in bodies"),
    "_METHOD in a form": post(b"/x", FORM, b"_METHOD=DELETE", "overrides in bodies"),
    "_method in JSON": post(b"/x", JSON, b'{"_method": "DELETE"}', "overrides in bodies"),
}

test_is_shut, test_without_its_guard_the_door_is_open, test_each_guard_alone_keeps_it_shut = laws(DOORS)


@pytest.mark.parametrize("verb", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"])
def test_a_plain_method_is_the_one_that_arrives(scene: Scene, verb: str) -> None:
    told = scene.say(f"{verb} http://tap.example/x HTTP/1.1\r\nHost: tap.example\r\n\r\n".encode())
    assert told.startswith(b"HTTP/1.1 200"), told
    assert [heard.split(b" ")[0].decode() for heard in scene.tap.heard] == [verb]
