"""Who people, agents and gates are, and how they show it.

Read in this order: ``operators`` (people), ``invitations`` (how they come in), ``passwords``, ``credentials`` (keys of
every principal), ``api_keys`` (those of operators), ``join_tokens`` (those that let gates in), ``sessions``, ``totp``
(codes), ``recovery`` (for the day on which the code is lost), ``throttle`` and ``guesses`` (how often one may guess),
``setup`` (the first admin where nobody watches), ``bootstrap`` (the first ones of a trial). ``Identity`` holds them
together.
"""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import Connection

from vienna_control.clock import Clock
from vienna_control.identity import guesses
from vienna_control.identity.credentials import Credentials
from vienna_control.identity.passwords import Passwords
from vienna_control.identity.recovery import Recovery
from vienna_control.identity.sessions import Sessions
from vienna_control.identity.throttle import Throttle, network_of
from vienna_control.identity.totp import Totp
from vienna_control.ports import Hasher, Sealer
from vienna_control.store import Tx

__all__ = ["Identity"]


class _Keys(Hasher, Sealer, Protocol):
    pass


class Identity:
    """Everything about who somebody is.

    Attributes:
        by_account: Failed logins by account, known or not; kept over a restart.
        by_address: Failed logins by where they came from (``network_of``).
    """

    def __init__(self, keys: _Keys, clock: Clock, *, session_seconds: int) -> None:
        self._hasher: Hasher = keys
        self.credentials = Credentials(keys)
        self.passwords = Passwords()
        self.sessions = Sessions(keys, lifetime_seconds=session_seconds)
        self.totp = Totp(keys, clock)
        self.recovery = Recovery(keys, self.totp.throttle)
        self.by_account = Throttle(clock, failures=5, window_seconds=600, lock_seconds=600, name="account")
        self.by_address = Throttle(clock, failures=30, window_seconds=600, lock_seconds=600)

    def recall(self, conn: Connection) -> None:
        """Count again what was counted before a restart."""
        guesses.recall(conn, self.by_account, self.totp.throttle)

    def wait_seconds(self, account: str, address: str) -> int:
        """How long a login to this account from this address must wait; 0: not at all."""
        return max(
            self.by_account.wait_seconds(self._key(account)),
            self.by_address.wait_seconds(network_of(address)),
        )

    def failed(self, tx: Tx, account: str, address: str) -> None:
        """Count a login that failed, for whatever reason."""
        self.by_account.fail(self._key(account))
        self.failed_from(address)
        guesses.keep(tx, self.by_account, self._key(account))

    def failed_from(self, address: str) -> None:
        """Count what failed and names no account: a link, an invitation, a setup token."""
        self.by_address.fail(network_of(address))

    def succeeded(self, tx: Tx, account: str) -> None:
        self.by_account.clear(self._key(account))
        guesses.keep(tx, self.by_account, self._key(account))

    def _key(self, account: str) -> str:
        return self._hasher.keyed_hash(b"account\0" + account.casefold().encode())[:48]
