"""Body: read once, strictly, as a whole; what is sent on is, byte for byte, what was judged."""

from __future__ import annotations

import base64
import gzip
import hashlib

from harness.doors import Door, Scene, laws
from vienna_kernel import wire

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
PURPOSE = b'Content-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
ITEMS = "shop.example/v1/items"


def post(body: bytes, kind: str = JSON, *by: str, to: str = "tap.example/x") -> Door:
    return Door(lambda scene: scene.passed(request("POST", to, kind, body)), by or ("JSON strictly",))


def upload(body: bytes, boundary: str = "b") -> Door:
    """A multipart body where a mapping reads one."""
    kind = f"multipart/form-data; boundary={boundary}"
    return post(body, kind, "multipart strictly", to="api.openai.com/v1/files")


def coded(body: bytes, *by: str) -> Door:
    """A coded body where a mapping has codings undone."""
    return Door(lambda scene: scene.passed(request("PUT", ITEMS, JSON, body, "gzip")), by)


def request(method: str, to: str, kind: str, body: bytes, coding: str = "") -> bytes:
    head = f"{method} http://{to} HTTP/1.1\r\nHost: {to.partition('/')[0]}\r\nContent-Type: {kind}\r\n"
    head += f"Content-Encoding: {coding}\r\n" if coding else ""
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def _chunked(scene: Scene) -> bool:
    """A body without a length, larger than any may be."""
    head = b"POST http://tap.example/x HTTP/1.1\r\nHost: tap.example\r\nContent-Type: text/plain\r\n"
    chunk = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    return scene.passed(head + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk] * 5, b"0\r\n\r\n")


def _undone(scene: Scene) -> bool:
    """A coded body leaves as it came, though it was judged as what it holds."""
    body = gzip.compress(b'{"items": [1, 2]}')
    scene.say(request("PUT", ITEMS, JSON, body, "gzip"))
    (heard,) = scene.tap.heard
    return b"content-encoding" in heard.lower() or not heard.endswith(b'\r\n\r\n{"items": [1, 2]}')


BOMB = gzip.compress(b'{"items": ["' + b"0" * 11_000_000 + b'"]}')
BROKEN = gzip.compress(b'{"items": [1]}')[:-3] + b"..."
TRAILING = gzip.compress(b'{"items": [1]}') + b"{}"
CALL = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "pay", "arguments": {"amount": %b}}}'

DOORS = {
    "not UTF-8": post(b'{"a": "\xff"}'),
    "a byte order mark": post(b'\xef\xbb\xbf{"a": 1}'),
    "a key twice": post(b'{"a": 1, "a": 2}'),
    "a key twice, once escaped": post(b'{"a": 1, "\\u0061": 2}'),
    "NaN": post(b'{"a": NaN}'),
    "an integer beyond 2^53": post(b'{"a": 9007199254740993}'),
    "deeper than 32": post(b"[" * 33 + b"]" * 33),
    "half a surrogate pair": Door(post(b'{"a": "\\ud800"}').attack),
    "something after the document": Door(post(b"{} {}").attack),
    "a parameter that no mapping knows": post(
        b'{"subject": "s", "extra": 1}', JSON, "parameters are declared", to="payments.example/v1/tickets"
    ),
    "a form key twice": post(b"a=1&a=2", FORM, "forms strictly"),
    "a form with a semicolon": post(b"a=1;b=2", FORM, "forms strictly"),
    "a form with a NUL": post(b"a=%00", FORM, "forms strictly"),
    "a boundary twice": upload(b"--b\r\n%b--b--\r\n" % PURPOSE, "b; boundary=c"),
    "a boundary within a part": upload(b"--b\r\n%bx--b\r\n%b--b--\r\n" % (PURPOSE, PURPOSE)),
    "something behind the last boundary": upload(b"--b\r\n%b--b--\r\n--b\r\n%b" % (PURPOSE, PURPOSE)),
    "a part twice": upload(b"--b\r\n%b--b\r\n%b--b--\r\n" % (PURPOSE, PURPOSE)),
    "a coded body that no mapping undoes": Door(
        lambda scene: scene.passed(
            request("POST", "tap.example/x", "text/plain", gzip.compress(b"a"), "gzip")
        ),
        ("codings asked for",),
    ),
    "a coding that nobody undoes": Door(
        lambda scene: scene.passed(request("PUT", "tap.example/x", "text/plain", b"a", "br")),
        ("codings asked for",),
    ),
    "a charset that is not UTF-8": post(b"{}", "application/json; charset=utf-16", "charsets"),
    "larger than it may be, by its length": post(
        b"x" * 70_000, "text/plain", "what heads alone refuse", "bodies are counted"
    ),
    "larger than it may be, in chunks": Door(_chunked, ("bodies are counted",)),
    "a bomb": coded(BOMB, "a bound on what is decompressed"),
    "a coded body that is broken at its end": coded(BROKEN, "coded bodies strictly"),
    "something after a coded body": coded(TRAILING, "coded bodies strictly"),
    "a coded body that leaves as it came": Door(_undone),
    "a call of JSON-RPC that is none": post(b"[5]", JSON, "protocols strictly", to="tools.example/mcp"),
    "a batch of JSON-RPC with the wrong parameters in its second call": post(
        b"[%b, %b]" % (CALL % b"1", CALL % b'"x"'), JSON, "protocols strictly", to="tools.example/mcp"
    ),
    "a document of GraphQL with two operations, and none named": post(
        b'{"query": "mutation A{a} mutation B{b}"}', JSON, "protocols strictly", to="api.github.com/graphql"
    ),
}

test_is_shut, test_without_its_guard_the_door_is_open, test_each_guard_alone_keeps_it_shut = laws(DOORS)


def test_every_byte_that_is_sent_on_was_judged(scene: Scene) -> None:
    """The digest in what the control plane was asked is that of the bytes that arrived."""
    body = '{"subject": "größe",\n\t"body": "\\u00e4 \\/ 1.0"}'.encode()
    head = b"POST http://payments.example/v1/tickets HTTP/1.1\r\nHost: payments.example\r\n"
    chunks = b"".join(b"%x;q=1\r\n%b\r\n" % (len(piece), piece) for piece in (body[:10], body[10:]))
    kind = b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    scene.say(head + kind, chunks, b"0\r\n\r\n")
    (heard,), (consult,) = scene.tap.heard, scene.control.heard(wire.Consult)
    assert heard.endswith(b"\r\n\r\n" + body)
    assert consult.call.body_digest == f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"
