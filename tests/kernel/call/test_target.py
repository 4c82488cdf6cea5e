"""Paths and queries are canonical as they come, or refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.call.target import MAX_TARGET_BYTES, canonical_target, has_encoded_separator, split_target
from vienna_kernel.verdict import Reason, Refused


@pytest.mark.parametrize(
    "target",
    [
        b"/",
        b"/a",
        b"/a/",
        b"/a.b/..c/...",
        b"/a%20b",
        b"/%C3%BC",
        b"/a%2Fb",
        b"/100%25",
        b"/a:b@c!$&'()*+,=~-_",
        b"/%5B1%5D%7C",
        b"/?a",
        b"/?a=b&c=d",
        b"/?q=a+b%20c",
        b"/?u=https://x/y?z",
        b"/?a=%2F%5C%25%3B%0A",
        b"/?a[]=1&b[c]=2&d={}|^`",
        b"/?q=%7E",
        b"/?..%2F..",
    ],
)
def test_canonical_targets_pass_unchanged(target: bytes) -> None:
    path, _, query = target.decode().partition("?")
    assert canonical_target(target) == (path, query)


@pytest.mark.parametrize(
    "target",
    [
        b"",
        b"a",
        b"*",
        b"?a",
        b"//",
        b"//a",
        b"/a//b",
        b"/a//",
        b"/a;b",
        b"/a\\b",
        b"/.",
        b"/..",
        b"/./a",
        b"/a/..",
        b"/a/../b",
        b"/%2e",
        b"/%2E",
        b"/%2E%2E/a",
        b"/.%2E/a",
        b"/a%2F..%2Fb",
        b"/a%2F..",
        b"/..%2Fa",
        b"/a%2F.%2Fb",
        b"/a%2F%2Fb",
        b"/a/%2Fb",
        b"/%252E%252E/a",
        b"/%25252E./a",
        b"/%255C",
        b"/%253Ba",
        b"/%2500",
        b"/a%5Cb",
        b"/a%5cb",
        b"/a%00",
        b"/a%0Ab",
        b"/a%1F",
        b"/a%7F",
        b"/a%3Bb",
        b"/a%c3%a4",
        b"/%c3%bc",
        b"/%C3%bC",
        b"/%41",
        b"/%7E",
        b"/%5F",
        b"/%2D",
        b"/%30",
        b"/%6A",
        b"/%",
        b"/%2",
        b"/%GG",
        b"/%C3",
        b"/%C0%AF",
        b"/%FF",
        b"/%ED%A0%80",
        b"/a b",
        b"/a\tb",
        b"/a\x00",
        b"/a\x7f",
        b"/a#b",
        b"/a\n",
        b"/\xc3\xbc",
        b'/"',
        b"/<",
        b"/[a]",
        b"/{a}",
        b"/a|b",
        b"/a^",
        b"/a?",
        b"/?a#b",
        b"/?a;b",
        b"/?a\\b",
        b"/?a b",
        b"/?%00",
        b"/?%",
        b"/?%4",
        b"/?%2f",
        b"/?%41",
        b"/?%2E",
        b"/?%5F",
        b"/?%FF",
        b'/?"',
        b"/?<",
        b"/?a\n",
    ],
)
def test_what_is_not_canonical_is_refused(target: bytes) -> None:
    found = canonical_target(target)
    assert isinstance(found, Refused)
    assert found.reason is Reason.TARGET_NOT_CANONICAL


def test_a_path_encoded_ten_times_is_refused() -> None:
    deep = b"/%" + b"25" * 10 + b"20"
    assert isinstance(canonical_target(deep), Refused)
    assert canonical_target(b"/%252520") == ("/%252520", "")


@pytest.mark.parametrize(
    "name", [b"_method", b"_METHOD", b"%5Fmethod", b"X-HTTP-Method-Override", b"$method"]
)
def test_a_method_in_the_query_is_refused(name: bytes) -> None:
    found = canonical_target(b"/?a=1&" + name + b"=DELETE")
    assert isinstance(found, Refused)
    assert found.reason in (Reason.METHOD_OVERRIDE, Reason.TARGET_NOT_CANONICAL)
    assert canonical_target(b"/?method=1") == ("/", "method=1")


def test_a_target_is_split() -> None:
    assert split_target(b"/a?b") == (None, None, b"/a?b")
    assert split_target(b"HTTP://a.example:80/b?c") == ("http", "a.example:80", b"/b?c")
    assert split_target(b"http://a.example") == ("http", "a.example", b"")
    for bad in (b"", b"*", b"a", b"a.example:443", b"/\xff", b"/" + b"a" * MAX_TARGET_BYTES):
        assert isinstance(split_target(bad), Refused)
    assert split_target(b"/" + b"a" * (MAX_TARGET_BYTES - 1)) != ()
    assert not isinstance(split_target(b"/" + b"a" * (MAX_TARGET_BYTES - 1)), Refused)


def test_an_encoded_separator_is_found() -> None:
    assert has_encoded_separator("/a%2Fb")
    assert has_encoded_separator("/a%25")
    assert not has_encoded_separator("/a%20b")
    assert not has_encoded_separator("/a")


@given(st.binary(max_size=40).map(lambda tail: b"/" + tail))
def test_any_bytes_are_passed_unchanged_or_refused(target: bytes) -> None:
    found = canonical_target(target)
    if not isinstance(found, Refused):
        path, query = found
        assert target.decode() == path + ("?" + query if query else "")
        assert "//" not in path
        assert not {".", ".."} & set(path.split("/"))


def test_npm_writes_a_slash_in_lower_case() -> None:
    """``@scope%2fname``: left to the mapping, like its other spelling."""
    assert canonical_target(b"/@shop%2fweb") == ("/@shop%2fweb", "")
    assert has_encoded_separator("/@shop%2fweb")
    assert has_encoded_separator("/@shop%2Fweb")
