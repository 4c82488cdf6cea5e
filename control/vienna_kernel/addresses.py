"""Which addresses are public, and what an address carries inside: tables and arithmetic, for whoever connects.

``ipaddress`` knows what is global, but not which of it carries something else inside, so the rows are ours
(IANA special-purpose registries, 2024-10).
"""

from __future__ import annotations

import ipaddress

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address

METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, GCP, DigitalOcean, OpenStack
        "169.254.170.2",  # ECS task credentials
        "169.254.170.23",  # EKS pod identity
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",  # GCP over IPv6
        "100.100.100.200",  # Alibaba
        "168.63.129.16",  # Azure's wire server
        "192.0.0.192",  # Oracle
    )
)
"""Metadata services of clouds: never a destination."""

_NOT_PUBLIC_4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
    )
)
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(
    ipaddress.IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)


def carried(address: Address) -> list[Address]:
    """The address and every address it carries inside, itself first."""
    found: list[Address] = [address]
    if isinstance(address, ipaddress.IPv4Address):
        return found
    low = int(address) & 0xFFFFFFFF
    inner: list[ipaddress.IPv4Address | None] = [address.ipv4_mapped, address.sixtofour]
    if address in _NAT64 or address in _NAT64_LOCAL or (address in _COMPATIBLE and low > 1):
        inner.append(ipaddress.IPv4Address(low))
    if address.teredo is not None:
        inner += address.teredo
    if (int(address) >> 32) & 0xFFFFFFFF in _ISATAP:
        inner.append(ipaddress.IPv4Address(low))
    found += [one for one in inner if one is not None]
    return found


def is_public(address: Address) -> bool:
    """Public unicast, judged by what it carries where that is all it is."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    if address in _NAT64 or address.ipv4_mapped is not None:
        return True  # only a wrapper: the address inside is judged beside it
    return address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)
