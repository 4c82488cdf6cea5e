"""Git's packet lines (gitprotocol-common): four hex digits of length, then that many bytes less four."""

from __future__ import annotations

import re
from enum import Enum

from vienna_kernel.errors import MalformedError

MAX_PACKETS = 100_000

_LENGTH = re.compile(rb"[0-9a-f]{4}\Z")
_MAX_LENGTH = 65520


class Mark(Enum):
    """A packet without content."""

    FLUSH = 0
    DELIM = 1
    RESPONSE_END = 2


def packet(data: bytes, at: int) -> tuple[bytes | Mark, int]:
    """The packet at ``at`` and the index after it. Errors: ``MalformedError``."""
    digits = data[at : at + 4]
    if not _LENGTH.match(digits):
        raise MalformedError("body", "not a packet line")
    length = int(digits, 16)
    if length <= 2:
        return Mark(length), at + 4
    if length == 3 or length > _MAX_LENGTH or at + length > len(data):
        raise MalformedError("body", "a packet line that is too long or cut off")
    return data[at + 4 : at + length], at + length


def section(data: bytes, at: int) -> tuple[list[bytes], Mark, int]:
    """The lines up to the next mark, that mark, and the index after it; one line break at an end is taken off.

    Errors: ``MalformedError``, also when the bytes end before a mark.
    """
    lines: list[bytes] = []
    while True:
        found, at = packet(data, at)
        if isinstance(found, Mark):
            return lines, found, at
        if len(lines) == MAX_PACKETS:
            raise MalformedError("body", f"more than {MAX_PACKETS} packet lines")
        lines.append(found.removesuffix(b"\n"))


def packets(data: bytes) -> list[bytes | Mark]:
    """All lines and marks of a body that is nothing else. Errors: ``MalformedError``."""
    found: list[bytes | Mark] = []
    at = 0
    while at < len(data):
        if len(found) == MAX_PACKETS:
            raise MalformedError("body", f"more than {MAX_PACKETS} packet lines")
        item, at = packet(data, at)
        found.append(item if isinstance(item, Mark) else item.removesuffix(b"\n"))
    return found
