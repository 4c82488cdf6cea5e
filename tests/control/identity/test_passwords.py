"""Passwords: right, wrong, nobody's; a few at a time."""

from __future__ import annotations

import asyncio

import pytest

from vienna_control.identity import passwords
from vienna_control.identity.passwords import Passwords, TooManyLoginsError


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
