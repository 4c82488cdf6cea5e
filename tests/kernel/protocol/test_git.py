"""Git over HTTP: what a push does to each ref, and what a fetch asks for."""

from __future__ import annotations

import pytest

from protocol_kit import parts, refused, request
from vienna_kernel.call.request import Call
from vienna_kernel.protocol.read import PROTOCOLS

ZERO, OLD, NEW = "0" * 40, "1" * 40, "2" * 40


def line(text: str) -> bytes:
    return f"{len(text) + 4:04x}{text}".encode()


def push(*commands: str, path: str = "/r.git/git-receive-pack", kind: str = "receive-pack") -> Call:
    body = (
        b"".join(line(text + ("\0 report-status" if i == 0 else "")) for i, text in enumerate(commands))
        + b"0000"
    )
    return request("POST", path, body, content_type=f"application/x-git-{kind}-request")


def test_a_ref_that_goes_is_a_part() -> None:
    found = parts("git-smart-http", push(f"{OLD} {ZERO} refs/heads/main", f"{OLD} {ZERO} refs/tags/v1"))
    assert [part.operation for part in found] == ["push-delete", "push-delete"]
    assert found[0].value == {
        "service": "receive-pack",
        "ref": "refs/heads/main",
        "branch": "main",
        "old": OLD,
        "new": None,
        "kind": "delete",
        "options": [],
    }
    assert isinstance(found[1].value, dict)
    assert found[1].value["tag"] == "v1"
    assert "branch" not in found[1].value


def test_a_push_without_its_pack_is_refused() -> None:
    assert refused("git-smart-http", push(f"{OLD} {NEW} refs/heads/main"))


def test_a_push_of_nothing_is_told_so() -> None:
    call = request(
        "POST", "/r/git-receive-pack", b"0000", content_type="application/x-git-receive-pack-request"
    )
    assert [part.operation for part in parts("git-smart-http", call)] == ["push-nothing"]


def test_a_fetch_says_how_much_it_wants() -> None:
    body = line(f"want {NEW} side-band-64k\n") + b"0000" + line("done\n")
    call = request("POST", "/r/git-upload-pack", body, content_type="application/x-git-upload-pack-request")
    (part,) = parts("git-smart-http", call)
    assert part.operation == "fetch"
    assert part.value == {"service": "upload-pack", "command": "fetch", "wants": 1}


@pytest.mark.parametrize("service", ["upload-pack", "receive-pack"])
def test_refs_are_advertised(service: str) -> None:
    (part,) = parts("git-smart-http", request("GET", f"/r.git/info/refs?service=git-{service}"))
    assert part.operation == f"advertise:{service}"
    assert part.query == {"service"}


@pytest.mark.parametrize(
    "call",
    [
        request("GET", "/r/info/refs"),
        request("GET", "/r/info/refs?service=git-upload-archive"),
        request("GET", "/r/info/refs?service=git-upload-pack&service=git-receive-pack"),
        request("GET", "/r/git-receive-pack"),
        request("POST", "/r/info/refs?service=git-receive-pack", b"0000"),
        request("POST", "/r/other", b"0000"),
        push(f"{OLD} {ZERO} refs/heads/main", kind="upload-pack"),
        push(f"{OLD} {ZERO} refs/heads/main", path="/r/git-upload-pack"),
        push(f"{OLD} {ZERO} refs/heads/main", path="/r/git-receive-pack?service=git-upload-pack"),
        push(f"{OLD} {ZERO} refs/heads/main", f"{OLD} {ZERO} refs/heads/main"),
        request(
            "POST",
            "/r/git-upload-pack",
            b"0000",
            headers=[("git-protocol", "version=2"), ("git-protocol", "version=1")],
            content_type="application/x-git-upload-pack-request",
        ),
    ],
)
def test_anything_else_is_refused(call: Call) -> None:
    assert refused("git-smart-http", call)


def test_the_body_is_never_decoded() -> None:
    assert PROTOCOLS["git-smart-http"].kinds("POST", {}) == {"bytes"}
