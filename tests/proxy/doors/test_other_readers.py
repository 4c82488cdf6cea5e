"""What was judged is what real servers read: the digest that the warrant binds, computed from their reading.

Odd requests that pass, and odd ones that must not: whichever it is, a server reads as many requests as were granted,
and each of them is the one that was.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from harness.doors import Scene
from harness.readers import READERS, Reader, Reading
from harness.vienna import until
from vienna_kernel import wire
from vienna_kernel.call.framing import is_ours
from vienna_kernel.value import digest

HIDDEN = b"GET /smuggled HTTP/1.1\r\nHost: elsewhere.example\r\n\r\n"
TEXT = b"Content-Type: text/plain\r\n"
CHUNKED = TEXT + b"Transfer-Encoding: chunked\r\n\r\n"


def get(target: bytes = b"/x", lines: bytes = b"", *, method: bytes = b"GET") -> bytes:
    return method + b" http://HOST" + target + b" HTTP/1.1\r\nHost: HOST\r\n" + lines + b"\r\n"


def post(body: bytes, lines: bytes = TEXT, *, method: bytes = b"POST") -> bytes:
    return get(b"/x", lines + b"Content-Length: %d\r\n" % len(body), method=method) + body


def raw(lines_and_body: bytes) -> bytes:
    """A POST whose end of head is its own."""
    return b"POST http://HOST/x HTTP/1.1\r\nHost: HOST\r\n" + lines_and_body


PASSES = {
    "a plain request": get(),
    "every character that a path may have": get(b"/a~b/!$&'()*+,=:@-._/%C3%A4%20%5B"),
    "every character that a query may have": get(b"/x?a=b+c&r[]=%26&s=%7E|{}^`&t=/?:@!$'()*,&u=%E2%82%AC"),
    "the root": get(b"/"),
    "blanks around a value": get(b"/x", b"X-A: \t one \t two \t\r\nX-B:\r\nX-C:x\r\n"),
    "bytes beyond ASCII in a value": get(b"/x", b"X-A: \xe4\xf6\xfc \xc3\xa4\r\n"),
    "a name twice": get(b"/x", b"X-A: 1\r\nX-A: 2\r\n"),
    "every character that a name may have": get(b"/x", b"X!#$%&'*+-.^`|~: 1\r\n"),
    "a long value": get(b"/x", b"X-A: " + b"a" * 7000 + b"\r\n"),
    "empty lines before it": b"\r\n\r\n" + get(),
    "upper case in the host": get().replace(b"Host: HOST", b"Host: UPPER"),
    "the default port": get().replace(b"Host: HOST", b"Host: HOST:80"),
    "lines of the hop": get(
        b"/x",
        b"Connection: keep-alive, X-Hop\r\nX-Hop: 1\r\nProxy-Connection: keep-alive\r\nTE: trailers\r\n",
    ),
    "an offer of HTTP/2": get(
        b"/x", b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    ),
    "lines of ours": get(
        b"/x", b"Vienna-Intent: 1\r\nx_vienna_y: 1\r\nSignature: 1\r\nContent-Digest: 1\r\n"
    ),
    "a condition and a range": get(b"/x", b'If-None-Match: W/"a", "b"\r\nRange: bytes=0-1\r\n'),
    "cookies": get(b"/x", b'Cookie: a="b;c"; d=e=f\r\n'),
    "HEAD": get(b"/x", b"Connection: close\r\n", method=b"HEAD"),
    "OPTIONS": get(method=b"OPTIONS"),
    "DELETE": get(method=b"DELETE"),
    "PROPFIND": get(method=b"PROPFIND"),
    "no body": post(b""),
    "no length and no body": get(method=b"POST"),
    "a body": post(b"hello"),
    "a body that looks like a request": post(HIDDEN),
    "a body of chunks": raw(CHUNKED + b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"),
    "chunks that look like a request": raw(CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)),
    "chunk extensions": raw(CHUNKED + b'5;a=b;c="d"\r\nhello\r\n0;e\r\n\r\n'),
    "zeros before a chunk's size": raw(CHUNKED + b"0005\r\nhello\r\n000\r\n\r\n"),
    "a coding in upper case": raw(CHUNKED.replace(b"chunked", b"ChUnKeD") + b"A\r\n0123456789\r\n0\r\n\r\n"),
    "a body of line ends": post(b"\r\n\r\n0\r\n\r\n"),
    "every byte": post(bytes(range(256)), b"Content-Type: application/octet-stream\r\n"),
    "JSON": post('{"a": "ä\\u00e4"}'.encode(), b"Content-Type: application/json; charset=utf-8\r\n"),
    "PUT": post(b"hello", method=b"PUT"),
    "a type in upper case": post(b"{}", b"Content-Type: Application/JSON\r\n"),
}

REFUSED = {
    "CL.TE": raw(TEXT + b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN),
    "TE.CL": raw(
        TEXT + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n" + HIDDEN + b"0\r\n\r\n"
    ),
    "TE.TE": raw(
        TEXT + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + HIDDEN
    ),
    "two lengths": raw(TEXT + b"Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello" + HIDDEN),
    "two lengths in one line": raw(TEXT + b"Content-Length: 5, 0\r\n\r\nhello" + HIDDEN),
    **{
        f"the length {length!r}": raw(
            TEXT + b"Content-Length: " + length.encode() + b"\r\n\r\nhello" + HIDDEN
        )
        for length in ("+5", "-5", "0x5", "5_0", "05", "5.0", "5 5", "")
    },
    **{
        f"the coding {coding!r}": raw(
            TEXT + b"Transfer-Encoding: " + coding.encode() + b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + HIDDEN
        )
        for coding in (
            "xchunked",
            "chunked, identity",
            "gzip, chunked",
            "chunked, chunked",
            '"chunked"',
            "\x0bchunked",
        )
    },
    "a blank before the colon": raw(TEXT + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN),
    "a folded coding": raw(TEXT + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + HIDDEN),
    "a name with an underscore": raw(TEXT + b"Transfer_Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN),
    "a length named in Connection": raw(
        TEXT + b"Connection: Content-Length\r\nContent-Length: 5\r\n\r\nhello" + HIDDEN
    ),
    "line ends without CR": get(b"/x", b"X-A: 1\nX-B: 2\r\n"),
    "a bare CR": get(b"/x", b"X-A: 1\rX-B: 2\r\n"),
    **{
        f"the chunk head {size!r}": raw(CHUNKED + size.encode() + b"\r\nhello\r\n0\r\n\r\n" + HIDDEN)
        for size in ("0x5", "+5", "-5", "5_", "g", " 5", "FFFFFFFFFFFFFFFFFFFFF5", "")
    },
    "a chunk that ends elsewhere": raw(CHUNKED + b"5\r\nhelloX\r\n0\r\n\r\n" + HIDDEN),
    "a chunk head that ends in LF": raw(CHUNKED + b"5\nhello\r\n0\r\n\r\n" + HIDDEN),
    "trailers": raw(CHUNKED + b"5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n" + HIDDEN),
    "a blank in the target": get(b"/x y"),
    "a tab in the target": get(b"/x\ty"),
    "no version": b"GET http://HOST/x\r\n\r\n",
    "a version of its own": get().replace(b"HTTP/1.1", b"HTTP/1.10"),
    "an encoded slash": get(b"/a%2Fb"),
    "an empty query": get(b"/x?"),
    "dot segments": get(b"/a/%2e%2e/b"),
    "a fragment": get(b"/x#y"),
    "two hosts": get(b"/x", b"Host: elsewhere.example\r\n"),
    "another host": get().replace(b"Host: HOST", b"Host: elsewhere.example"),
}

KEPT = (b"x-a", b"x-b", b"x-c", b"cookie", b"range", b"if-none-match")


@pytest.fixture(scope="module", params=READERS)
def world_of_readers(
    request: pytest.FixtureRequest, worlds: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Reader, Any, Any]]:
    name: str = request.param
    with ExitStack() as stack:
        folder: Path = tmp_path_factory.mktemp(name)
        reader = stack.enter_context(READERS[name](folder))
        control, _, gates = stack.enter_context(worlds(folder, hosts=["nobody.example"]))
        host = f"{name}.example"
        gate = gates(folder / "gate", resolve={f"{host}:80": f"127.0.0.1:{reader.port}"})
        yield host, reader, control, gate


@pytest.fixture
def before(world_of_readers: tuple[str, Reader, Any, Any]) -> tuple[str, Reader, Any, Any]:
    host, reader, control, gate = world_of_readers
    reader.read.clear()
    control.forget()
    return host, reader, control, gate


def said(gate: Any, host: str, data: bytes) -> bytes:
    with gate.connect() as plain:
        addressed = data.replace(b"HOST", host.encode()).replace(b"UPPER", host.upper().encode())
        return Scene.ask(plain, addressed)


def bound(reading: Reading, host: str) -> str:
    """What a warrant binds, from a server's own reading."""
    kind = reading.all("content-type")
    return digest(
        {
            "method": reading.method,
            "url": f"http://{host}{reading.target}",
            "content_type": kind[0].partition(b";")[0].strip().lower().decode() if kind else None,
            "body_digest": f"sha-256=:{base64.b64encode(hashlib.sha256(reading.body).digest()).decode()}:",
        }
    )


