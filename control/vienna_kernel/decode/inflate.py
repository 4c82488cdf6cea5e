"""One zlib, gzip or raw deflate stream among other bytes: what it holds, and where it ends.

Input is given in windows that grow: ``zlib`` copies whatever follows the end of a stream, and a pack or a gzip file of
many short streams would be copied once for each of them.
"""

from __future__ import annotations

import zlib

from vienna_kernel.errors import MalformedError

ZLIB = 15
GZIP = 31

_FIRST_WINDOW = 512
_LAST_WINDOW = 65536


class TooLargeError(MalformedError):
    """It holds more than the reader may take; nothing else is known to be wrong with it."""


def inflate(data: bytes, start: int, *, wrapper: int, limit: int) -> tuple[bytes, int]:
    """What the stream at ``start`` holds, and the index after its last byte.

    Args:
        wrapper: ``ZLIB`` or ``GZIP`` (one member, its checksum and length checked).
        limit: Most bytes it may hold.

    Errors: ``TooLargeError``; ``MalformedError`` on a stream that is broken or cut off.
    """
    engine, view, window = zlib.decompressobj(wrapper), memoryview(data), _FIRST_WINDOW
    found, size, at = [], 0, start
    while not engine.eof:
        piece: bytes | memoryview = view[at : at + window]
        if not piece:
            raise MalformedError("body", "a compressed stream is cut off")
        at, window = at + len(piece), min(4 * window, _LAST_WINDOW)
        while piece and not engine.eof:
            found.append(_step(engine, piece, limit + 1 - size))
            size += len(found[-1])
            if size > limit:
                raise TooLargeError("body", f"more than {limit} bytes once decompressed")
            piece = engine.unconsumed_tail
    return b"".join(found), at - len(engine.unused_data)


def _step(engine: zlib._Decompress, piece: bytes | memoryview, room: int) -> bytes:
    try:
        return engine.decompress(piece, room)
    except zlib.error:
        raise MalformedError("body", "a compressed stream is broken") from None
