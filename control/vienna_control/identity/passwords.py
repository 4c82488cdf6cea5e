"""Passwords: Argon2id, worked out in a thread, a few at a time; an unknown account takes as long as a known one.

A password is read in Unicode's NFKC form: the same keys pressed on another keyboard give the same password. People
choose 12 to 256 characters, not their address, and none that everybody tries first (``refuse``).
"""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from vienna_control.identity.common_passwords import COMMON

LEAST = 12
MOST = 256
_LEAST_DISTINCT = 5
_LEAST_BESIDE_ADDRESS = 8
_AT_ONCE = 2  # each takes 64 MiB and a core
_MOST_WAITING = 32


class TooManyLoginsError(RuntimeError):
    """More passwords wait to be worked on than may."""


class Passwords:
    """Hash and check."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._dummy: str | None = None
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    def hash(self, password: str) -> str:
        """Argon2id in its own text form; about a tenth of a second of work."""
        return self._hasher.hash(_normal(password))

    async def make(self, password: str) -> str:
        """``hash`` in its turn. Raises ``TooManyLoginsError``."""
        return await self._in_turn(lambda: self.hash(password))

    async def check(self, password: str, stored: str | None) -> bool:
        """Whether the password is the stored one. ``None`` (no such account) takes as long and is False.

        Raises ``TooManyLoginsError``.
        """
        return await self._in_turn(lambda: self._check(password, stored))

    def outdated(self, stored: str) -> bool:
        """Whether it was hashed with less work than is done now."""
        return self._hasher.check_needs_rehash(stored)

    async def _in_turn[T](self, work: Callable[[], T]) -> T:
        if self._waiting >= _MOST_WAITING:
            raise TooManyLoginsError
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(work)
        finally:
            self._waiting -= 1

    def _check(self, password: str, stored: str | None) -> bool:
        if self._dummy is None:
            self._dummy = self._hasher.hash("no account has this password")
        try:
            self._hasher.verify(stored or self._dummy, _normal(password))
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None


def refuse(password: str, *, email: str) -> str | None:
    """Why this must not be the password of the account, in one sentence; None when it may."""
    plain = _normal(password)
    if not LEAST <= len(plain) <= MOST:
        return f"a password has {LEAST} to {MOST} characters"
    if len(set(plain)) < _LEAST_DISTINCT:
        return f"a password has at least {_LEAST_DISTINCT} different characters"
    folded = plain.casefold()
    if folded in COMMON:
        return "this password is one of those that everybody tries first"
    address = email.casefold()
    beside = folded.replace(address, "").replace(address.partition("@")[0], "")
    if beside != folded and len(beside) < _LEAST_BESIDE_ADDRESS:
        return "a password is not made of the account's own address"
    return None


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)
