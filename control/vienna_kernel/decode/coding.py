"""Content codings: ``gzip`` and ``deflate`` (RFC 9110 8.4.1) undone, whole and capped; ``aws-chunked`` read through.

1. ``gzip``: every member, each with a right checksum and length, and nothing after the last, not even padding.
2. ``deflate``: the zlib format that the RFC names, one stream; bare deflate is refused.
3. ``aws-chunked`` stays on the wire, with the line that names it: what is signed is the coded body. What is named
   before it (``gzip,aws-chunked``) is a fact of the payload, which is stored and given back as it is.
"""

from __future__ import annotations

from vienna_kernel.decode.inflate import GZIP, ZLIB, TooLargeError, inflate
from vienna_kernel.errors import MalformedError

__all__ = [
    "AS_SENT",
    "CODINGS",
    "MAX_LAYERS",
    "STORED",
    "UNDONE",
    "TooLargeError",
    "layers",
    "undo",
    "undo_all",
]

AS_SENT = "aws-chunked"
"""The coding that is read through and left as it is."""

STORED = frozenset({"gzip", "deflate", "br", "zstd", "compress"})
"""What may be named before it."""

UNDONE = frozenset({"gzip", "deflate"})
CODINGS = UNDONE | {AS_SENT}
"""All that can be read; which of them may come is a mapping's to say."""

MAX_LAYERS = 2

_MAX_MEMBERS = 10_000


def layers(header: str) -> tuple[str, ...]:
    """The codings of a ``Content-Encoding`` value in the order they were applied, ``x-gzip`` as ``gzip``.

    ``identity`` alone is none. What is not in ``CODINGS`` is named all the same, for the caller to refuse.
    """
    names = tuple(name.strip(" \t").lower() for name in header.split(","))
    return () if names == ("identity",) else tuple("gzip" if name == "x-gzip" else name for name in names)


def undo(data: bytes, coding: str, *, limit: int) -> bytes:
    """What ``data`` holds.

    Args:
        coding: One of ``UNDONE``.
        limit: Most bytes that may come out.

    Errors: ``TooLargeError`` (a ``MalformedError``) beyond the limit, else ``MalformedError``.
    """
    if coding not in UNDONE:
        raise MalformedError("header content-encoding", "a coding that is not known")
    found: list[bytes] = []
    size = at = 0
    while not found or (at < len(data) and coding == "gzip"):
        if len(found) == _MAX_MEMBERS:
            raise MalformedError("body", f"more than {_MAX_MEMBERS} gzip members")
        piece, at = inflate(data, at, wrapper=GZIP if coding == "gzip" else ZLIB, limit=limit - size)
        found.append(piece)
        size += len(piece)
    if at < len(data):
        raise MalformedError("body", "bytes after the end of the compressed stream")
    return b"".join(found)


def undo_all(data: bytes, codings: tuple[str, ...], *, limit: int) -> bytes:
    """The identity body; ``codings`` as ``layers`` gives them. No layer may hold more than ``limit`` bytes."""
    for coding in reversed(codings):
        data = undo(data, coding, limit=limit)
    return data
