"""Names for an agent behind a transparent listener: every name has one address, and nobody is asked.

1. A question that left would be a message in itself, to whoever runs that name's servers. None leaves.
2. The address only has to be dialled: the connection is redirected here, and its name is resolved here, when a call
   is let go. It is of the block for benchmarks (RFC 2544), which nobody has.
3. Other questions, those for IPv6 addresses and HTTPS records among them, have no answer: not that there is none.
   What is not one well-formed question is not answered at all.
"""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from typing import cast

ADDRESS = ipaddress.IPv4Address("198.18.0.1")
_TTL_SECONDS = 60
_MAX_BYTES = 4096
_HEADER = struct.Struct("!6H")
_KIND = struct.Struct("!2H")
_A, _IN = 1, 1
_ANSWERED, _OPCODE, _RECURSE, _RECURSED = 0x8000, 0x7800, 0x0100, 0x0080
_SAME_NAME = 0xC000 | _HEADER.size  # RFC 1035 4.1.4: the name that stands behind the header


def answer(question: bytes) -> bytes | None:
    """The reply to one datagram, None for none. Total."""
    if not _HEADER.size < len(question) <= _MAX_BYTES:
        return None
    number, flags, asked, answers, _, _ = _HEADER.unpack_from(question)
    end = _end_of_name(question, _HEADER.size)
    if (
        flags & (_ANSWERED | _OPCODE)
        or (asked, answers) != (1, 0)
        or end is None
        or end + _KIND.size > len(question)
    ):
        return None
    found = _KIND.unpack_from(question, end) == (_A, _IN)
    said = _ANSWERED | _RECURSED | (flags & _RECURSE)
    reply = _HEADER.pack(number, said, 1, int(found), 0, 0) + question[_HEADER.size : end + _KIND.size]
    if found:
        reply += struct.pack("!3HIH", _SAME_NAME, _A, _IN, _TTL_SECONDS, len(ADDRESS.packed)) + ADDRESS.packed
    return reply


def _end_of_name(data: bytes, at: int) -> int | None:
    """Where a name ends that is written out, of at most 255 bytes (RFC 1035 2.3.4)."""
    start = at
    while at < len(data) and at - start < 255:
        size = data[at]
        at += 1 + size
        if size == 0:
            return at
        if size > 63:
            return None
    return None


class Names(asyncio.DatagramProtocol):
    """Answers datagrams."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's: the port is open."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """asyncio's: a question."""
        if (reply := answer(data)) is not None:
            self._transport.sendto(reply, addr)


async def listen(address: tuple[str, int]) -> asyncio.DatagramTransport:
    """Answer at that address. Raises ``OSError``."""
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(Names, local_addr=address)
    return transport
