"""Bodies that come coded: undone only where the mapping of the address has them undone, to the size it allows."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest

from mapping_kit import action, compiled
from vienna_kernel.call.authority import no_literals
from vienna_kernel.call.request import Call, RawRequest
from vienna_kernel.mapping.received import received, received_head
from vienna_kernel.verdict import Reason, Refused

BODY = b'{"to": "a"}'
CODED = gzip.compress(BODY)
RAW = RawRequest(
    scheme="https",
    connect=("shop.example", 443),
    sni="shop.example",
    method=b"POST",
    target=b"/pay",
    http_version=b"HTTP/1.1",
    headers=(
        (b"Host", b"shop.example"),
        (b"Content-Type", b"application/json"),
        (b"Content-Encoding", b"gzip"),
        (b"Content-Length", str(len(CODED)).encode()),
    ),
    body=CODED,
)
PLAIN = compiled(action("to: {from: json}"))
OPEN = compiled(action("to: {from: json}", more="codings: [gzip]\nmax_body: 1KiB"))


def test_a_declared_coding_is_undone() -> None:
    call = received(RAW, OPEN, literals=no_literals)
    assert isinstance(call, Call)
    assert call.as_read().body == BODY
    assert isinstance(received_head(RAW, OPEN, literals=no_literals), Call)


@pytest.mark.parametrize(
    ("raw", "mappings"),
    [(RAW, PLAIN), (replace(RAW, target=b"/other"), OPEN), (replace(RAW, method=b"PUT"), OPEN)],
    ids=["not declared", "another address", "another method"],
)
def test_any_other_is_refused_by_its_head_and_as_a_whole(raw: RawRequest, mappings: object) -> None:
    for found in (
        received_head(raw, mappings, literals=no_literals),
        received(raw, mappings, literals=no_literals),
    ):  # type: ignore[arg-type]
        assert isinstance(found, Refused)
        assert found.reason is Reason.UNSUPPORTED_ENCODING


def test_it_is_undone_to_the_size_of_its_mapping_at_most() -> None:
    bomb = gzip.compress(b'{"to": "' + b"a" * 2000 + b'"}')
    length = str(len(bomb)).encode()
    raw = replace(RAW, body=bomb, headers=(*RAW.headers[:3], (b"Content-Length", length)))
    found = received(raw, OPEN, literals=no_literals)
    assert isinstance(found, Refused)
    assert found.reason is Reason.BODY_TOO_LARGE
