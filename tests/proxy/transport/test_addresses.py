"""Addresses: what is refused always, what is refused unless listed, in every spelling."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterator

import pytest

from vienna_proxy.transport.addresses import AddressPolicy, AddressRefusedError, GuardedLoop, exempt, literal

PUBLIC = ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808"]
PRIVATE = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "127.0.0.1",
    "127.9.9.9",
    "0.0.0.0",
    "169.254.1.1",
    "100.64.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "198.18.0.1",
    "192.88.99.1",
    "::1",
    "::",
    "fe80::1",
    "fc00::1",
    "ff02::1",
    "2001:db8::1",
    "::ffff:127.0.0.1",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::a00:1",
    "2002:7f00:1::",
    "2002:808:808::",
    "2001:0:808:808::f7f7:f7f7",
    "2606:4700::5efe:a00:1",
]
METADATA = [
    "169.254.169.254",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "fd00:ec2::254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::",
    "2001:0:a9fe:a9fe::",
    "::169.254.169.254",
]


def ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(text)


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_may_be_called(text: str) -> None:
    assert AddressPolicy().judge("a.example", ip(text), 443) is None


@pytest.mark.parametrize("text", PRIVATE)
def test_all_else_may_not(text: str) -> None:
    assert AddressPolicy().judge("a.example", ip(text), 443) is not None


@pytest.mark.parametrize("text", METADATA)
def test_metadata_is_refused_whatever_is_listed(text: str) -> None:
    policy = AddressPolicy(private=["0.0.0.0/0", "::/0", f"[{text}]:80" if ":" in text else f"{text}:80"])
    assert "metadata" in policy.judge("a.example", ip(text), 80).detail


def test_what_is_listed_may_be_called() -> None:
    policy = AddressPolicy(private=["10.0.0.0/8", "db.internal:5432", "192.168.1.1:443"])
    assert policy.judge("x", ip("10.1.2.3"), 1) is None
    assert policy.judge("db.internal", ip("172.16.0.9"), 5432) is None
    assert policy.judge("DB.internal.", ip("172.16.0.9"), 5432) is None
    assert policy.judge("x", ip("192.168.1.1"), 443) is None
    for host, address, port in (
        ("db.internal", "172.16.0.9", 80),
        ("other", "172.16.0.9", 5432),
        ("x", "192.168.1.1", 80),
    ):
        assert policy.judge(host, ip(address), port) is not None


def test_the_control_plane_is_refused_whatever_is_listed() -> None:
    policy = AddressPolicy(private=["127.0.0.0/8", "10.0.0.0/8", "localhost:8080"])
    policy.forbid("127.0.0.1", 8080)
    policy.forbid("10.0.0.5", 443)
    assert policy.judge("localhost", ip("127.0.0.1"), 8080) is not None
    assert policy.judge("x", ip("127.0.0.2"), 8080) is not None  # the same machine by another name
    assert policy.judge("x", ip("10.0.0.5"), 443) is not None
    assert policy.judge("x", ip("127.0.0.1"), 8081) is None
    assert policy.judge("x", ip("10.0.0.5"), 80) is None


@pytest.mark.parametrize("text", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "127.0.0.1"])
def test_literals_in_every_spelling(text: str) -> None:
    assert literal(text) is not None
    assert AddressPolicy().judge_name(text, 80) is not None
    assert not AddressPolicy().literal_allowed(text, 80)


@pytest.mark.parametrize("text", ["a.example", "1.example", "deadbeef", "0x7f.example", ""])
def test_names_are_no_literals(text: str) -> None:
    assert literal(text) is None


def test_names_that_never_resolve() -> None:
    assert AddressPolicy().judge_name("canary.invalid", 80) is not None
    assert AddressPolicy().judge_name("Metadata.Google.Internal.", 80) is not None
    assert AddressPolicy().judge_name("a.example", 80) is None


@pytest.fixture
def loop(monkeypatch: pytest.MonkeyPatch) -> Iterator[GuardedLoop]:
    book = {
        "rebound.example": ["93.184.216.34", "10.0.0.1"],
        "inside.example": ["127.0.0.1"],
        "out.example": ["8.8.8.8"],
    }

    def getaddrinfo(host: str, port: int, *_: object, **__: object) -> list[object]:
        found = book.get(host, [host])
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, int(port))) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    one = GuardedLoop()
    one.policy = AddressPolicy(resolve={"mapped.example": "127.0.0.1:9443", "ctl.example": "127.0.0.1:8080"})
    one.policy.forbid("127.0.0.1", 8080)
    yield one
    one.close()


def refused(loop: GuardedLoop, host: str, port: int) -> bool:
    try:
        loop.run_until_complete(loop.getaddrinfo(host, port))
    except AddressRefusedError:
        return True
    return False


def test_a_name_with_one_bad_address_has_none(loop: GuardedLoop) -> None:
    assert refused(loop, "rebound.example", 443)
    assert refused(loop, "inside.example", 443)
    assert not refused(loop, "out.example", 443)


def test_resolve_gives_address_and_port_but_not_the_control_plane(loop: GuardedLoop) -> None:
    infos = loop.run_until_complete(loop.getaddrinfo("mapped.example", 443))
    assert infos[0][4] == ("127.0.0.1", 9443)
    assert refused(loop, "ctl.example", 443)


def test_literals_meet_the_guard_at_the_socket(loop: GuardedLoop) -> None:
    async def connect() -> None:
        await asyncio.open_connection("127.0.0.1", 1)

    with pytest.raises(AddressRefusedError):
        loop.run_until_complete(connect())


def test_our_own_way_is_exempt_and_only_inside(loop: GuardedLoop) -> None:
    async def connect() -> None:
        with exempt():
            await asyncio.open_connection("127.0.0.1", 1)

    with pytest.raises(ConnectionRefusedError):
        loop.run_until_complete(connect())
    assert refused(loop, "inside.example", 1)


def test_behind_a_company_proxy_nothing_else_is_connected_to(loop: GuardedLoop) -> None:
    assert loop.policy is not None
    loop.policy = AddressPolicy(private=["127.0.0.0/8"], hop=("inside.example", 3128))
    assert not refused(loop, "inside.example", 3128)  # though it is no public address
    assert refused(loop, "inside.example", 443)
    assert refused(loop, "out.example", 3128)

    async def connect(host: str, port: int) -> None:
        await asyncio.open_connection(host, port)

    with pytest.raises(AddressRefusedError):
        loop.run_until_complete(connect("127.0.0.1", 1))
    loop.policy.hop = ("127.0.0.1", 1)
    with pytest.raises(ConnectionRefusedError):
        loop.run_until_complete(connect("127.0.0.1", 1))


def test_behind_a_company_proxy_a_name_is_judged_by_itself() -> None:
    policy = AddressPolicy(private=["10.0.0.0/8"], hop=("10.0.0.9", 3128))
    policy.forbid_name("Control.Corp.", 443)
    for host, port in (
        ("10.0.0.9", 3128),
        ("0x0a000009", 3128),  # another spelling of it
        ("control.corp", 443),
        ("CONTROL.corp.", 443),
        ("metadata.google.internal", 80),
        ("127.0.0.1", 80),
    ):
        assert policy.judge_name(host, port) is not None, host
    for host, port in (("out.example", 443), ("10.0.0.8", 3128), ("control.corp", 8443)):
        assert policy.judge_name(host, port) is None, host