def lines_of(data: bytes) -> list[tuple[str, bytes]]:
    """The lines of a request that have to arrive as they are."""
    rows = [line.partition(b":") for line in data.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]]
    kept = [(name.lower(), value.strip(b" \t")) for name, _, value in rows]
    return [(name.decode(), value) for name, value in kept if name in KEPT]


def judge_reading(reading: Reading, host: str) -> None:
    """What is said twice is said alike, and nothing of the hop's or ours is left."""
    assert reading.all("host") == [host.encode()]
    names = [name for name, _ in reading.headers]
    assert not {"transfer-encoding", "upgrade", "http2-settings", "te", "x-hop", "proxy-connection"} & set(
        names
    )
    assert not [name for name in names if is_ours(name) or "_" in name]
    assert len(reading.all("content-length")) <= 1
    between = reading.between
    assert between.get("method", reading.method) == reading.method
    assert between.get("target", reading.target) == reading.target
    assert between.get("host", host) == host
    assert between.get("path", unquote(reading.target.partition("?")[0])) == unquote(
        reading.target.partition("?")[0]
    )


@pytest.mark.parametrize("request_of", PASSES)
def test_what_passes_is_read_as_it_was_judged(before: tuple[str, Reader, Any, Any], request_of: str) -> None:
    host, reader, control, gate = before
    told = said(gate, host, PASSES[request_of])
    assert told.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 100 ")), told[:400]
    (consult,) = control.wait_for(wire.Consult)
    until("it is read", lambda: reader.read or None)  # an interim answer may have come before all else
    (reading,) = reader.read
    assert bound(reading, host) == consult.call.request_digest
    judge_reading(reading, host)
    expected = lines_of(PASSES[request_of])
    assert [row for row in reading.headers if row[0].encode() in KEPT] == expected


@pytest.mark.parametrize("request_of", REFUSED)
def test_what_is_refused_is_read_by_nobody(before: tuple[str, Reader, Any, Any], request_of: str) -> None:
    host, reader, control, gate = before
    told = said(gate, host, REFUSED[request_of])
    assert told == b"" or told.startswith(b"HTTP/1.1 4"), told[:400]
    assert control.heard(wire.Consult) == []
    assert reader.read == []
