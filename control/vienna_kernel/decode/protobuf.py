"""The wire format of Protocol Buffers, strictly: fields by number, in order.

Groups, field number 0, numbers over ten bytes or not in their shortest form, and lengths beyond the end are refused.
What a field means stands in its schema, which is not known here.
"""

from __future__ import annotations

from vienna_kernel.errors import MalformedError

type Field = tuple[int, int | bytes]
"""Field number, and a number (varint) or bytes (length-delimited, or fixed 32 and 64 bits as they stand)."""

_MAX_FIELDS = 100_000
_FIXED = {1: 8, 5: 4}


def _fault(why: str) -> MalformedError:
    return MalformedError("body", f"protobuf: {why}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number and where it ends."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise _fault("a number without end")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            break
        shift += 7
    if value >= 1 << 64 or (byte == 0 and shift):
        raise _fault("a number that is not in its shortest form")
    return value, at


def loads(data: bytes) -> list[Field]:
    """The fields of one message. Errors: ``MalformedError``."""
    found: list[Field] = []
    at = 0
    while at < len(data):
        if len(found) == _MAX_FIELDS:
            raise _fault(f"more than {_MAX_FIELDS} fields")
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if not 0 < number < 1 << 29:
            raise _fault("a field without a number")
        if kind == 0:
            value, at = _varint(data, at)
            found.append((number, value))
            continue
        if kind == 2:
            size, at = _varint(data, at)
        elif kind in _FIXED:
            size = _FIXED[kind]
        else:
            raise _fault("a group")
        if size > len(data) - at:
            raise _fault("a field that is longer than its message")
        found.append((number, data[at : at + size]))
        at += size
    return found


def signed(value: int) -> int:
    """A varint as int64."""
    return value - (1 << 64) if value >= 1 << 63 else value
