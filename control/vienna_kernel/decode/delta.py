"""One object told by its difference to another, as in a git pack (gitformat-pack, "Deltified representation")."""

from __future__ import annotations

from vienna_kernel.errors import MalformedError

_BROKEN = "a delta in the pack is broken"


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A length, low bits first, and the index after it. Errors: ``MalformedError``."""
    value = 0
    for place in range(9):
        if at >= len(data):
            break
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << (7 * place)
        if not byte & 0x80:
            return value, at
    raise MalformedError("body", "a length in the pack is broken")


def applied(base: bytes, delta: bytes, *, limit: int) -> bytes | None:
    """The object that ``delta`` makes of ``base``; None when it is longer than ``limit``.

    Errors: ``MalformedError``.
    """
    source, at = varint(delta, 0)
    size, at = varint(delta, at)
    if size > limit:
        return None
    found = bytearray()
    while at < len(delta):
        code = delta[at]
        if code & 0x80:
            offset, length, at = _copy(delta, at)
            piece = base[offset : offset + length]
        else:
            length = code
            piece = delta[at + 1 : at + 1 + length]
            at += 1 + length
        if not length or len(piece) != length or len(found) + length > size:
            raise MalformedError("body", _BROKEN)
        found += piece
    if source != len(base) or len(found) != size:
        raise MalformedError("body", _BROKEN)
    return bytes(found)


def _copy(delta: bytes, at: int) -> tuple[int, int, int]:
    """Offset and length of a copy from the base, and the index after the instruction."""
    code, numbers = delta[at], [0] * 7
    at += 1
    for bit in range(7):
        if code & (1 << bit):
            if at >= len(delta):
                raise MalformedError("body", _BROKEN)
            numbers[bit] = delta[at]
            at += 1
    offset = int.from_bytes(bytes(numbers[:4]), "little")
    return offset, int.from_bytes(bytes(numbers[4:]), "little") or 0x10000, at
