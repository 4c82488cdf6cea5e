"""Base64 has one spelling for the bytes, but for padding that may be left away."""

from __future__ import annotations

import base64 as stdlib
import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.decode.base64 import from_base64
from vienna_kernel.errors import MalformedError


@given(st.binary(max_size=60))
def test_what_was_written_is_read_back(data: bytes) -> None:
    assert from_base64(stdlib.b64encode(data).decode(), url=False) == data
    padded = stdlib.urlsafe_b64encode(data).decode()
    assert from_base64(padded, url=True) == from_base64(padded.rstrip("="), url=True) == data


def test_over_the_whole_small_space_two_texts_never_mean_the_same() -> None:
    """All texts of up to four of these characters: one per value, and with ``url`` one more without padding."""
    for url in (False, True):
        seen: dict[bytes, str] = {}
        for length in range(5):
            for chars in itertools.product("AQg+-=\n", repeat=length):
                text = "".join(chars)
                with contextlib.suppress(MalformedError):
                    found = from_base64(text, url=url)
                    assert seen.setdefault(found, text).rstrip("=") == text.rstrip("=")
                    assert url or seen[found] == text
                    assert ("-" if url else "+") not in text or ("+" if url else "-") not in text


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("QQ", False),
        ("QQ=", False),
        ("QQ=", True),
        ("QQ===", True),
        ("QR==", False),
        ("QR", True),
        ("QUJ=", False),
        ("Q", True),
        ("=", True),
        ("====", False),
        ("QUJD====", True),
        ("QQ==QQ==", False),
        ("QUJD\n", False),
        (" QUJD", True),
        ("QU JD", True),
        ("a+/b", True),
        ("a-_b", False),
        ("a-+b", True),
        ("QUJÐ", True),
    ],
)
def test_other_spellings_are_refused(text: str, url: bool) -> None:
    with pytest.raises(MalformedError):
        from_base64(text, url=url)


@given(st.text("ABQg+/-_=\n ", max_size=12) | st.text(max_size=8), st.booleans())
def test_any_text_gives_bytes_or_malformed(text: str, url: bool) -> None:
    with contextlib.suppress(MalformedError):
        from_base64(text, url=url)
