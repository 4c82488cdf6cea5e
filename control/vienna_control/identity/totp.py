"""Time-based codes (RFC 6238) at the moment of a decision.

1. One step of clock skew either way is accepted.
2. A code works once: a step that was used, and every earlier one, is refused (RFC 6238 section 5.2).
3. Five wrong codes close the door for ten minutes, whatever is restarted in between.
4. A new secret is offered first, and holds once a code of it has come back: nobody is locked out by a code that was
   never scanned. Until then the secret before it holds.
"""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

import pyotp
from sqlalchemy import Connection, select, update

from vienna_control.clock import Clock, from_iso, iso
from vienna_control.identity import guesses
from vienna_control.identity.throttle import Throttle
from vienna_control.ports import Sealer
from vienna_control.store import Tx
from vienna_control.store.tables import operators

_STEP_SECONDS = 30
_SKEW_STEPS = 1
_ISSUER = "Vienna"
OFFER = timedelta(minutes=15)
"""Within which an offered secret must be confirmed."""


class Totp:
    """Codes of operators; their secrets are sealed at rest."""

    def __init__(self, sealer: Sealer, clock: Clock) -> None:
        self._sealer = sealer
        self.throttle = Throttle(clock, failures=5, window_seconds=600, lock_seconds=600, name="totp")

    def fresh_secret(self) -> str:
        """160 random bits in base32."""
        return pyotp.random_base32()

    def enrol(self, tx: Tx, operator_id: str, secret: str) -> None:
        """Give an operator this secret (base32) instead of any earlier one."""
        sealed = self._sealer.seal(secret.upper().encode(), _context(operator_id))
        tx.conn.execute(
            update(operators)
            .where(operators.c.id == operator_id)
            .values(totp=sealed, totp_step=0, totp_offered=None, totp_offered_until=None)
        )

    def offer(self, tx: Tx, operator_id: str) -> tuple[str, datetime]:
        """A new secret that does not hold yet, and until when it may be confirmed."""
        secret, until = self.fresh_secret(), tx.now + OFFER
        sealed = self._sealer.seal(secret.encode(), _offered(operator_id))
        tx.conn.execute(
            update(operators)
            .where(operators.c.id == operator_id)
            .values(totp_offered=sealed, totp_offered_until=iso(until))
        )
        return secret, until

    def confirm(self, tx: Tx, operator_id: str, code: str) -> bool | None:
        """Let the offered secret hold, if this is a code of it; the code is used up. None: nothing is offered."""
        if self.wait_seconds(operator_id):
            return False
        row = tx.conn.execute(
            select(operators.c.totp_offered, operators.c.totp_offered_until).where(
                operators.c.id == operator_id
            )
        ).first()
        if row is None or row.totp_offered is None or from_iso(row.totp_offered_until) <= tx.now:
            return None
        secret = self._sealer.unseal(row.totp_offered, _offered(operator_id)).decode()
        step = _matching_step(secret, code, int(tx.now.timestamp()) // _STEP_SECONDS)
        if step is None:
            self._failed(tx, operator_id)
            return False
        self.enrol(tx, operator_id, secret)
        self._succeeded(tx, operator_id, step)
        return True

    def remove(self, tx: Tx, operator_id: str) -> None:
        """Take the secret, and an offered one, away."""
        tx.conn.execute(
            update(operators)
            .where(operators.c.id == operator_id)
            .values(totp=None, totp_step=0, totp_offered=None, totp_offered_until=None)
        )

    def enrolled(self, conn: Connection, operator_id: str) -> bool:
        return conn.scalar(select(operators.c.totp).where(operators.c.id == operator_id)) is not None

    def wait_seconds(self, operator_id: str) -> int:
        """How long this operator's codes are refused unseen; 0: not at all."""
        return self.throttle.wait_seconds(operator_id)

    def check(self, tx: Tx, operator_id: str, code: str) -> bool:
        """Whether this is an unused code of this operator, now; taking its one use.

        False as well while locked and for an operator who has no secret.
        """
        if self.wait_seconds(operator_id):
            return False
        row = tx.conn.execute(
            select(operators.c.totp, operators.c.totp_step).where(operators.c.id == operator_id)
        ).first()
        if row is None or row.totp is None:
            return False
        secret = self._sealer.unseal(row.totp, _context(operator_id)).decode()
        step = _matching_step(secret, code, int(tx.now.timestamp()) // _STEP_SECONDS)
        if step is None or step <= row.totp_step:
            self._failed(tx, operator_id)
            return False
        self._succeeded(tx, operator_id, step)
        return True

    def _failed(self, tx: Tx, operator_id: str) -> None:
        self.throttle.fail(operator_id)
        guesses.keep(tx, self.throttle, operator_id)

    def _succeeded(self, tx: Tx, operator_id: str, step: int) -> None:
        self.throttle.clear(operator_id)
        guesses.keep(tx, self.throttle, operator_id)
        tx.conn.execute(update(operators).where(operators.c.id == operator_id).values(totp_step=step))


def uri(secret: str, email: str) -> str:
    """``otpauth://…`` for an authenticator, as text or as a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=_ISSUER)


def _context(operator_id: str) -> str:
    return f"totp:{operator_id}"


def _offered(operator_id: str) -> str:
    return f"totp-offered:{operator_id}"


def _matching_step(secret: str, code: str, now_step: int) -> int | None:
    """The newest step within the skew whose code this is."""
    given = code.replace(" ", "").encode()
    generator = pyotp.HOTP(secret)
    for step in range(now_step + _SKEW_STEPS, now_step - _SKEW_STEPS - 1, -1):
        if step >= 0 and hmac.compare_digest(generator.at(step).encode(), given):
            return step
    return None
