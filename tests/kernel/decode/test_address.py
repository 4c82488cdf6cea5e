"""An address line names the same mailboxes to every reader, or is refused."""

from __future__ import annotations

import contextlib
import re
from email import policy
from email.utils import getaddresses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode.address import MAX_ADDRESSES, addresses
from vienna_kernel.decode.words import decoded
from vienna_kernel.errors import MalformedError


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("a@example.com", ["a@example.com"]),
        ("  A.b+c-d_e@EXAMPLE.Com ", ["A.b+c-d_e@example.com"]),
        ("<a@example.com>", ["a@example.com"]),
        ("Ann <a@example.com>", ["a@example.com"]),
        ("J. R. Doe <a@example.com>", ["a@example.com"]),
        ('"Doe, Ann" <a@example.com>', ["a@example.com"]),
        ('"Ann \\"A\\" (Doe); x:" <a@example.com>', ["a@example.com"]),
        ('"a@Example.com" <A@example.com>', ["A@example.com"]),
        ("=?utf-8?q?J=C3=B6rg?= Doe <a@example.com>", ["a@example.com"]),
        ('"=?utf-8?q?Ann?=" <a@example.com>', ["a@example.com"]),
        ("=?utf-8?q?D=C3=B6e=2C_Ann?= <a@example.com>", ["a@example.com"]),
        ("a@b.c,d@e.f ,\t<g@h.i>, Ann<j@k.l>", ["a@b.c", "d@e.f", "g@h.i", "j@k.l"]),
        ("a@localhost", ["a@localhost"]),
        ("a@xn--bcher-kva.example", ["a@xn--bcher-kva.example"]),
        ("a@1.example, o'neil@b.c, a/b=c@d.e", ["a@1.example", "o'neil@b.c", "a/b=c@d.e"]),
    ],
)
def test_addresses_are_read(text: str, found: list[str]) -> None:
    assert addresses(text) == found


@pytest.mark.parametrize(
    "text",
    [
        # no list of addresses
        *(" ", "a", "a@", "@b", "Ann", "Ann <>", "Ann <a>", "<a@b.c", "a@b.c>", "a@b.c,", ",a@b.c", "a@b.c,,d@e.f"),
        *("a@b.c d@e.f", "a@b.c <d@e.f>", "a@b.c Ann", "<a@b.c> Ann", "<a@b.c> <d@e.f>", "<a@b.c><d@e.f>"),
        *("a@b.c;d@e.f", "a@b.c; d@e.f", "a@b@c.d", "Ann <a@b.c, d@e.f>", "< a@b.c>", "<a@b.c >", "a @b.c", "a@ b.c"),
        # comments, groups, routes
        *("a@b.c (Ann)", "a(x)@b.c", "(d@e.f) a@b.c", "Ann (x) <a@b.c>", "a@b.c(,d@e.f)"),
        *("group: a@b.c, d@e.f;", "undisclosed-recipients:;", "Ann: <a@b.c>", "<@d.e:a@b.c>", "<@d.e,@f.g:a@b.c>"),
        # local parts that are more than a name
        *('"a"@b.c', '"a@d.e"@b.c', '"a b"@b.c', '"a\\@d.e"@b.c', "a%d.e@b.c", "e!a@b.c", "|cmd@b.c", "`cmd`@b.c"),
        *("-oQ/tmp@b.c", "a..b@c.d", ".a@b.c", "a.@b.c", "a\\@b.c", "=?utf-8?q?a=40d.e?=@b.c", "=?x?=@b.c"),
        # domains that are none
        *("a@[192.0.2.1]", "a@[IPv6:2001:db8::1]", "a@192.0.2.1", "a@127.1", "a@0x7f.1", "a@b.0x7f", "a@b..c"),
        *("a@b.c.", "a@.b.c", "a@-b.c", "a@b-.c", "a@b_c.d", "a@b.c/d", "a@b.c\\d", "a@b.c:25"),
        # names that are addresses to whoever splits at commas, or decodes words first
        *('"d@e.f" <a@b.c>', '"d@e.f, Ann" <a@b.c>', '"x <d@e.f>, y" <a@b.c>', '"a@b.c, d@e.f" <a@b.c>'),
        *('"a@b.c" "d@e.f" <a@b.c>', '"<" <a@b.c>', '">, d" <a@b.c>', "'d@e.f' <a@b.c>", '"a\\d" <a@b.c>'),
        *("=?utf-8?q?d=40e=2Ef?= <a@b.c>", "=?utf-8?q?d=40e.f=2C?= <a@b.c>", "=?utf-8?b?ZEBlLmYs?= <a@b.c>"),
        *("=?utf-8?q?x_=3Cd=40e.f=3E=2C?= <a@b.c>", '"=?utf-8?q?d=40e?=" <a@b.c>', "=?utf-8?q?x=0A?= <a@b.c>"),
        *("=?utf-8?q?=3C?= <a@b.c>", "=?utf-7?q?x?= <a@b.c>"),
        # what is read by other rules, or cannot be seen
        *('"Ann\r" <a@b.c>', 'Ann"" <a@b.c>', '""Ann <a@b.c>', '"Ann""B" <a@b.c>', '=?utf-8?q?J"""?= <a@b.c>'),
        '"Jörg" <a@b.c>',
        *("ä@b.c", "a@bü.c", "Jörg <a@b.c>", "a＠b.c", "a@b。c", "a@b.c\x00", "a@b.c\x0bd@e.f", "a\u200b@b.c"),
        *("a" * 65 + "@b.c", "a@" + "b" * 64 + ".c", "a@" + ".".join(["b" * 60] * 5)),
        ",".join(["a@b.c"] * (MAX_ADDRESSES + 1)),
    ],
)  # fmt: skip
def test_what_some_read_otherwise_is_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        addresses(text)


def test_the_most_addresses() -> None:
    assert addresses(",".join(["a@b.c"] * MAX_ADDRESSES)) == ["a@b.c"] * MAX_ADDRESSES


def canonical(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}@{domain.lower()}"


words = st.sampled_from(
    [
        *("a@b.c", "d@e.f", "<a@b.c>", "<d@e.f>", '"', "\\", ",", ";", ":", "(", ")", "<", ">", "@", " ", ".", "Ann"),
        *("=?utf-8?q?", "?=", "=?utf-8?q?x=40y?=", "=?utf-8?b?ZEBlLmYs?=", "_", "=40", "=2C"),
        *("a", "b", "%", "!", "[", "]"),
    ]
)  # fmt: skip
lines = st.lists(words, max_size=12).map("".join) | st.text('ab@.,;:<>"\\() =?', max_size=24)


@given(lines)
def test_no_reader_finds_an_address_that_is_not_told(text: str) -> None:
    """Python's two readers find the same; whoever looks for anything with an @ finds nothing else."""
    with contextlib.suppress(MalformedError):
        found = addresses(text)
        parsed = policy.default.header_factory("to", text)
        assert [canonical(address.addr_spec) for address in parsed.addresses] == found
        assert [canonical(address) for _, address in getaddresses([text] if text else [])] == found
        for reading in (text, decoded(text.replace('"', " ").replace(",", " , "))):
            rough = re.findall(r"[^\s<>(),;:\"\[\]]+@[^\s<>(),;:\"\[\]]+", reading)
            assert {canonical(address).lower() for address in rough} <= {address.lower() for address in found}


@given(lines)
def test_what_was_read_is_read_again(text: str) -> None:
    with contextlib.suppress(MalformedError):
        found = addresses(text)
        assert addresses(", ".join(found)) == found
