"""Passwords: Argon2id, worked out in a thread, a few at a time; an unknown account takes as long as a known one."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_AT_ONCE = 2  # each takes 64 MiB and a core
_MOST_WAITING = 32


class TooManyLoginsError(RuntimeError):
    """More passwords wait to be checked than may."""


class Passwords:
    """Hash and check."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._dummy: str | None = None
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._waiting = 0

    def hash(self, password: str) -> str:
        """Argon2id in its own text form; about a tenth of a second of work."""
        return self._hasher.hash(password)

    async def check(self, password: str, stored: str | None) -> bool:
        """Whether the password is the stored one. ``None`` (no such account) takes as long and is False.

        Raises ``TooManyLoginsError``.
        """
        if self._waiting >= _MOST_WAITING:
            raise TooManyLoginsError
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(self._check, password, stored)
        finally:
            self._waiting -= 1

    def _check(self, password: str, stored: str | None) -> bool:
        if self._dummy is None:
            self._dummy = self._hasher.hash("no account has this password")
        try:
            self._hasher.verify(stored or self._dummy, password)
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None
