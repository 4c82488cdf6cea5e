"""Encoded words are decoded as every reader does, or refused."""

from __future__ import annotations

import contextlib
from email.header import Header, decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode.words import decoded
from vienna_kernel.errors import MalformedError


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ""),
        ("plain = text?", "plain = text?"),
        ("=?utf-8?q?caf=C3=A9?=", "café"),
        ("=?UTF-8?Q?caf=c3=a9_au_lait?= now", "café au lait now"),
        ("=?utf-8?b?Y2Fmw6k=?=", "café"),
        ("=?iso-8859-1?q?caf=E9?=", "café"),
        ("a =?utf-8?q?b?= =?utf-8?q?c?=  =?utf-8?q?d?= e", "a bcd e"),
        ("=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        ("=?utf-8?q??=", ""),
    ],
)
def test_words_are_decoded(text: str, found: str) -> None:
    assert decoded(text) == found


@pytest.mark.parametrize(
    "text",
    [
        "=?utf-8?q?a",
        "=?utf-8?q?a b?=",
        "x=?utf-8?q?a?=",
        "=?utf-8?q?a?=x",
        '"=?utf-8?q?a?="',
        "=?utf-8?q?a?==?utf-8?q?b?=",
        "=?utf-8*en?q?a?=",
        "=?utf-7?q?a?=",
        "=?utf-16?b?AGE=?=",
        "=?x?q?a?=",
        "=?utf-8?x?a?=",
        "=?utf-8?q?=C3?=",
        "=?utf-8?q?=G0?=",
        "=?utf-8?q?=4?=",
        "=?utf-8?q?%41?=",
        "=?utf-8?b?YQ?=",
        "=?utf-8?b?YR==?=",
        "=?utf-8?b?Y-Q=?=",
        "=?utf-8?q?a=0D=0ABcc:_b?=",
        "=?utf-8?q?a=00?=",
        "=?iso-8859-1?q?a=85?=",
        "=?windows-1252?q?a=81?=",
        "=?us-ascii?q?=E9?=",
    ],
)
def test_words_that_some_decode_otherwise_are_refused(text: str) -> None:
    with pytest.raises(MalformedError):
        decoded(text)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=40))
def test_what_python_writes_is_read_back(text: str) -> None:
    written = Header(text, "utf-8", maxlinelen=60).encode().replace("\n", "")
    assert decoded(written) == text


@given(st.text("=?utf-8qbQ_ 41C3A9Yw", max_size=40))
def test_what_is_read_here_pythons_reader_reads_alike(text: str) -> None:
    with contextlib.suppress(MalformedError):
        found = decoded(text)
        theirs = str(make_header(decode_header(text)))
        assert found.replace(" ", "") == theirs.replace(" ", "")
