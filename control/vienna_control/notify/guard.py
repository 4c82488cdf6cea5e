"""Where a channel may connect to: a name is resolved once, every address is judged, and only those are connected to.

1. Metadata services: never. Whatever else is not public unicast, by itself or by what it carries: only where
   ``control.notify.private_networks`` names it.
2. One bad address among those of a name refuses the name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable

from aiohttp.abc import AbstractResolver, ResolveResult

from vienna_kernel.addresses import METADATA, Address, carried, is_public


class DestinationError(OSError):
    """A destination that is refused, and why."""


class Guard:
    """The rule for one control plane. ``private``: networks that are allowed besides, as CIDR."""

    def __init__(self, private: Iterable[str] = ()) -> None:
        self._private = tuple(ipaddress.ip_network(text) for text in private)

    def allows(self, text: str) -> bool:
        """Whether this address, in figures, may be connected to."""
        try:
            address: Address = ipaddress.ip_address(text.partition("%")[0])
        except ValueError:
            return False
        inside = carried(address)
        if any(one in METADATA for one in inside):
            return False
        return all(is_public(one) for one in inside) or any(
            address in network for network in self._private if network.version == address.version
        )

    def judge_literal(self, host: str) -> None:
        """Raises ``DestinationError`` for a host that is an address and not allowed; names are judged when resolved."""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return
        if not self.allows(host):
            raise DestinationError("its address is not public, nor among control.notify.private_networks")

    async def resolve(self, host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
        """The addresses of a host, all allowed. Raises ``DestinationError``; ``OSError`` when there are none."""
        self.judge_literal(host)
        loop = asyncio.get_running_loop()
        infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        found: list[tuple[socket.AddressFamily, str]] = [(row[0], str(row[4][0])) for row in infos]
        if not found or not all(self.allows(address) for _, address in found):
            raise DestinationError("its address is not public, nor among control.notify.private_networks")
        return found


class GuardedResolver(AbstractResolver):
    """aiohttp's way to a ``Guard``: it connects to what this answers, and to nothing else."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=of, proto=0, flags=socket.AI_NUMERICHOST
            )
            for of, address in await self._guard.resolve(host, port)
        ]

    async def close(self) -> None:
        return None
