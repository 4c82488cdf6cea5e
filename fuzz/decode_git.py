"""Pushes and fetches: updates or ``MalformedError``; what is called a fast-forward names the old commit as a parent.

An input is a body as it stands, and also a recipe: lines before ``PACK`` as packet lines, what follows as the objects
of a pack, cut at each ``PACK``, since no fuzzer guesses checksums.
"""

from __future__ import annotations

import hashlib
import zlib

from fuzz import law
from vienna_kernel.decode.git import Update, receive_pack, upload_pack
from vienna_kernel.errors import MalformedError

_OLD, _NEW = b"a" * 40, b"2b4a4fb32dba0cd3c2f6b8f2fa2ca1bd8cbb0fe6"
_COMMIT = b"tree " + b"e" * 40 + b"\nparent " + _OLD + b"\n\nx"
_NAME = hashlib.sha1(b"commit %d\0" % len(_COMMIT) + _COMMIT, usedforsecurity=False).hexdigest().encode()

SEEDS = (
    b"0000",
    b"%b %b refs/heads/main\0report-status\nPACK\x01%b" % (_OLD, _NAME, _COMMIT),
    b"%b %b refs/heads/main\0push-options\nPACK\x03text" % (b"0" * 40, _NEW),
    b"%b %b refs/tags/v1\n%b %b refs/heads/b\nPACK" % (_OLD, b"0" * 40, _OLD, _NEW),
    b"PACK\x01%bPACK\x06\x30\x30\x90\x30PACK\x07%b\x01\x01\x01x" % (_COMMIT, bytes(20)),
    b"0014command=ls-refs\n0001000ceel\n0000",
    b"0032want %b\n00000009done\n" % _OLD,
)


def _entry(piece: bytes) -> bytes:
    kind, content = (piece[0] & 7, piece[1:]) if piece else (3, b"")
    base = b""
    if kind == 6:
        base, content = content[:1], content[1:]
    elif kind == 7:
        base, content = content[:20], content[20:]
    size = len(content)
    head = bytearray()
    first, size = kind << 4 | size & 15, size >> 4
    while size:
        head.append(first | 128)
        first, size = size & 127, size >> 7
    return bytes([*head, first]) + base + zlib.compress(content)


def _made(data: bytes) -> tuple[bytes, bytes]:
    """The body that an input describes, and the objects in it."""
    head, mark, rest = data.partition(b"PACK")
    lines = head.removesuffix(b"\n").split(b"\n") if head else []
    body = b"".join(b"%04x%b" % (len(line) + 4, line) for line in lines if len(line) < 60_000) + b"0000"
    if not mark:
        return body, b""
    pieces = rest.split(b"PACK") if rest else []
    pack = b"PACK" + (2).to_bytes(4, "big") + len(pieces).to_bytes(4, "big") + b"".join(map(_entry, pieces))
    return body + pack + hashlib.sha1(pack, usedforsecurity=False).digest(), rest


def _judge(updates: list[Update], objects: bytes) -> None:
    law(len({update.ref for update in updates}) == len(updates), "each ref once")
    for update in updates:
        law((update.old is None) == (update.kind == "create"), "what is made was not there")
        law((update.new is None) == (update.kind == "delete"), "what is deleted is gone")
        if update.kind == "update":
            law(b"parent " + (update.old or "").encode() in objects, "a fast-forward has a proof")
            law(not update.ref.startswith("refs/tags/"), "a tag does not move on")


def one_input(data: bytes) -> None:
    made, objects = _made(data)
    for body in (data, made):
        try:
            _judge(receive_pack(body), objects if body is made else data)
        except MalformedError as error:
            law(error.where == "body", "the place is named")
        try:
            law(upload_pack(body).wants >= 0, "a fetch wants something or nothing")
        except MalformedError as error:
            law(error.where == "body", "the place is named")
