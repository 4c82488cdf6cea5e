"""Who a call is addressed to: names and addresses in one spelling, and everything in agreement."""

from __future__ import annotations

import pytest

from vienna_kernel.call.authority import Authority, Claims, canonical_host, identify, parse_authority
from vienna_kernel.verdict import Reason, Refused


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("api.example.com", "api.example.com"),
        ("API.Example.COM", "api.example.com"),
        ("api.example.com.", "api.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        ("my_bucket.s3.example", "my_bucket.s3.example"),
        ("localhost", "localhost"),
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("::1", "::1"),
        ("a1.b2", "a1.b2"),
        ("0x.example", "0x.example"),
    ],
)
def test_a_host_has_one_spelling(text: str, host: str) -> None:
    assert canonical_host(text) == host


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a..b",
        ".a",
        "a.b..",
        "-a.b",
        "a-.b",
        "a b",
        "a/b",
        "a%2eb",
        "a\x00b",
        "a,b",
        "*.example.com",
        "x" * 64 + ".example",
        ".".join(["x" * 60] * 5),
        "\ud800.example",
        "fe80::1%eth0",
        "1:2",
        "[::1]",
    ],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    found = canonical_host(text)
    assert isinstance(found, Refused)
    assert found.reason is Reason.TARGET_NOT_CANONICAL or "%" in text


@pytest.mark.parametrize(
    "text",
    [
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.0.0.1",
        "0X7F.1",
        "017700000001",
        "0177.0.0.1",
        "127.0.0.01",
        "127.0.0.1.1",
        "256.0.0.1",
        "1.2.3.4.0x5",
        "example.0x",
        "example.99",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::127.0.0.1",
        "::7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:1::",
        "::ffff:0:7f00:1",
        "fe80::5efe:7f00:1",
        "2001:db8::200:5efe:7f00:1",
        "0:0:0:0:0:0:0:1",
        "2001:DB8:0::1",
        "2001:db8:0:0::1",
        "::01",
    ],
)
def test_an_address_in_another_spelling_is_refused(text: str) -> None:
    found = canonical_host(text)
    assert isinstance(found, Refused)
    assert found.reason is Reason.ADDRESS_REFUSED


@pytest.mark.parametrize(
    ("text", "scheme", "expected"),
    [
        ("a.example", "https", Authority("a.example", 443)),
        ("a.example", "http", Authority("a.example", 80)),
        ("a.example:443", "https", Authority("a.example", 443)),
        ("a.example:1", "https", Authority("a.example", 1)),
        ("a.example:65535", "https", Authority("a.example", 65535)),
        ("[2001:db8::1]:8443", "https", Authority("2001:db8::1", 8443)),
        ("[2001:db8::1]", "https", Authority("2001:db8::1", 443)),
    ],
)
def test_an_authority_is_read(text: str, scheme: str, expected: Authority) -> None:
    assert parse_authority(text, scheme) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":80",
        "a.example:",
        "a.example:0",
        "a.example:080",
        "a.example:65536",
        "a.example:8a",
        "a.example:-1",
        "u@a.example",
        "u:p@a.example",
        "a.example@evil.example",
        "a.example:80:80",
        "a.example/",
        "a.example#",
        "a?b",
        "[::1",
        "::1]",
        "[a.example]",
        "[]",
        "a.example\n",
        "a.example:80\n",
        "2001:db8::1",
    ],
)
def test_an_authority_with_more_than_host_and_port_is_refused(text: str) -> None:
    assert isinstance(parse_authority(text, "https"), Refused)


def claims(**change: object) -> Claims:
    facts: dict[str, object] = {
        "scheme": "https",
        "connect": ("a.example", 443),
        "sni": "a.example",
        "absolute": None,
        "hosts": ("a.example",),
    }
    return Claims(**{**facts, **change})  # type: ignore[arg-type]


def identified(one: Claims, *, literals: bool = False) -> Authority | Refused:
    return identify(one, ip_literals_allowed=lambda host, port: literals)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"hosts": ("A.example:443",)},
        {"connect": ("a.example.", 443)},
        {"sni": "A.EXAMPLE"},
        {"connect": None},  # transparent: the name comes from SNI and Host
        {"scheme": "http", "connect": ("a.example", 80), "sni": None},
        {"scheme": "http", "connect": None, "sni": None, "absolute": "A.example:80"},
        {"scheme": "http", "connect": None, "sni": None},
    ],
)
def test_all_that_name_a_place_agree(change: dict[str, object]) -> None:
    found = identified(claims(**change))
    assert isinstance(found, Authority)
    assert found.host == "a.example"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"hosts": ()}, Reason.AMBIGUOUS_REQUEST),
        ({"hosts": ("a.example", "a.example")}, Reason.AMBIGUOUS_REQUEST),
        ({"hosts": ("b.example",)}, Reason.TARGET_MISMATCH),
        ({"hosts": ("a.example:8443",)}, Reason.TARGET_MISMATCH),
        ({"connect": ("b.example", 443)}, Reason.TARGET_MISMATCH),
        ({"connect": ("a.example", 0)}, Reason.TARGET_NOT_CANONICAL),
        ({"connect": ("a.example", 65536)}, Reason.TARGET_NOT_CANONICAL),
        ({"connect": ("a b", 443)}, Reason.TARGET_NOT_CANONICAL),
        ({"sni": "b.example"}, Reason.TARGET_MISMATCH),
        ({"sni": None}, Reason.TARGET_MISMATCH),
        ({"sni": ""}, Reason.TARGET_MISMATCH),
        ({"absolute": "a.example"}, Reason.TARGET_MISMATCH),
        ({"connect": None, "absolute": "a.example"}, Reason.TARGET_MISMATCH),
        ({"scheme": "http", "connect": None, "absolute": "b.example"}, Reason.TARGET_MISMATCH),
        ({"scheme": "http", "connect": None, "absolute": "u@a.example"}, Reason.TARGET_NOT_CANONICAL),
        ({"scheme": "http", "connect": ("a.example", 80), "absolute": "a.example"}, Reason.TARGET_MISMATCH),
        ({"hosts": ("192.0.2.7",), "connect": ("192.0.2.7", 443), "sni": None}, Reason.ADDRESS_REFUSED),
    ],
)
def test_any_disagreement_is_refused(change: dict[str, object], reason: Reason) -> None:
    found = identified(claims(**change))
    assert isinstance(found, Refused)
    assert found.reason is reason


def test_an_address_has_no_server_name() -> None:
    address = {"hosts": ("192.0.2.7",), "connect": ("192.0.2.7", 443)}
    assert identified(claims(**address, sni=None), literals=True) == Authority("192.0.2.7", 443)
    assert isinstance(identified(claims(**address, sni="a.example"), literals=True), Refused)
    six = {"hosts": ("[::1]:8443",), "connect": ("[::1]", 8443)}
    assert identified(claims(**six, sni=None), literals=True) == Authority("::1", 8443)


def test_the_default_port_is_left_out() -> None:
    assert Authority("a.example", 443).shown("https") == "a.example"
    assert Authority("a.example", 443).shown("http") == "a.example:443"
    assert Authority("::1", 80).shown("http") == "[::1]"
