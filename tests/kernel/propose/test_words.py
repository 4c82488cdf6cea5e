"""Names taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vienna_kernel.propose.words import is_plural, singular, snake, words


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("chat.postMessage", "chat post message"),
        ("ListAvailablePhoneNumberLocal", "list available phone number local"),
        ("getHTTPServer", "get http server"),
        ("OAuth2Token", "oauth2 token"),
        ("assignedIPs", "assigned ips"),
        ("api_keys", "api keys"),
        ("POST_mail-send", "post mail send"),
        ("2010-04-01", "2010 04 01"),
        ("s3", "s3"),
        ("Größe", "groe"),
        ("日本", ""),
        ("", ""),
    ],
)
def test_words(text: str, told: str) -> None:
    assert " ".join(words(text)) == told
    assert snake(text) == told.replace(" ", "_")


@pytest.mark.parametrize(
    ("word", "one"),
    [
        ("orders", "order"),
        ("categories", "category"),
        ("addresses", "address"),
        ("statuses", "status"),
        ("boxes", "box"),
        ("batches", "batch"),
        ("releases", "release"),
        ("people", "person"),
        ("news", "news"),
        ("status", "status"),
        ("access", "access"),
        ("sms", "sms"),
        ("ids", "ids"),
        ("as", "as"),
    ],
)
def test_one_of_several(word: str, one: str) -> None:
    assert singular(word) == one
    assert is_plural(word) == (word != one)


@given(st.text())
def test_words_are_plain_whatever_the_text(text: str) -> None:
    found = words(text)
    assert all(word.isascii() and word.isalnum() and word == word.lower() for word in found)
    assert words("_".join(found)) == found or any(char.isdigit() for char in text)
