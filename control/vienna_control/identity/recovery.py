"""Recovery codes: for the day on which the second factor is lost.

1. Ten at a time, shown once, kept as keyed hashes; new ones end all earlier ones.
2. Each works once: at a login, and to replace or remove a second factor. Never as the second factor of a vote or of a
   step-up, so a sheet of paper consents to nothing.
3. Wrong ones count as wrong codes do.
"""

from __future__ import annotations

import base64
import secrets

from sqlalchemy import Connection, delete, func, select, update

from vienna_control import rows
from vienna_control.identity import guesses
from vienna_control.identity.throttle import Throttle
from vienna_control.ports import Hasher
from vienna_control.store import Tx
from vienna_control.store.tables import recovery_codes

HOW_MANY = 10
_BYTES = 10  # 80 random bits: 16 characters


class Recovery:
    """Codes of operators.

    Args:
        throttle: That of the codes they stand in for.
    """

    def __init__(self, hasher: Hasher, throttle: Throttle) -> None:
        self._hasher = hasher
        self._throttle = throttle

    def renew(self, tx: Tx, operator_id: str) -> list[str]:
        """Ten fresh codes instead of any earlier ones, in plain text, once."""
        self.drop(tx, operator_id)
        made = [_fresh() for _ in range(HOW_MANY)]
        for code in made:
            rows.add(
                tx.conn,
                recovery_codes,
                hash=self._hash(operator_id, code),
                operator_id=operator_id,
                created_at=tx.at,
                used_at=None,
            )
        return made

    def drop(self, tx: Tx, operator_id: str) -> None:
        tx.conn.execute(delete(recovery_codes).where(recovery_codes.c.operator_id == operator_id))

    def left(self, conn: Connection, operator_id: str) -> int:
        """How many are unused."""
        query = (
            select(func.count())
            .select_from(recovery_codes)
            .where(recovery_codes.c.operator_id == operator_id, recovery_codes.c.used_at.is_(None))
        )
        return conn.scalar(query) or 0

    def use(self, tx: Tx, operator_id: str, code: str) -> bool:
        """Whether this is an unused code of this operator; taking its one use. False as well while locked."""
        if self._throttle.wait_seconds(operator_id):
            return False
        taken = tx.conn.execute(
            update(recovery_codes)
            .where(
                recovery_codes.c.hash == self._hash(operator_id, code),
                recovery_codes.c.operator_id == operator_id,
                recovery_codes.c.used_at.is_(None),
            )
            .values(used_at=tx.at)
        )
        if taken.rowcount == 1:
            self._throttle.clear(operator_id)
        else:
            self._throttle.fail(operator_id)
        guesses.keep(tx, self._throttle, operator_id)
        return taken.rowcount == 1

    def _hash(self, operator_id: str, code: str) -> str:
        plain = code.replace("-", "").replace(" ", "").upper()
        return self._hasher.keyed_hash(b"recovery\0" + operator_id.encode() + b"\0" + plain.encode())


def _fresh() -> str:
    text = base64.b32encode(secrets.token_bytes(_BYTES)).decode()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))
