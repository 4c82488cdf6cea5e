"""Coded bodies: bytes within the limit or ``MalformedError``; what is undone is what the standard library undoes."""

from __future__ import annotations

import gzip
import zlib

from fuzz import law
from vienna_kernel.decode.coding import UNDONE, layers, undo, undo_all
from vienna_kernel.errors import MalformedError

SEEDS = (
    gzip.compress(b"hello", mtime=0),
    gzip.compress(b"hello", mtime=0) + gzip.compress(b"", mtime=0),
    zlib.compress(b"hello" * 100),
    zlib.compress(bytes(10_000)),
    b"hello",
)

_LIMIT = 4096


def one_input(data: bytes) -> None:
    for coding, theirs in (("gzip", gzip.decompress), ("deflate", zlib.decompress)):
        try:
            found = undo(data, coding, limit=_LIMIT)
        except MalformedError as error:
            law(error.where == "body", "the place is named")
            continue
        law(len(found) <= _LIMIT, "within the limit")
        law(found == theirs(data), "another reader agrees")
    named = layers(data.decode("latin-1"))
    if UNDONE.issuperset(named):
        try:
            undo_all(data, named[:2], limit=_LIMIT)
        except MalformedError as error:
            law(error.where == "body", "the place is named")
