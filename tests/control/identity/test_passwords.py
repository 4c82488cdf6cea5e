"""Passwords: right, wrong, nobody's; a few at a time."""

from __future__ import annotations

import asyncio

import pytest

from vienna_control.identity import passwords
from vienna_control.identity.common_passwords import COMMON
from vienna_control.identity.passwords import LEAST, Passwords, TooManyLoginsError, refuse


async def test_right_wrong_and_nobodys() -> None:
    checker = Passwords()
    stored = checker.hash("right")
    assert stored.startswith("$argon2id$")
    assert await checker.check("right", stored)
    assert not await checker.check("wrong", stored)
    assert not await checker.check("no account has this password", None)
    assert not await checker.check("right", "not a hash")


async def test_more_than_may_wait_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_MOST_WAITING", 2)
    checker = Passwords()
    stored = checker.hash("right")
    results = await asyncio.gather(
        *(checker.check("right", stored) for _ in range(4)), return_exceptions=True
    )
    assert results[:2] == [True, True]
    assert all(isinstance(result, TooManyLoginsError) for result in results[2:])


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("a slow gree", "12 to 256"),
        ("a slow tram " * 22, "12 to 256"),
        ("aabbaabbaabbaabb", "different characters"),
        ("Password1234", "tries first"),
        ("QWERTYUIOP12", "tries first"),
        ("alice@example.com", "own address"),
        ("Alice@Example.com1!", "own address"),
        ("alicealice1234567", "own address"),
        ("\uff50\uff41\uff53\uff53\uff57\uff4f\uff52\uff44\uff11\uff12\uff13\uff14", "tries first"),
    ],
    ids=["short", "long", "few", "common", "case", "address", "address_and", "name_and", "full_width"],
)
def test_what_is_no_password(password: str, why: str) -> None:
    assert why in (refuse(password, email="alice@example.com") or "")


@pytest.mark.parametrize(
    "password", ["a slow green", "a slow tram." * 21 + "abcd", "alice rode a green tram"]
)
def test_what_is_one(password: str) -> None:
    assert refuse(password, email="alice@example.com") is None


def test_the_list_holds_only_what_the_length_lets_through() -> None:
    assert min(map(len, COMMON)) >= LEAST
    assert all(one == one.casefold() for one in COMMON)


async def test_another_keyboard_gives_the_same_password() -> None:
    checker = Passwords()
    assert await checker.check("stra\u00dfe mit caf\u00e9", checker.hash("stra\u00dfe mit cafe\u0301"))
