"""What a streamed answer says it used, through its coding."""

from __future__ import annotations

import gzip
import os
import zlib

import pytest
from mitmproxy import http

from vienna_proxy.evidence.events import Events

SENT = b'data: {"usage": {"total_tokens": 7}}\n\n'
USED = {"/usage": {"total_tokens": 7}}


def events(coding: str = "", kind: str = "text/event-stream; charset=utf-8") -> Events:
    headers = {"content-type": kind, **({"content-encoding": coding} if coding else {})}
    return Events.of(http.Response.make(200, b"", headers), ("/usage",))


@pytest.mark.parametrize(
    ("coding", "data"),
    [("", SENT), ("identity", SENT), ("gzip", gzip.compress(SENT)), ("deflate", zlib.compress(SENT))],
    ids=["none", "identity", "gzip", "deflate"],
)
def test_it_is_read_as_it_passes(coding: str, data: bytes) -> None:
    found = events(coding)
    for byte in data:
        found.feed(bytes([byte]))
    assert found.values == USED


@pytest.mark.parametrize(
    ("coding", "kind", "data"),
    [
        ("br", "text/event-stream", SENT),
        ("", "application/json", SENT),
        ("gzip", "text/event-stream", SENT),
        ("gzip", "text/event-stream", gzip.compress(b"\n" * 50_000_000 + SENT)),
    ],
    ids=["another coding", "another type", "not what it says", "a bomb"],
)
def test_what_cannot_be_read_is_let_pass_unread(coding: str, kind: str, data: bytes) -> None:
    found = events(coding, kind)
    found.feed(data)
    found.feed(os.urandom(100))
    assert found.values == {}
