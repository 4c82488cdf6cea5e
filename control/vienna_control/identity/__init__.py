"""Who people, agents and gates are, and how they show it.

Read in this order: ``operators`` (people), ``passwords``, ``credentials`` (keys of every principal), ``sessions``,
``totp`` (codes at a decision), ``throttle`` (how often one may guess), ``bootstrap`` (the first ones of a fresh
installation). ``Identity`` holds them together.
"""

from __future__ import annotations

from typing import Protocol

from vienna_control.clock import Clock
from vienna_control.identity.credentials import Credentials
from vienna_control.identity.passwords import Passwords
from vienna_control.identity.sessions import Sessions
from vienna_control.identity.throttle import Throttle
from vienna_control.identity.totp import Totp
from vienna_control.ports import Hasher, Sealer

__all__ = ["Identity"]


class _Keys(Hasher, Sealer, Protocol):
    pass


class Identity:
    """Everything about who somebody is.

    Attributes:
        by_account: Failed logins by account, known or not.
        by_address: Failed logins by the peer's address.
    """

    def __init__(self, keys: _Keys, clock: Clock, *, session_seconds: int) -> None:
        self.credentials = Credentials(keys)
        self.passwords = Passwords()
        self.sessions = Sessions(keys, lifetime_seconds=session_seconds)
        self.totp = Totp(keys, clock)
        self.by_account = Throttle(clock, failures=5, window_seconds=600, lock_seconds=600)
        self.by_address = Throttle(clock, failures=30, window_seconds=600, lock_seconds=600)
