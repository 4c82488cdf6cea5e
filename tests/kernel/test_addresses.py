"""What is public, and what an address carries inside."""

from __future__ import annotations

import ipaddress

import pytest

from vienna_kernel.addresses import METADATA, carried, is_public


@pytest.mark.parametrize(
    "text",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.31.255.255",
        "192.168.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fc00::1",
        "fe80::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::1",
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",
        "2606:4700::5efe:a00:1",
    ],
)
def test_not_public_itself_or_by_what_it_carries(text: str) -> None:
    assert not all(is_public(one) for one in carried(ipaddress.ip_address(text)))


@pytest.mark.parametrize(
    "text", ["1.1.1.1", "172.32.0.1", "2606:4700::1", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_public(text: str) -> None:
    assert all(is_public(one) for one in carried(ipaddress.ip_address(text)))


def test_a_metadata_service_is_seen_through_a_wrapper() -> None:
    assert set(carried(ipaddress.ip_address("::ffff:169.254.169.254"))) & METADATA
